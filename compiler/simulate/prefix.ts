/** The frozen prefix: steps at the start of a program whose results depend on the input alone. Of one sample they need
 * to run only once, however often it is trained on or tested. */
import { buffersOf } from '../memory/place.ts';
import type { BufferId, Program } from '../program.ts';

export interface FrozenPrefix {
  /** How many steps it has; 0 where the first step already reads something that trains. */
  readonly steps: number;
  /** What the later steps still read of it. */
  readonly buffers: readonly BufferId[];
  readonly bytes: number;
}

export function frozenPrefix(program: Program): FrozenPrefix {
  const readsState = program.steps.map(
    (step) =>
      step.phase !== 'forward' || step.calls.flatMap(buffersOf).some((id) => program.buffers[id]?.home === 'sram'),
  );
  const first = readsState.indexOf(true);
  const steps = first < 0 ? program.steps.length : first;
  const buffers = program.buffers.filter(
    ({ home, first: from, last }) => home === 'arena' && from < steps && last >= steps,
  );
  return {
    steps,
    buffers: buffers.map(({ id }) => id),
    bytes: buffers.reduce((sum, buffer) => sum + buffer.bytes, 0),
  };
}
