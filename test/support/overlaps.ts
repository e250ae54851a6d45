/** A check of a placed program, apart from the planner's own. */

import type { Program, ProgramBuffer } from '../../compiler/program.ts';

/**
 * Buffers that live at once and share bytes, in words. One may lie over the other only where an output grows into an
 * input that dies: in one step of the forward pass, the first of the one and the last of the other.
 */
export function overlapsOf(program: Program): readonly string[] {
  const placed = program.buffers.filter(({ home, first, bytes }) => home === 'arena' && first >= 0 && bytes > 0);
  return placed.flatMap((a, index) =>
    placed
      .slice(index + 1)
      .filter((b) => shareBytes(a, b) && shareSteps(a, b) && !grows(program, a, b) && !grows(program, b, a))
      .map((b) => `${a.name} and ${b.name}`),
  );
}

function shareBytes(a: ProgramBuffer, b: ProgramBuffer): boolean {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

function shareSteps(a: ProgramBuffer, b: ProgramBuffer): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function grows(program: Program, output: ProgramBuffer, input: ProgramBuffer): boolean {
  const isForward = program.steps[output.first]?.phase === 'forward';
  const roles = output.role === 'activation' && input.role === 'activation';
  return isForward && roles && output.first === input.last && output.offset <= input.offset;
}
