/**
 * What no plan can count exactly: code and stack, estimated from firmware built by arm-none-eabi-gcc 12.2 -O3 for the
 * Cortex-M7 and run with a painted stack.
 */
import type { Program } from '../program.ts';

/** Start-up, C library and the functions of NAME.h. */
const baseCodeBytes = 3000;
const codeBytesPerKernel = 700;
/** Loading the arguments of one call. */
const codeBytesPerArgument = 5;

const baseStackBytes = 600;

export function estimateCodeBytes({ initialise, steps }: Program): number {
  const calls = [...initialise, ...steps].flatMap((step) => step.calls);
  const kernels = new Set(calls.map(({ kernel }) => kernel)).size;
  const argumentCount = calls.reduce((sum, call) => sum + Object.keys(call.arguments).length, 0);
  return baseCodeBytes + codeBytesPerKernel * kernels + codeBytesPerArgument * argumentCount;
}

export function estimateStackBytes(_program: Program): number {
  return baseStackBytes;
}
