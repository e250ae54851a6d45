/** From a gradient to a changed parameter: which kernels, which state, at once or when the batch is complete.
 *
 * With f the scaling factor of a channel, g the sum of the batch's gradients and every state float32 of the
 * parameter's layout in SRAM:
 * - SGD: step = rate f g. State: g, only where the batch is larger than 1.
 * - Momentum: v = mu v + g; step = rate f v. State: v, which is faded by mu as soon as it was applied, so that the next
 *   batch's gradients are added to it one by one: a batch costs no state of its own.
 * - Adam: see ft_adam_f32. State: mean and square of the gradient in real units, and g as for SGD. It takes the sum for
 *   the mean: the rate is not divided by the batch, and epsilon is multiplied by it. */
import type { BackwardContext } from '../operators/rule.ts';
import { groupCount, type OutputGradient, type WeightedLayer } from '../operators/weighted.ts';
import { outputPositions } from '../operators/window.ts';
import type { Affine, Argument, BufferId, KernelCall } from '../program.ts';
import { at, atOrNull, call, float, int, type ProgramBuilder } from '../schedule/builder.ts';
import type { Optimizer, TrainSettings, WeightHolding } from './plan.ts';

/** What every update needs to know; one per program. */
export interface Optimization {
  readonly settings: TrainSettings;
  /** float32 [1]: what multiplies the step, see above. */
  readonly rate: BufferId;
  /** int32 [1]: optimiser steps taken. */
  readonly stepCount: BufferId;
  /** float32 [2]: Adam's bias corrections of this step. */
  readonly correction?: BufferId;
}

/** Factors that need no table: `factor` / scale², and 0 where the scale is below `least`. */
export interface ScaledBias {
  /** float32 [outputs] in flash: the layer's gradient scales, which the backward pass needs anyway. */
  readonly scale: BufferId;
  readonly factor: number;
  readonly least: number;
}

/** Something that trains. Rows: [rowCount][rowElements] with one factor a row; each bias counts as a row. */
export type Parameter =
  | {
      readonly kind: 'rows';
      readonly name: string;
      readonly buffer: BufferId;
      readonly holding: WeightHolding;
      readonly factor: BufferId;
      readonly rowCount: number;
      readonly rowElements: number;
      readonly layerIndex: number;
    }
  | {
      readonly kind: 'depthwise';
      readonly name: string;
      readonly buffer: BufferId;
      readonly holding: WeightHolding;
      readonly factor: BufferId;
      readonly taps: number;
      readonly channels: number;
      readonly layerIndex: number;
    }
  | {
      readonly kind: 'bias';
      readonly name: string;
      readonly buffer: BufferId;
      readonly initial: BufferId;
      readonly factor: BufferId;
      readonly scaled?: ScaledBias | undefined;
      readonly count: number;
    }
  | {
      readonly kind: 'float';
      readonly name: string;
      readonly buffer: BufferId;
      readonly rowCount: number;
      readonly rowElements: number;
    };

export interface UpdateRequest {
  readonly parameter: Parameter;
  /** Produce the gradient, `tile` rows at a time where the parameter has rows. */
  readonly calls: readonly KernelCall[];
  /** Where they put it: float32, in the parameter's layout; the first row of the tile first. */
  readonly gradient: BufferId;
  readonly tile?: number;
  readonly macs: number;
}

interface UpdateContext {
  readonly layer: { readonly name: string };
  readonly builder: ProgramBuilder;
  readonly optimization: Optimization;
}

/** Rows that one iteration updates, and where their elements lie in the parameter. */
interface Tile {
  readonly rowBegin: Affine;
  readonly rowEnd: Affine;
  readonly rows: Affine;
  readonly firstElement: Affine;
  readonly elements: Affine;
}

/** Emits gradient and update; with a batch the gradient is added up and applied when the batch is complete. */
export function emitUpdate(context: UpdateContext, request: UpdateRequest): void {
  const { builder, layer, optimization } = context;
  const { parameter } = request;
  const { batch, optimizer } = optimization.settings;
  const rows = rowsOf(parameter);
  const tileRows = request.tile ?? rows;
  const loop = Math.ceil(rows / tileRows);
  const tile = tileOf(parameter, tileRows, loop);
  const momentum = optimizer.kind === 'sgd' ? optimizer.momentum : 0;
  const step = { layer: layer.name, phase: 'update' } as const;
  if (batch === 1 && momentum === 0) {
    const update = updateCalls(context, parameter, request.gradient, 0, tile);
    builder.step({ ...step, loop, macs: request.macs, calls: [...request.calls, ...update] });
    return;
  }
  const sum = stateOf(context, parameter, momentum === 0 ? 'gradient_sum' : 'velocity');
  const gather = (part: Tile): KernelCall =>
    call('ft_accumulate_f32', {
      values: at(request.gradient),
      sum: at(sum, scaled(part.firstElement, 4)),
      count: int(part.elements),
    });
  const apply = (part: Tile): readonly KernelCall[] => {
    const values = at(sum, scaled(part.firstElement, 4));
    const count = int(part.elements);
    return [
      ...updateCalls(context, parameter, sum, part.firstElement, part),
      momentum === 0
        ? call('ft_zero_f32', { values, count })
        : call('ft_scale_f32', { values, factor: float(momentum), count }),
    ];
  };
  const gathered = [...request.calls, gather(tile)];
  if (batch === 1) {
    builder.step({ ...step, loop, macs: request.macs, calls: [...gathered, ...apply(tile)] });
    return;
  }
  builder.step({ ...step, loop, macs: request.macs, calls: gathered });
  builder.step({ ...step, when: 'batch', calls: apply(tileOf(parameter, rows, 1)) });
}

