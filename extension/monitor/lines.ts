/** What firmware that trains says of itself, of what the monitor shows. */
import { figureOf, readMonitorLine } from '../../compiler/simulate/monitorLine.ts';

export type Report =
  /** The program begins: at power-on, and again after a reset. */
  | { readonly event: 'start'; readonly classes: readonly string[]; readonly plan?: string }
  /** `step` counts from 1; `prediction` is what it took the sample for before the update. */
  | { readonly event: 'step'; readonly step: number; readonly loss: number; readonly seen?: Seen }
  | { readonly event: 'infer'; readonly seen: Seen }
  /** A test on samples that it does not learn from, after so many steps; accuracy is a share from 0 to 1. */
  | { readonly event: 'eval'; readonly step: number; readonly accuracy?: number; readonly loss?: number }
  | { readonly event: 'error'; readonly reason: string };

export interface Seen {
  readonly label: number;
  readonly prediction: number;
}

/** Undefined: the line is no report, or one that the monitor does not show. */
export function readReport(line: string): Report | undefined {
  const { event, values } = readMonitorLine(line) ?? {};
  if (event === undefined || values === undefined) return undefined;
  const figure = (key: string): number | undefined => figureOf(values.get(key));
  const step = figure('step');
  const loss = figure('loss');
  const seen = seenOf(figure('label'), figure('prediction'));
  switch (event) {
    case 'start': {
      const plan = values.get('plan');
      const names = values.get('names')?.split(',') ?? [];
      const classes = Array.from(
        { length: countOf(figure('classes') ?? names.length) },
        (_, index) => names[index] ?? `${index}`,
      );
      return { event, classes, ...(plan === undefined ? {} : { plan }) };
    }
    case 'step':
      if (step === undefined || loss === undefined) return undefined;
      return { event, step, loss, ...(seen === undefined ? {} : { seen }) };
    case 'infer':
      return seen === undefined ? undefined : { event, seen };
    case 'eval': {
      const [correct, of] = [figure('correct'), figure('of')];
      const accuracy = correct === undefined || !of ? undefined : correct / of;
      if (step === undefined || (accuracy === undefined && loss === undefined)) return undefined;
      return { event, step, ...(accuracy === undefined ? {} : { accuracy }), ...(loss === undefined ? {} : { loss }) };
    }
    case 'error':
      return { event, reason: values.get('reason') ?? 'unknown' };
    default:
      return undefined;
  }
}

const mostClasses = 256;

/** Noise on a line can look like a report. */
function countOf(classes: number): number {
  return Number.isInteger(classes) && classes > 0 && classes <= mostClasses ? classes : 0;
}

function seenOf(label: number | undefined, prediction: number | undefined): Seen | undefined {
  return label === undefined || prediction === undefined ? undefined : { label, prediction };
}
