/** What a user is told about their input: found what, where, and what to do. Never thrown past a public function. */

export type Severity = 'error' | 'warning' | 'information';

export interface TextRange {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface TextEdit {
  readonly range: TextRange;
  readonly text: string;
}

/** A remedy that a machine can apply: all edits refer to the text before any of them. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

export interface Diagnostic {
  readonly severity: Severity;
  /** Stable, kebab-case: `unknown-layer`, `budget-exceeded`, ... */
  readonly code: string;
  /** What was found, what was expected. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  /** The file that it is about, as the user named it. */
  readonly file?: string;
  readonly range?: TextRange;
  /** The layer or tensor that it is about. */
  readonly layer?: string;
  readonly fixes?: readonly Fix[];
}

export type Result<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export function success<T>(value: T, diagnostics: readonly Diagnostic[] = []): Result<T> {
  return { ok: true, value, diagnostics };
}

export function failure(...diagnostics: readonly Diagnostic[]): Result<never> {
  return { ok: false, diagnostics };
}

/** Carries one diagnostic out of a deep reader or rule; caught by the public function that started it. */
export class DiagnosticError extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.name = 'DiagnosticError';
  }
}

export function refuse(code: string, message: string, remedy: string, layer?: string): never {
  throw new DiagnosticError({
    severity: 'error',
    code,
    message,
    remedy,
    ...(layer === undefined ? {} : { layer }),
  });
}