function tileOf(parameter: Parameter, tileRows: number, loop: number): Tile {
  const rows = rowsOf(parameter);
  const perRow = elementsOf(parameter) / rows;
  const count = loop === 1 ? rows : lastSmaller(tileRows, rows - (loop - 1) * tileRows, loop);
  return {
    rowBegin: loop === 1 ? 0 : { base: 0, step: tileRows },
    rowEnd: loop === 1 ? rows : { base: tileRows, step: tileRows, max: rows },
    rows: count,
    firstElement: loop === 1 ? 0 : { base: 0, step: tileRows * perRow },
    elements: scaled(count, perRow),
  };
}

function stateOf({ builder, layer }: UpdateContext, parameter: Parameter, what: string): BufferId {
  return builder.buffer({
    name: `${parameter.name}_${what}`,
    layer: layer.name,
    role: 'optimizer',
    home: 'sram',
    element: 'float32',
    count: elementsOf(parameter),
  });
}

/** The optimiser's own arithmetic on the gradient, then the parameter's step. `from`: the gradient's first element. */
function updateCalls(
  context: UpdateContext,
  parameter: Parameter,
  gradient: BufferId,
  from: Affine,
  tile: Tile,
): readonly KernelCall[] {
  const { optimization } = context;
  const { optimizer } = optimization.settings;
  const values = at(gradient, scaled(from, 4));
  const adam = optimizer.kind === 'adam' ? [adamCall(context, parameter, optimizer, values, tile)] : [];
  return [...adam, applyCall(optimization, parameter, values, tile)];
}

function adamCall(
  context: UpdateContext,
  parameter: Parameter,
  optimizer: Extract<Optimizer, { kind: 'adam' }>,
  gradient: Argument,
  tile: Tile,
): KernelCall {
  const { builder, layer, optimization } = context;
  if (optimization.correction === undefined) throw new Error('Adam needs its bias corrections');
  const moment = (what: string): Argument => at(stateOf(context, parameter, what), scaled(tile.firstElement, 4));
  const byRow = parameter.kind === 'rows' || parameter.kind === 'bias';
  const byElement = parameter.kind === 'depthwise';
  const factor =
    parameter.kind === 'float'
      ? at(builder.constant('no_scaling', layer.name, Float32Array.of(1)))
      : at(parameter.factor, byRow ? scaled(tile.rowBegin, 4) : 0);
  return call('ft_adam_f32', {
    gradient,
    mean: moment('mean'),
    square: moment('square'),
    factor,
    correction: at(optimization.correction),
    beta1: float(optimizer.beta1),
    beta2: float(optimizer.beta2),
    epsilon: float(optimizer.epsilon * optimization.settings.batch),
    rows: int(byElement ? parameter.taps : tile.rows),
    row_size: int(byElement ? parameter.channels : elementsOf(parameter) / rowsOf(parameter)),
    factor_row: int(byRow ? 1 : 0),
    factor_element: int(byElement ? 1 : 0),
  });
}

/** `usual` in every iteration but the last, which has `last`: the clamp of a falling line. */
function lastSmaller(usual: number, last: number, loop: number): Affine {
  return usual === last ? usual : { base: usual + (usual - last) * (loop - 2), step: last - usual, max: usual };
}

/** What a tile counts: rows of weights, single biases; a depthwise layer's weights go as a whole. */
function rowsOf(parameter: Parameter): number {
  switch (parameter.kind) {
    case 'depthwise':
      return 1;
    case 'bias':
      return parameter.count;
    default:
      return parameter.rowCount;
  }
}

function elementsOf(parameter: Parameter): number {
  switch (parameter.kind) {
    case 'rows':
    case 'float':
      return parameter.rowCount * parameter.rowElements;
    case 'depthwise':
      return parameter.taps * parameter.channels;
    case 'bias':
      return parameter.count;
  }
}

