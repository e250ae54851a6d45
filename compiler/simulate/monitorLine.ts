/**
 * What firmware says while it trains, one line each, through a serial port:
 *
 *     firmtune: step=12 loss=0.5312 label=3 prediction=3
 *     firmtune: eval step=600 correct=83 of=100 loss=0.5497
 *
 * That is the word `firmtune:`, an event (none: a training step), and pairs key=value without spaces. A logger may put
 * its own words in front. Readers pass over events and keys that they do not know.
 */
export interface MonitorLine {
  /** `step` where the line names none. */
  readonly event: string;
  readonly values: ReadonlyMap<string, string>;
}

const mark = /(?:^|[\s>\])])firmtune:(?:\s+([a-z]+)(?=\s|$))?((?:\s+\w+=\S*)*)\s*$/;
/** Colours and cursor movements, as loggers of terminals write them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how they begin
const escapes = /\u001b\[[0-9;]*[A-Za-z]/g;

/** Undefined: a line of something else, or one that was cut or mixed up on the way. */
export function readMonitorLine(line: string): MonitorLine | undefined {
  const [found, event = 'step', pairs = ''] = mark.exec(line.replace(escapes, '')) ?? [];
  if (found === undefined) return undefined;
  const values = Array.from(pairs.matchAll(/(\w+)=(\S*)/g), ([, key = '', value = '']) => [key, value] as const);
  return { event, values: new Map(values) };
}

/** C prints what is no number as `nan`, `-nan`, `inf`. Undefined: no figure. */
export function figureOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^[+-]?(nan|inf)$/i.test(text)) return Number.NaN;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}
