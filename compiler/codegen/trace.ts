/** NAME.trace.json: which lines of NAME.c are which layer's, so that an editor can link both ways. */
import type { Phase, Program } from '../program.ts';
import type { Mark } from './calls.ts';
import type { ModelFacts } from './facts.ts';
import type { MarkedLines, SourceText } from './text.ts';

/** A run of lines of one layer in one step. */
export type TraceRange = MarkedLines;

export interface TraceStep {
  readonly layer: string;
  readonly phase: Phase;
  /** Lines of its calls in `source`, from 1, both inclusive. */
  readonly first: number;
  readonly last: number;
}

export interface Trace {
  readonly version: 1;
  /** File beside this one. */
  readonly source: string;
  readonly planHash: number;
  /** The schedule: the position is the step's number in NAME_train_poll and in the hook. */
  readonly steps: readonly TraceStep[];
  /** Ascending, without overlaps. A step that works on several layers has a range for each. */
  readonly ranges: readonly TraceRange[];
}

export function traceFile(program: Program, { planHash }: ModelFacts, source: SourceText): string {
  const ranges = joined(source.marks);
  const steps = program.steps.map(({ layer, phase }, number): TraceStep => {
    const own = ranges.filter(({ step }) => step === number);
    return { layer, phase, first: own[0]?.first ?? 0, last: own.at(-1)?.last ?? 0 };
  });
  const trace: Trace = { version: 1, source: `${program.name}.c`, planHash, steps, ranges };
  const lines = (values: readonly object[]): string => values.map((value) => `  ${JSON.stringify(value)}`).join(',\n');
  return `{
 "version": ${trace.version},
 "source": ${JSON.stringify(trace.source)},
 "planHash": ${trace.planHash},
 "steps": [
${lines(trace.steps)}
 ],
 "ranges": [
${lines(trace.ranges)}
 ]
}
`;
}

/** Lines that follow one another and are of the same work become one range. */
function joined(marks: readonly MarkedLines[]): readonly TraceRange[] {
  const ranges: TraceRange[] = [];
  for (const mark of marks) {
    const last = ranges.at(-1);
    if (last !== undefined && last.last + 1 === mark.first && sameWork(last, mark)) {
      ranges[ranges.length - 1] = { ...last, last: mark.last };
    } else {
      ranges.push(mark);
    }
  }
  return ranges;
}

function sameWork(a: Mark, b: Mark): boolean {
  return a.layer === b.layer && a.phase === b.phase && a.step === b.step;
}

/** A trace as read from a file, or undefined where the text is none. */
export function parseTrace(text: string): Trace | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isTrace(value) ? value : undefined;
}

function isTrace(value: unknown): value is Trace {
  if (!isRecord(value) || value.version !== 1 || typeof value.source !== 'string') return false;
  const { steps, ranges } = value;
  return Array.isArray(steps) && steps.every(isRange) && Array.isArray(ranges) && ranges.every(isRange);
}

function isRange(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { layer, phase, first, last, step } = value;
  const numbers = [first, last, step ?? 0].every((each) => Number.isSafeInteger(each));
  return typeof layer === 'string' && typeof phase === 'string' && numbers;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whose work a line of NAME.c is; undefined for lines that belong to no layer. */
export function rangeAtLine({ ranges }: Trace, line: number): TraceRange | undefined {
  return ranges.find(({ first, last }) => first <= line && line <= last);
}

/** Where NAME.c works on a layer, in the file's order. */
export function rangesOfLayer({ ranges }: Trace, layer: string): readonly TraceRange[] {
  return ranges.filter((range) => range.layer === layer);
}
