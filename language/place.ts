/** Puts what the compiler found where the plan says it. */

import type { Diagnostic, TextRange } from '../compiler/diagnostics.ts';
import type { Resolution } from './resolve.ts';
import { fileStart } from './text.ts';

/** Which part of the plan a diagnostic of the compiler is about, the nearest that the plan has. */
const parts: Readonly<Record<string, readonly (keyof Omit<Resolution['places'], 'settings'>)[]>> = {
  'budget-exceeded': ['budget', 'target'],
  'sram-exceeded': ['target'],
  'flash-exceeded': ['target'],
};

const settingParts: Readonly<Record<string, string>> = { 'sram-exceeded': 'sram', 'flash-exceeded': 'flash' };

/**
 * Gives every diagnostic without a place one: by its code; else the last update line that names its layer; else the
 * model. Diagnostics with a place of their own stay as they are.
 */
export function placeDiagnostics(
  resolution: Resolution,
  file: string,
  diagnostics: readonly Diagnostic[],
): readonly Diagnostic[] {
  return diagnostics.map((diagnostic) =>
    diagnostic.range === undefined ? { ...diagnostic, file, range: placeOf(resolution, diagnostic) } : diagnostic,
  );
}

function placeOf({ places, lines }: Resolution, diagnostic: Diagnostic): TextRange {
  const setting = places.settings.get(settingParts[diagnostic.code] ?? '');
  if (setting !== undefined) return setting;
  for (const part of parts[diagnostic.code] ?? []) {
    const place = places[part];
    if (place !== undefined) return place;
  }
  const { layer } = diagnostic;
  const line = lines.findLast(({ layers }) => layers.some((each) => each.layer === layer));
  return line?.range ?? places.model ?? fileStart;
}
