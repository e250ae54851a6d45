/** What a command of the command line is. */
import type { ParseArgsConfig } from 'node:util';
import type { Diagnostic } from '../../compiler/diagnostics.ts';

export interface Io {
  /** The result: text, or one JSON document. */
  readonly out: (text: string) => void;
  /** Messages and progress. */
  readonly err: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Outcome {
  /** The fields of `--json`; absent where the input's errors leave nothing to report. */
  readonly document?: object;
  /** The same for people. */
  readonly text?: () => string;
  readonly diagnostics: readonly Diagnostic[];
}

export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

export interface Invocation {
  /** As many as the command's `operands`. */
  readonly operands: readonly string[];
  readonly flags: FlagValues;
}

export interface Command {
  readonly name: string;
  /** `PLAN`, `MODEL`, ... */
  readonly operands: readonly string[];
  /** The flags as the usage shows them. */
  readonly flagsHelp: string;
  readonly summary: string;
  readonly flags: NonNullable<ParseArgsConfig['options']>;
  run(invocation: Invocation, io: Io): Promise<Outcome>;
}

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {}

/** The whole number of a flag, or undefined where it is not given. */
export function countFlag(flags: FlagValues, name: string, least: number): number | undefined {
  const text = flags[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (typeof text === 'string' && /^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`--${name} takes a whole number, at least ${least}; '${text}' is none`);
}

export function textFlag(flags: FlagValues, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

export function requiredFlag(flags: FlagValues, name: string): string {
  const value = textFlag(flags, name);
  if (value === undefined || value === '') throw new UsageError(`--${name} is missing`);
  return value;
}

export function operandAt(invocation: Invocation, index: number): string {
  const operand = invocation.operands[index];
  if (operand === undefined) throw new UsageError('an operand is missing');
  return operand;
}

export function failed(diagnostics: readonly Diagnostic[]): Outcome {
  return { diagnostics };
}
