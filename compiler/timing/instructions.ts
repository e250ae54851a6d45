/**
 * How many instructions a training step takes, estimated before anything is built: the amounts of work of each kernel call
 * (work.ts) times rates that were fitted to counts of emulated processors (rates.ts, test/bench/instructions.ts).
 * docs/benchmarks.md says how far it is off.
 */
import type { Compilation } from '../compile.ts';
import type { Core, Target } from '../training/plan.ts';
import { type Path, type Rates, rates } from './rates.ts';
import { type Work, workOf } from './work.ts';

export interface Instructions {
  readonly forward: number;
  /** With the loss. */
  readonly backward: number;
  readonly update: number;
}

export interface StepTime {
  readonly instructions: Instructions;
  readonly total: number;
  /** At one instruction per cycle of the board's clock, where that is known. */
  readonly milliseconds?: number;
}

/** Which measured code a core runs; cores that are not here were never measured. */
const pathOf: Readonly<Partial<Record<Core, Path>>> = {
  'cortex-m3': 'portable',
  'cortex-m4': 'dsp',
  'cortex-m7': 'dsp',
  'cortex-m33': 'dsp',
  'cortex-m55': 'mve',
};

/** Of a kernel that was never measured. */
const usualRates: Rates = [30, 4, 10, 0];

/**
 * Instructions for one sample, as -O3 compiles them: what is done once a batch counts with its share. Undefined for cores
 * on which nothing was measured.
 */
export function estimateInstructions(compilation: Compilation, core: Core): Instructions | undefined {
  const path = pathOf[core];
  if (path === undefined) return undefined;
  const { steps, ports } = compilation.program;
  const batch = ports.training?.batch ?? 1;
  const sums = { forward: 0, backward: 0, update: 0 };
  for (const work of workOf(compilation)) {
    const phase = work.phase === 'forward' || work.phase === 'update' ? work.phase : 'backward';
    const share = steps[work.step]?.when === 'batch' ? 1 / batch : 1;
    sums[phase] += share * instructionsOf(work, rates[path][rateName(work)] ?? usualRates);
  }
  return { forward: Math.round(sums.forward), backward: Math.round(sums.backward), update: Math.round(sums.update) };
}

/**
 * The time of a training step. Cycles per instruction are left at one: they depend on caches, wait states of the flash and on
 * how many instructions a core issues at once, which no plan says.
 */
export function estimateTime(compilation: Compilation, { core, clockHz }: Target): StepTime | undefined {
  const instructions = estimateInstructions(compilation, core);
  if (instructions === undefined) return undefined;
  const total = instructions.forward + instructions.backward + instructions.update;
  return { instructions, total, ...(clockHz === undefined ? {} : { milliseconds: (1000 * total) / clockHz }) };
}

/** Under which the rates of a call are kept. */
export function rateName({ kernel, variant }: Work): string {
  return variant === '' ? kernel : `${kernel} ${variant}`;
}

/** What the rates multiply, in their order. */
export function amountsOf({ calls, macs, elements, gathered }: Work): Rates {
  return [calls, macs, elements, gathered];
}

function instructionsOf(work: Work, own: Rates): number {
  return amountsOf(work).reduce((sum, amount, index) => sum + amount * (own[index] ?? 0), 0);
}
