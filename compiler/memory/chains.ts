/** What a program streams: the planner's choice, for the report. */
import type { Program, Role, Step } from '../program.ts';

export interface StreamedChain {
  /** In the order in which they compute. */
  readonly layers: readonly string[];
  /** `rows`: forward, rows of pictures at a time; `channels`: backward, channels of an inverted bottleneck at a time. */
  readonly kind: 'rows' | 'channels';
  /** The step of the program in which they run. */
  readonly step: number;
  /** How often its loop turns: rows or groups of channels. */
  readonly turns: number;
  /** Bytes of what lies between the layers: rings of rows, gradients of a group. */
  readonly heldBytes: number;
}

const between: ReadonlySet<Role> = new Set(['activation', 'gradient']);

/** Steps that compute several layers in turns. */
export function streamedChains(program: Program): readonly StreamedChain[] {
  return program.steps.flatMap((step, number): readonly StreamedChain[] => {
    const layers = layersOf(step);
    if (layers.length < 2 || (step.phase !== 'forward' && step.phase !== 'backward')) return [];
    const inside = program.buffers.filter(
      ({ home, role, layer, first, last }) =>
        home === 'arena' && first === number && last === number && layers.includes(layer) && between.has(role),
    );
    return [
      {
        layers,
        kind: step.phase === 'forward' ? 'rows' : 'channels',
        step: number,
        turns: step.loop,
        heldBytes: inside.reduce((sum, { bytes }) => sum + bytes, 0),
      },
    ];
  });
}

function layersOf({ layer, calls }: Step): readonly string[] {
  return [...new Set(calls.map((call) => call.layer ?? layer))];
}
