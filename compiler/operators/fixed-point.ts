/** The integer arithmetic of TFLite's reference kernels, for tables that are made at compile time. A value "with n
 * integer bits" is raw / 2^(31 - n). Source: gemmlowp's fixedpoint.h. */

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** round(a b / 2^31), halves upwards. */
export function highMultiply(a: number, b: number): number {
  return Number((BigInt(a) * BigInt(b) + (1n << 30n)) >> 31n);
}

/** round(value / 2^exponent), halves away from zero. */
export function roundingShiftRight(value: number, exponent: number): number {
  const quotient = value / 2 ** exponent;
  return quotient < 0 ? -Math.floor(-quotient + 0.5) : Math.floor(quotient + 0.5);
}

/** value * multiplier / 2^31 * 2^shift, with two roundings. */
export function requantise(value: number, multiplier: number, shift: number): number {
  const left = value * 2 ** Math.max(shift, 0);
  return roundingShiftRight(highMultiply(left, multiplier), Math.max(-shift, 0));
}

const most = 2 ** 31 - 1;
const saturate = (value: number): number => clamp(value, -(2 ** 31), most);

/** exp(x) for x in [-1/4, 0), no integer bits: Taylor's series around -1/8, of the fourth order. */
function expQuarter(value: number): number {
  const expMinusEighth = 1895147668;
  const third = 715827883;
  const x = value + 2 ** 28;
  const x2 = highMultiply(x, x);
  const x3 = highMultiply(x2, x);
  const x4 = highMultiply(x2, x2);
  const tail = roundingShiftRight(highMultiply(roundingShiftRight(x4, 2) + x3, third) + x2, 1);
  return expMinusEighth + highMultiply(expMinusEighth, x + tail);
}

/** exp(-2^k) for k from -2 on, no integer bits. */
const powers = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242] as const;

/** exp of a value <= 0 with `integerBits` (at most 5) integer bits; the result has none. */
export function fixedExp(value: number, integerBits: number): number {
  if (value === 0) return most;
  const quarter = 2 ** (29 - integerBits);
  const rest = (((value % quarter) + quarter) % quarter) - quarter;
  const steps = Math.round((rest - value) / quarter);
  let result = expQuarter(rest * 2 ** integerBits);
  powers.forEach((power, bit) => {
    if (Math.floor(steps / 2 ** bit) % 2 === 1) result = highMultiply(result, power);
  });
  return result;
}

/** 2 / (1 + x) for x in [0, 1] without integer bits: Newton and Raphson, three steps; the result has 2 integer bits. */
function twoOverOnePlus(value: number): number {
  const constant48Over17 = 1515870810;
  const constantMinus32Over17 = -1010580540;
  const one = 2 ** 29;
  const halfDenominator = Math.floor((value + most + 1) / 2);
  let x = constant48Over17 + highMultiply(halfDenominator, constantMinus32Over17);
  for (let step = 0; step < 3; step++) {
    x += saturate(highMultiply(x, one - highMultiply(halfDenominator, x)) * 4);
  }
  return x;
}

/** 1 / (1 + exp(-x)) for x with 4 integer bits; the result has none. */
export function fixedLogistic(value: number): number {
  if (value === 0) return 2 ** 30;
  const positive = saturate(twoOverOnePlus(fixedExp(-Math.abs(value), 4)) * 2);
  return value > 0 ? positive : most - positive;
}

/** tanh(x) for x with 4 integer bits; the result has none. The same bits with 5 integer bits are 2x. */
export function fixedTanh(value: number): number {
  if (value === 0) return 0;
  const magnitude = saturate((twoOverOnePlus(fixedExp(-Math.abs(value), 5)) - 2 ** 29) * 4);
  return value > 0 ? magnitude : -magnitude;
}
