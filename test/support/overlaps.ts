/** A check of a placed program, apart from the planner's own. */

import type { Program, ProgramBuffer } from '../../compiler/program.ts';

/**
 * Buffers that live at once and share bytes, in words. One may lie over the other only where an output grows into an
 * input that dies: in one step, the first of the one and the last of the other; of the backward pass, only where mantissas
 * take over the memory of what they are made from.
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
  const step = program.steps[output.first];
  const both = (role: ProgramBuffer['role']) => output.role === role && input.role === role;
  const may =
    step?.phase === 'forward'
      ? both('activation')
      : output.role === 'gradient' && step?.calls[0]?.kernel === 'ft_quantise_gradient_s16';
  return may && output.first === input.last && output.offset <= input.offset;
}
