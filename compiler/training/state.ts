import type { Layer } from '../model/graph.ts';
import { perObject } from '../model/memo.ts';
import { gradientScale, type WeightedLayer, weightedConstants } from '../operators/weighted.ts';
import type { BufferId } from '../program.ts';
import { at, atOrNull, call, int, type ProgramBuilder } from '../schedule/builder.ts';
import { deadChannels } from './channels.ts';
import type { TrainedLayer } from './differentiate.ts';
import { type ScaledBias, scalingFactors } from './optimizer.ts';
import type { TrainSettings, WeightHolding } from './plan.ts';

/** Memory of what trains in one layer with integer weights. */
export interface LayerTraining {
  readonly bias?: {
    /** int32 [outputs] in SRAM. */
    readonly buffer: BufferId;
    /** The same in flash, as read from the model. */
    readonly initial: BufferId;
    /** float32 [outputs]: scaling factor of each bias's gradient, 0 for dead channels. */
    readonly factor: BufferId;
    /** The same factors from the layer's gradient scales, where the live channels' scales are all above the dead ones'. */
    readonly scaled: ScaledBias | undefined;
  };
  readonly weights?: {
    /** int8 or int16 [outputs][taps][channels.length] (depthwise: [taps][channels.length]) in SRAM. */
    readonly buffer: BufferId;
    /** Input channels that train, ascending; all of them if `all`. */
    readonly channels: readonly number[];
    readonly all: boolean;
    /** uint16 table of `channels` in flash; absent if `all`. */
    readonly table: BufferId | undefined;
    /** float32 [outputs] (depthwise: [channels.length]). */
    readonly factor: BufferId;
    readonly holding: WeightHolding;
    /** The layer's input codes of these channels, [positions][channels.length]. */
    readonly saved: BufferId;
  };
}

interface Factors {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

const knownFactors = perObject((_: WeightedLayer) => new Map<string, Factors>());

/** Scaling factors [outputs]. */
function factorsOf(data: WeightedLayer, settings: TrainSettings): Factors {
  const key = `${settings.scaling} ${settings.optimizer.kind}`;
  const known = knownFactors(data).get(key);
  if (known !== undefined) return known;
  const dead = deadChannels(data.weightScales);
  const biasScales = data.weightScales.map((scale) => scale * data.inputScale);
  const factors = {
    weights: scalingFactors(data.weightScales, dead, settings),
    bias: scalingFactors(biasScales, dead, settings),
  };
  knownFactors(data).set(key, factors);
  return factors;
}

/** 1 / (weight scale × input scale)² is 1 / (gradient scale × output scale)². */
function scaledBias(builder: ProgramBuilder, layer: Layer, data: WeightedLayer): ScaledBias | undefined {
  const dead = deadChannels(data.weightScales);
  const live = data.gradientScales.filter((_, channel) => dead[channel] !== true);
  const least = live.reduce((low, scale) => Math.min(low, scale), Number.POSITIVE_INFINITY);
  const divides =
    least < Number.POSITIVE_INFINITY && data.gradientScales.every((scale, channel) => scale >= least !== dead[channel]);
  if (!divides) return undefined;
  return { scale: gradientScale(builder, layer, data), factor: 1 / data.outputScale ** 2, least };
}

/** Makes a layer's SRAM and the calls that fill it at initialisation: flash keeps every weight once, in the model's
 * order, so the factory state can be had again at any time. `saved`: makes or names the saved input. */
export function allocateTraining(
  builder: ProgramBuilder,
  layer: Layer,
  data: WeightedLayer,
  part: TrainedLayer,
  settings: TrainSettings,
  saved: (table: BufferId | undefined) => BufferId,
): LayerTraining {
  const constants = weightedConstants(builder, layer, data);
  const factors = factorsOf(data, settings);
  const sram = (what: string, element: 'int8' | 'int16' | 'int32', count: number): BufferId =>
    builder.buffer({
      name: `${layer.name}_trained_${what}`,
      layer: layer.name,
      role: 'trained',
      home: 'sram',
      element,
      count,
    });
  const training: { -readonly [K in keyof LayerTraining]: LayerTraining[K] } = {};
  if (part.bias) {
    const buffer = sram('bias', 'int32', data.outputs);
    training.bias = {
      buffer,
      initial: constants.bias,
      factor: builder.constant(`${layer.name}_bias_factor`, layer.name, factors.bias),
      scaled: settings.scaling ? scaledBias(builder, layer, data) : undefined,
    };
    builder.once(layer.name, [
      call('ft_copy_s32', { input: at(constants.bias), output: at(buffer), count: int(data.outputs) }),
    ]);
  }
  if (part.channels.length > 0) {
    const outer = data.depthwise ? data.taps : data.outputs * data.taps;
    const channels = data.depthwise ? data.outputs : data.inputs;
    const wide = settings.weights === 'int16';
    const buffer = sram('weights', wide ? 'int16' : 'int8', outer * part.channels.length);
    const table = part.all
      ? undefined
      : builder.constant(`${layer.name}_trained_channels`, layer.name, Uint16Array.from(part.channels));
    const own = data.depthwise
      ? Float32Array.from(part.channels, (channel) => factors.weights[channel] ?? 0)
      : factors.weights;
    training.weights = {
      buffer,
      channels: part.channels,
      all: part.all,
      table,
      factor: builder.constant(`${layer.name}_weight_factor`, layer.name, own),
      holding: settings.weights,
      saved: saved(table),
    };
    builder.once(layer.name, [
      call(wide ? 'ft_extract_weights_s16' : 'ft_extract_weights_s8', {
        frozen: at(constants.weights),
        table: atOrNull(table),
        trained: at(buffer),
        outer: int(outer),
        channels: int(channels),
        trained_channels: int(part.channels.length),
      }),
    ]);
  }
  return training;
}