/** Of a falling line with its limits too. */
function scaled(value: Affine, factor: number): Affine {
  if (typeof value === 'number') return value * factor;
  const { base, step, min, max } = value;
  return {
    base: base * factor,
    step: step * factor,
    ...(min === undefined ? {} : { min: min * factor }),
    ...(max === undefined ? {} : { max: max * factor }),
  };
}

function applyCall(optimization: Optimization, parameter: Parameter, gradient: Argument, tile: Tile): KernelCall {
  const rate = at(optimization.rate);
  switch (parameter.kind) {
    case 'rows':
      return heldCall('ft_update_weights', optimization, parameter, {
        weights: at(parameter.buffer),
        gradient,
        factor: at(parameter.factor),
        rate,
        row_begin: int(tile.rowBegin),
        row_end: int(tile.rowEnd),
        row_size: int(parameter.rowElements),
      });
    case 'depthwise':
      return heldCall('ft_update_depthwise', optimization, parameter, {
        weights: at(parameter.buffer),
        gradient,
        factor: at(parameter.factor),
        rate,
        taps: int(parameter.taps),
        channels: int(parameter.channels),
      });
    case 'bias': {
      const first = scaled(tile.firstElement, 4);
      const common = {
        bias: at(parameter.buffer, first),
        initial: at(parameter.initial, first),
        gradient,
        rate,
        count: int(tile.elements),
      };
      if (parameter.scaled === undefined || optimization.settings.optimizer.kind === 'adam') {
        return call('ft_update_bias_s32', { ...common, factor: at(parameter.factor, first) });
      }
      const { scale, factor, least } = parameter.scaled;
      return call('ft_update_bias_scaled_s32', {
        ...common,
        scale: at(scale, first),
        factor: float(factor),
        least: float(least),
      });
    }
    case 'float':
      return call('ft_update_f32', {
        values: at(parameter.buffer, scaled(tile.firstElement, 4)),
        gradient,
        rate,
        count: int(tile.elements),
      });
  }
}

/** The kernel for the way that weights are held. */
function heldCall(
  kernel: string,
  { settings, stepCount }: Optimization,
  { holding, layerIndex }: { readonly holding: WeightHolding; readonly layerIndex: number },
  common: Readonly<Record<string, Argument>>,
): KernelCall {
  switch (holding) {
    case 'int8':
      return call(`${kernel}_s8`, common);
    case 'int16':
      return call(`${kernel}_s16`, common);
    case 'int8-stochastic':
      return call(`${kernel}_stochastic_s8`, {
        ...common,
        step_count: at(stepCount),
        seed: int(settings.seed),
        layer: int(layerIndex),
      });
  }
}

/** The bias gradient of a weighted layer is the sum of its masked, scaled output gradient over positions. */
export function emitBiasUpdate(
  context: UpdateContext & Pick<BackwardContext, 'layer' | 'training'>,
  data: WeightedLayer,
  gradient: OutputGradient,
): void {
  const bias = context.training?.bias;
  if (bias === undefined) return;
  const { builder, layer } = context;
  const { group } = gradient;
  const tile = group ?? data.outputs;
  const sum = builder.arena(
    `${layer.name}_bias_gradient`,
    layer.name,
    'scratch',
    'float32',
    tile,
    `bias gradient of ${layer.name}`,
  );
  const common = {
    gradient: at(gradient.buffer),
    sum: at(sum),
    positions: int(outputPositions(data.window)),
    channels: int(groupCount(data.outputs, group)),
    stride: int(gradient.stride),
  };
  emitUpdate(context, {
    parameter: {
      kind: 'bias',
      name: `${layer.name}_bias`,
      buffer: bias.buffer,
      initial: bias.initial,
      factor: bias.factor,
      scaled: bias.scaled,
      count: data.outputs,
    },
    macs: 0,
    gradient: sum,
    tile,
    calls: [
      gradient.block === undefined
        ? call('ft_bias_gradient_f32', common)
        : call('ft_bias_gradient_s16', {
            ...common,
            unit: at(gradient.block.unit),
            scale: atOrNull(gradient.block.channels?.scale, group === undefined ? 0 : { base: 0, step: 4 * group }),
            reach: atOrNull(gradient.block.channels?.reach, group === undefined ? 0 : { base: 0, step: 2 * group }),
          }),
    ],
  });
}

/** float32 [scales.length]: quantisation-aware scaling, 1 / scale^2 (Adam, whose steps do not grow with the gradient:
 * 1 / scale), 1 without it; 0 for dead channels. */
export function scalingFactors(
  scales: readonly number[],
  dead: readonly boolean[],
  { scaling, optimizer }: Pick<TrainSettings, 'scaling' | 'optimizer'>,
): Float32Array {
  const power = optimizer.kind === 'adam' ? 1 : 2;
  return Float32Array.from(scales, (scale, index) => (dead[index] ? 0 : scaling ? 1 / scale ** power : 1));
}
