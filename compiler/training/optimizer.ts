/** From a gradient to a changed parameter: which kernels, which state, at once or when the batch is complete. */
import type { BackwardContext } from '../operators/rule.ts';
import type { WeightedLayer } from '../operators/weighted.ts';
import type { Affine, Argument, BufferId, KernelCall } from '../program.ts';
import { at, call, int, type ProgramBuilder } from '../schedule/builder.ts';
import type { TrainSettings, WeightHolding } from './plan.ts';

/** What every update needs to know; one per program. */
export interface Optimization {
  readonly settings: TrainSettings;
  /** float32 [1]: learning rate of this step divided by the batch. */
  readonly rate: BufferId;
  /** int32 [1]: optimiser steps taken. */
  readonly stepCount: BufferId;
}

/** Something that trains. Rows: [rowCount][rowElements] with one factor a row. */
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

/** Emits gradient and update; with a batch the gradient is added up and applied when the batch is complete. */
export function emitUpdate(context: UpdateContext, request: UpdateRequest): void {
  const { builder, layer, optimization } = context;
  const { parameter } = request;
  const total = elementsOf(parameter);
  const rows = 'rowCount' in parameter ? parameter.rowCount : 1;
  const tile = request.tile ?? rows;
  const loop = Math.ceil(rows / tile);
  const begin: Affine = loop === 1 ? 0 : { base: 0, step: tile };
  const end: Affine = loop === 1 ? rows : { base: tile, step: tile, max: rows };
  if (optimization.settings.batch === 1) {
    const apply = applyCall(optimization, parameter, at(request.gradient), begin, end);
    builder.step({
      layer: layer.name,
      phase: 'update',
      loop,
      macs: request.macs,
      calls: [...request.calls, apply],
    });
    return;
  }
  const sum = builder.buffer({
    name: `${parameter.name}_gradient_sum`,
    layer: layer.name,
    role: 'optimizer',
    home: 'sram',
    element: 'float32',
    count: total,
  });
  const perRow = total / rows;
  const last = total - (loop - 1) * tile * perRow;
  builder.step({
    layer: layer.name,
    phase: 'update',
    loop,
    macs: request.macs,
    calls: [
      ...request.calls,
      call('ft_accumulate_f32', {
        values: at(request.gradient),
        sum: at(sum, loop === 1 ? 0 : { base: 0, step: 4 * tile * perRow }),
        count: int(loop === 1 ? total : lastSmaller(tile * perRow, last, loop)),
      }),
    ],
  });
  builder.step({
    layer: layer.name,
    phase: 'update',
    when: 'batch',
    calls: [
      applyCall(optimization, parameter, at(sum), 0, rows),
      call('ft_zero_f32', { values: at(sum), count: int(total) }),
    ],
  });
}

/** `usual` in every iteration but the last, which has `last`: the clamp of a falling line. */
function lastSmaller(usual: number, last: number, loop: number): Affine {
  return usual === last ? usual : { base: usual + (usual - last) * (loop - 2), step: last - usual, max: usual };
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

function scaled(value: Affine, factor: number): Affine {
  return typeof value === 'number' ? value * factor : { base: value.base * factor, step: value.step * factor };
}

/** Elements of the rows from begin to end; both fixed, or a tile that divides the rows. */
function between(begin: Affine, end: Affine, rowElements: number): number {
  if (typeof begin === 'number' && typeof end === 'number') return (end - begin) * rowElements;
  if (typeof begin === 'number' || typeof end === 'number') throw new Error('a range is fixed or moves as a whole');
  return (end.base - begin.base) * rowElements;
}

function applyCall(
  optimization: Optimization,
  parameter: Parameter,
  gradient: Argument,
  begin: Affine,
  end: Affine,
): KernelCall {
  const rate = at(optimization.rate);
  switch (parameter.kind) {
    case 'rows':
      return call(parameter.holding === 'int16' ? 'ft_update_weights_s16' : 'ft_update_weights_s8', {
        weights: at(parameter.buffer),
        gradient,
        factor: at(parameter.factor),
        rate,
        row_begin: int(begin),
        row_end: int(end),
        row_size: int(parameter.rowElements),
      });
    case 'depthwise':
      return call('ft_update_depthwise_s8', {
        weights: at(parameter.buffer),
        gradient,
        factor: at(parameter.factor),
        rate,
        taps: int(parameter.taps),
        channels: int(parameter.channels),
      });
    case 'bias':
      return call('ft_update_bias_s32', {
        bias: at(parameter.buffer),
        initial: at(parameter.initial),
        gradient,
        factor: at(parameter.factor),
        rate,
        count: int(parameter.count),
      });
    case 'float':
      return call('ft_update_f32', {
        values: at(parameter.buffer, scaled(begin, 4 * parameter.rowElements)),
        gradient,
        rate,
        count: int(between(begin, end, parameter.rowElements)),
      });
  }
}

/** The bias gradient of a weighted layer is the sum of its masked, scaled output gradient over positions. */
export function emitBiasUpdate(context: BackwardContext, data: WeightedLayer, positions: number): void {
  const bias = context.training?.bias;
  if (bias === undefined) return;
  const { builder, layer, gradient } = context;
  const sum = builder.arena(`${layer.name}_bias_gradient`, layer.name, 'scratch', 'float32', data.outputs);
  emitUpdate(context, {
    parameter: {
      kind: 'bias',
      name: `${layer.name}_bias`,
      buffer: bias.buffer,
      initial: bias.initial,
      factor: bias.factor,
      count: data.outputs,
    },
    macs: 0,
    gradient: sum,
    calls: [
      call('ft_bias_gradient_f32', {
        gradient: at(gradient),
        sum: at(sum),
        positions: int(positions),
        channels: int(data.outputs),
        stride: int(data.outputs),
      }),
    ],
  });
}

/** float32 [scales.length]: quantisation-aware scaling, 1 / scale^2 (1 without it); 0 for dead channels. */
export function scalingFactors(scales: readonly number[], dead: readonly boolean[], scaling: boolean): Float32Array {
  return Float32Array.from(scales, (scale, index) => (dead[index] ? 0 : scaling ? 1 / (scale * scale) : 1));
}
