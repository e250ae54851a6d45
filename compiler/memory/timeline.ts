/** The steps as a report shows them: a step that streams several layers becomes one row for each layer and phase, so
 * that every layer's input gradient, weight gradient and update can be found by its name. */
import type { KernelCall, Phase, Program, Step } from '../program.ts';

export interface TimelineRow {
  readonly layer: string;
  readonly phase: Phase;
  /** The kernels that it calls, in order, joined by `+`. */
  readonly kernel: string;
  /** Bytes of the arena that hold something alive; the same for all rows of one step. */
  readonly liveBytes: number;
  readonly macs: number;
}

export interface Timeline {
  readonly rows: readonly TimelineRow[];
  /** By step of the program: its first and last row. */
  readonly first: readonly number[];
  readonly last: readonly number[];
  /** By step of the program. */
  readonly liveBytes: readonly number[];
}

export function timelineOf(program: Program): Timeline {
  const live = liveBytes(program);
  const rows: TimelineRow[] = [];
  const first: number[] = [];
  const last: number[] = [];
  program.steps.forEach((step, number) => {
    first.push(rows.length);
    for (const part of partsOf(step)) rows.push({ ...part, liveBytes: live[number] ?? 0 });
    last.push(rows.length - 1);
  });
  return { rows, first, last, liveBytes: live };
}

/** Multiply-accumulates of all steps by what they are for; initialisation has none. */
export function macsByPhase({ steps }: Program): Readonly<Record<'forward' | 'backward' | 'update', number>> {
  const sums = { forward: 0, backward: 0, update: 0 };
  for (const { phase, macs } of steps.flatMap(partsOf)) {
    if (phase === 'forward' || phase === 'backward' || phase === 'update') sums[phase] += macs;
  }
  return sums;
}

/** Runs of calls for one layer in one phase. */
function partsOf(step: Step): readonly Omit<TimelineRow, 'liveBytes'>[] {
  const runs: KernelCall[][] = [];
  const owner = ({ layer = step.layer, phase = step.phase }: KernelCall): string => `${phase} ${layer}`;
  for (const call of step.calls) {
    const run = runs[runs.length - 1];
    const [known] = run ?? [];
    if (run !== undefined && known !== undefined && owner(known) === owner(call)) run.push(call);
    else runs.push([call]);
  }
  const fused = runs.length > 1 || runs[0]?.[0]?.macs !== undefined;
  return runs.map((run) => ({
    layer: run[0]?.layer ?? step.layer,
    phase: run[0]?.phase ?? step.phase,
    kernel: [...new Set(run.map(({ kernel }) => kernel))].join('+'),
    macs: fused ? run.reduce((sum, { macs = 0 }) => sum + macs, 0) : step.macs,
  }));
}

/** Of each step, the bytes that the buffers alive in it cover: shared ones count once. */
function liveBytes({ buffers, steps }: Program): readonly number[] {
  const inArena = buffers
    .filter(({ home, offset }) => home === 'arena' && offset >= 0)
    .sort((a, b) => a.offset - b.offset);
  return steps.map((_, number) => {
    let covered = 0;
    let end = 0;
    for (const { offset, bytes, first, last } of inArena) {
      if (first > number || last < number || offset + bytes <= end) continue;
      covered += offset + bytes - Math.max(offset, end);
      end = offset + bytes;
    }
    return covered;
  });
}
