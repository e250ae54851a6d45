import { type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { fixedLogistic, fixedTanh, requantise, roundingShiftRight } from './fixed-point.ts';
import { curved, type LookupTable, tableOf } from './lookup.ts';
import { quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';

/** Integer bits of the scaled input. Source: tflite-micro's logistic and tanh, kInputIntegerBits. */
const integerBits = 4;

/** tflite-micro's LOGISTIC and TANH fix the output's scale: 1/256 at -128, and 1/128 at 0. */
function sigmoidTable(graph: Graph, layer: Layer, f: (scaled: number) => number): LookupTable {
  const input = tensorAt(graph, layer.inputs[0] ?? -1);
  const { multiplier, shift } = quantiseMultiplier(scaleOf(input) * 2 ** (31 - integerBits));
  const radius = Math.floor(((2 ** integerBits - 1) * 2 ** (31 - integerBits)) / 2 ** shift);
  return tableOf('int8', (code) => {
    const x = code - zeroPointOf(input);
    const value = x <= -radius ? -128 : x >= radius ? 127 : f(requantise(x, multiplier, shift));
    return { value, low: -128, high: 127 };
  });
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const logistic = curved(
  (graph, layer) => sigmoidTable(graph, layer, (scaled) => roundingShiftRight(fixedLogistic(scaled), 23) - 128),
  () => ({ f: sigmoid, derivative: (x) => sigmoid(x) * (1 - sigmoid(x)) }),
);

export const tanh = curved(
  (graph, layer) => sigmoidTable(graph, layer, (scaled) => roundingShiftRight(fixedTanh(scaled), 24)),
  () => ({ f: Math.tanh, derivative: (x) => 1 - Math.tanh(x) ** 2 }),
);
