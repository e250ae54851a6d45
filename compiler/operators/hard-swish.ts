import { tensorAt } from '../model/graph.ts';
import { clamp, roundingShiftRight } from './fixed-point.ts';
import { curved, tableOf } from './lookup.ts';
import { quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';

/** 16-bit fixed point, as tflite-micro has it. */
const saturate = (value: number): number => clamp(value, -32768, 32767);
const highMultiply = (a: number, b: number): number => saturate(Math.floor((a * b + 2 ** 14) / 2 ** 15));

/** A real factor as a Q15 multiplier and a power of two. */
function multiplierOf(factor: number): { readonly multiplier: number; readonly shift: number } {
  const { multiplier, shift } = quantiseMultiplier(factor);
  return { multiplier: Math.min(Math.floor((multiplier + 2 ** 15) / 2 ** 16), 32767), shift };
}

/** x * clamp(x + 3, 0, 6) / 6 */
export const hardSwish = curved(
  (graph, layer) => {
    const input = tensorAt(graph, layer.inputs[0] ?? -1);
    const output = tensorAt(graph, layer.outputs[0] ?? -1);
    const fineScale = Math.fround(scaleOf(input) / 128);
    const toOutput = multiplierOf(Math.fround(fineScale / scaleOf(output)));
    const toGate = multiplierOf(Math.fround(fineScale / Math.fround(3 / 32768)));
    return tableOf('int8', (code) => {
      const fine = (code - zeroPointOf(input)) * 128;
      const scaled = highMultiply(fine, toOutput.multiplier);
      const gate = (gateOf(fine, toGate.multiplier, toGate.shift) + 2 ** 15) >> 1;
      const product = Math.trunc((gate * scaled) / 2 ** 15);
      const value = roundingShiftRight(product, -toOutput.shift) + zeroPointOf(output);
      return { value, low: -128, high: 127 };
    });
  },
  () => ({
    f: (x) => (x * clamp(x + 3, 0, 6)) / 6,
    derivative: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
  }),
);

/** x / 3 clamped to [-1, 1), in Q15. */
function gateOf(fine: number, multiplier: number, shift: number): number {
  if (shift <= 0) return roundingShiftRight(highMultiply(fine, multiplier), -shift);
  const product = highMultiply(saturate(fine * 2 ** (shift - 1)), multiplier);
  return saturate(product * 2);
}
