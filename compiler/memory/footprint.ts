/**
 * What no plan can count exactly: code and stack. Kernels as measured on a Cortex-M7 by measure-kernels.mjs; the rest
 * fitted to whole images, whose stack was painted.
 */
import type { Program } from '../program.ts';
import { kernelFootprints } from './kernel-footprint.ts';

/** Vectors, start-up, the functions of NAME.h, memcpy and memset. */
const baseCodeBytes = 3000;
/** Loading and passing one argument of a call. */
const codeBytesPerArgument = 5;
/** Below the kernels: from the caller of NAME_train_step to the call of a kernel. */
const baseStackBytes = 216;
/** Of a kernel that was never measured. */
const usualKernel = { code: 1000, stack: 200 };

export function estimateCodeBytes({ initialise, steps }: Program): number {
  const calls = [...initialise, ...steps].flatMap((step) => step.calls);
  const kernels = [...new Set(calls.map(({ kernel }) => kernel))];
  const kernelBytes = kernels.reduce((sum, kernel) => sum + footprintOf(kernel).code, 0);
  const argumentCount = calls.reduce((sum, call) => sum + Object.keys(call.arguments).length, 0);
  return baseCodeBytes + kernelBytes + codeBytesPerArgument * argumentCount;
}

export function estimateStackBytes({ initialise, steps }: Program): number {
  const kernels = [...initialise, ...steps].flatMap((step) => step.calls.map(({ kernel }) => kernel));
  return baseStackBytes + kernels.reduce((most, kernel) => Math.max(most, footprintOf(kernel).stack), 0);
}

function footprintOf(kernel: string): { readonly code: number; readonly stack: number } {
  return kernelFootprints[kernel] ?? usualKernel;
}
