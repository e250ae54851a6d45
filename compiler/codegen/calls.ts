/** Steps of a program as C text. */
import { kernelSignatures } from '../kernels/kernels.generated.ts';
import type { Affine, Argument, BufferId, KernelCall, Phase, Program, ProgramBuffer, Step } from '../program.ts';
import { elementBytes } from '../schedule/builder.ts';
import { commentText, cTypes, floatLiteral, intLiteral } from './literals.ts';
import type { SourceText } from './text.ts';

export class CallPrinter {
  /** Flash constants that some call refers to. */
  readonly used = new Set<BufferId>();
  /** Arguments that the calls take from the function around them. */
  readonly wants = { label: false, complete: false, training: false };

  constructor(private readonly program: Program) {}

  /** Steps one after the other. `first`: the first one's number; absent: they have none and always run. */
  steps(text: SourceText, steps: readonly Step[], first?: number): void {
    let heading = '';
    steps.forEach((step, index) => {
      const title = commentText(`${step.layer}${step.phase === 'initialise' ? '' : ` (${step.phase})`}`);
      if (title !== heading && step.layer !== '') text.add(`  /* ${title} */`);
      heading = title;
      this.step(text, step, first === undefined ? undefined : first + index);
    });
  }

  private step(text: SourceText, step: Step, number: number | undefined): void {
    const closing: string[] = [];
    let indent = '  ';
    const open = (line: string): void => {
      text.add(`${indent}${line} {`);
      closing.unshift(`${indent}}`);
      indent += '  ';
    };
    if (number !== undefined) open(`${step.when === 'batch' ? 'BATCH_STEP' : 'STEP'}(${number})`);
    if (step.when === 'batch') this.wants.complete = true;
    if (step.loop > 1) open(`for (int32_t i = 0; i < ${step.loop}; i++)`);
    for (const entry of step.calls) {
      const { layer = step.layer, phase = step.phase } = entry;
      text.add(this.call(entry, step.phase, indent), {
        layer,
        phase,
        ...(number === undefined ? {} : { step: number }),
      });
    }
    for (const line of closing) text.add(line);
  }

  private call(entry: KernelCall, phase: Phase, indent: string): string {
    const signature = kernelSignatures[entry.kernel];
    if (signature === undefined) throw new Error(`no kernel ${entry.kernel}`);
    const values = signature.parameters.map(({ name }) => {
      const argument = entry.arguments[name];
      if (argument === undefined) throw new Error(`${entry.kernel} is called without ${name}`);
      const isMask = argument.kind === 'buffer' && bufferAt(this.program, argument.buffer).role === 'mask';
      if (phase !== 'forward' || !isMask) return this.argument(argument);
      // Masks are for the backward pass alone.
      this.wants.training = true;
      return `training ? ${this.argument(argument)} : NULL`;
    });
    return wrap(`${indent}${entry.kernel}(`, values);
  }

  private argument(argument: Argument): string {
    switch (argument.kind) {
      case 'null':
        return 'NULL';
      case 'label':
        this.wants.label = true;
        return 'label';
      case 'float':
        return floatLiteral(argument.value);
      case 'int':
        return affineText(argument.value, 1);
      case 'buffer':
        return this.pointer(argument.buffer, argument.offset);
    }
  }

  pointer(id: BufferId, offset: Affine = 0): string {
    const buffer = bufferAt(this.program, id);
    const { home, element, name } = buffer;
    const width = elementBytes[element];
    if (home === 'flash') this.used.add(id);
    if (buffer.struct !== undefined) return `&${name}`;
    const base =
      home === 'flash' ? name : home === 'sram' ? `memory.${name}` : `ARENA(${cTypes[element]}, ${buffer.offset})`;
    return offset === 0 ? base : `${base} + ${affineText(offset, width)}`;
  }
}

/** Which layer's work a stretch of text is, and in which part of training. */
export interface Mark {
  readonly layer: string;
  readonly phase: Phase | 'constant' | 'memory';
  /** Number of the step in the schedule. */
  readonly step?: number;
}

export function bufferAt(program: Program, id: BufferId): ProgramBuffer {
  const buffer = program.buffers[id];
  if (buffer === undefined) throw new Error(`no buffer ${id}`);
  return buffer;
}

/** base + step * i between its limits, divided by `unit`. */
function affineText(value: Affine, unit: number): string {
  if (typeof value === 'number') return intLiteral(value / unit);
  const { base, step, min, max } = value;
  const slope = step / unit;
  const product = slope === 1 ? 'i' : slope === -1 ? '-i' : `${slope} * i`;
  const start = base / unit;
  const line = start === 0 ? product : start > 0 ? `${product} + ${start}` : `${product} - ${-start}`;
  const low = min === undefined ? line : `(${line} > ${min / unit} ? ${line} : ${min / unit})`;
  return max === undefined ? low : `(${low} < ${max / unit} ? ${low} : ${max / unit})`;
}

/** The arguments of a call, broken at the line's width. */
function wrap(start: string, values: readonly string[]): string {
  const indent = ' '.repeat(start.length);
  const lines: string[] = [];
  let line = start;
  values.forEach((value, index) => {
    const text = index === values.length - 1 ? `${value});` : `${value},`;
    if (line.length + text.length > 108 && line.trim() !== '' && index > 0) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += index === values.length - 1 ? text : `${text} `;
  });
  return [...lines, line].join('\n');
}
