import { type Layer, tensorAt } from '../model/graph.ts';
import { requantise } from './fixed-point.ts';
import { curved, tableOf } from './lookup.ts';
import { quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';

/** x where x >= 0, else alpha x; tflite-micro works the multipliers out in float32. */
export const leakyRelu = curved(
  (graph, layer) => {
    const input = tensorAt(graph, layer.inputs[0] ?? -1);
    const output = tensorAt(graph, layer.outputs[0] ?? -1);
    const identity = quantiseMultiplier(Math.fround(scaleOf(input) / scaleOf(output)));
    const leaking = quantiseMultiplier(Math.fround(Math.fround(scaleOf(input) * alphaOf(layer)) / scaleOf(output)));
    return tableOf('int8', (code) => {
      const x = code - zeroPointOf(input);
      const { multiplier, shift } = x >= 0 ? identity : leaking;
      return { value: requantise(x, multiplier, shift) + zeroPointOf(output), low: -128, high: 127 };
    });
  },
  (layer) => ({
    f: (x) => (x >= 0 ? x : x * alphaOf(layer)),
    derivative: (x) => (x >= 0 ? 1 : alphaOf(layer)),
  }),
);

function alphaOf(layer: Layer): number {
  return layer.attributes.kind === 'leaky' ? layer.attributes.alpha : 0;
}
