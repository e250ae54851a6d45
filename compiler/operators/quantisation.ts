import type { Activation, Tensor } from '../model/graph.ts';

/** A real factor as Q31 multiplier and power of two: factor ~ multiplier / 2^31 * 2^shift. */
export interface Multiplier {
  readonly multiplier: number;
  readonly shift: number;
}

/** TFLite's QuantizeMultiplier: the mantissa rounded half away from zero to 31 bits. Refuses nothing: 0 gives 0. */
export function quantiseMultiplier(factor: number): Multiplier {
  if (factor === 0) return { multiplier: 0, shift: 0 };
  const { mantissa, exponent } = splitExponent(factor);
  let shift = exponent;
  let fixed = roundHalfAway(mantissa * 2 ** 31);
  if (fixed === 2 ** 31) {
    fixed /= 2;
    shift += 1;
  }
  if (shift < -31) return { multiplier: 0, shift: 0 };
  if (shift > 30) return { multiplier: 2 ** 31 - 1, shift: 30 };
  return { multiplier: fixed, shift };
}

/** frexp: value = mantissa * 2^exponent with 0.5 <= |mantissa| < 1. */
export function splitExponent(value: number): { mantissa: number; exponent: number } {
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(value))) + 1);
  let mantissa = value * 2 ** -exponent;
  while (Math.abs(mantissa) < 0.5) {
    mantissa *= 2;
    exponent -= 1;
  }
  while (Math.abs(mantissa) >= 1) {
    mantissa /= 2;
    exponent += 1;
  }
  return { mantissa, exponent };
}

export function roundHalfAway(value: number): number {
  const magnitude = Math.abs(value);
  const floor = Math.floor(magnitude);
  const rounded = magnitude - floor >= 0.5 ? floor + 1 : floor;
  return value < 0 ? -rounded : rounded;
}

/** The first scale of a tensor; 1 where it has none. */
export function scaleOf(tensor: Tensor): number {
  return tensor.quantisation?.scales[0] ?? 1;
}

export function zeroPointOf(tensor: Tensor): number {
  return tensor.quantisation?.zeroPoints[0] ?? 0;
}

/** One scale per channel, repeated where the tensor has a single one. */
export function channelScales(tensor: Tensor, channels: number): readonly number[] {
  const scales = tensor.quantisation?.scales ?? [1];
  return scales.length === channels ? scales : Array.from({ length: channels }, () => scales[0] ?? 1);
}

/** The codes that a fused activation lets through, both ends inclusive (TFLite's CalculateActivationRangeQuantized). */
export function activationRange(
  activation: Activation,
  output: Tensor,
): { readonly min: number; readonly max: number } {
  const scale = scaleOf(output);
  const zeroPoint = zeroPointOf(output);
  const code = (real: number): number => zeroPoint + roundHalfAway(Math.fround(real / scale));
  switch (activation) {
    case 'none':
      return { min: -128, max: 127 };
    case 'relu':
      return { min: Math.max(-128, code(0)), max: 127 };
    case 'relu6':
      return { min: Math.max(-128, code(0)), max: Math.min(127, code(6)) };
    case 'relu_n1_to_1':
      return { min: Math.max(-128, code(-1)), max: Math.min(127, code(1)) };
  }
}
