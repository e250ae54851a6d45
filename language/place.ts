/** Puts what the compiler found where the plan says it, with the fix where the text shows one. */

import type { Diagnostic, Fix, TextRange } from '../compiler/diagnostics.ts';
import { frozen } from '../compiler/training/plan.ts';
import { editForToggles } from './edits.ts';
import { layerIndex } from './layers.ts';
import type { Places, Resolution } from './resolve.ts';
import { fileStart, wholeLineRange } from './text.ts';

type Part = keyof Omit<Places, 'settings'>;

/** Which setting or part of the plan a diagnostic of the compiler is about; the first that the plan has. */
const homes: Readonly<Record<string, { readonly setting?: string; readonly parts: readonly Part[] }>> = {
  'budget-exceeded': { parts: ['budget', 'target'] },
  'sram-exceeded': { setting: 'sram', parts: ['target'] },
  'flash-exceeded': { setting: 'flash', parts: ['target'] },
  'head-not-a-classifier': { setting: 'classes', parts: ['train'] },
  'input-not-a-picture': { parts: ['input'] },
  'input-not-resizable': { parts: ['input'] },
  'input-too-small': { parts: ['input'] },
};

/** Diagnostics that are gone once their line is. */
const removable: readonly string[] = [
  'head-not-a-classifier',
  'input-not-a-picture',
  'input-not-resizable',
  'input-too-small',
];

/**
 * Gives every diagnostic without a place one: by its code; else the last update line that names its layer; else the
 * model. Diagnostics with a place of their own stay as they are.
 */
export function placeDiagnostics(
  resolution: Resolution,
  file: string,
  diagnostics: readonly Diagnostic[],
): readonly Diagnostic[] {
  return diagnostics.map((diagnostic) => {
    if (diagnostic.range !== undefined) return diagnostic;
    const range = placeOf(resolution, diagnostic);
    const fixes = [...(diagnostic.fixes ?? []), ...fixesFor(resolution, diagnostic, range)];
    return { ...diagnostic, file, range, ...(fixes.length === 0 ? {} : { fixes }) };
  });
}

function placeOf(resolution: Resolution, { code, layer }: Diagnostic): TextRange {
  const { places, lines } = resolution;
  const home = homes[code];
  const setting = places.settings.get(home?.setting ?? '');
  if (setting !== undefined) return setting;
  for (const part of home?.parts ?? []) {
    const place = places[part];
    if (place !== undefined) return place;
  }
  const guilty = code === 'no-gradient' ? trainedBelow(resolution, layer) : [layer];
  const line = lines.findLast(({ layers }) => layers.some((each) => guilty.includes(each.layer)));
  return line?.range ?? places.model ?? fileStart;
}

/** The layers that train and come before `layer`. */
function trainedBelow({ graph, update }: Resolution, layer: string | undefined): readonly (string | undefined)[] {
  if (graph === undefined || layer === undefined) return [];
  const { byName } = layerIndex(graph);
  const end = byName.get(layer)?.index ?? 0;
  return [...update.keys()].filter((name) => (byName.get(name)?.index ?? end) < end);
}

function fixesFor(resolution: Resolution, { code, layer }: Diagnostic, range: TextRange): readonly Fix[] {
  const { graph, parsed } = resolution;
  if (removable.includes(code)) {
    return [{ title: 'Remove the line', edits: [{ range: wholeLineRange(parsed.text, range), text: '' }] }];
  }
  if (code !== 'no-gradient' || graph === undefined) return [];
  const changes = new Map(trainedBelow(resolution, layer).map((name) => [name ?? '', frozen]));
  const edit = editForToggles(parsed.text, graph, changes);
  return edit === undefined ? [] : [{ title: `Freeze all layers below \`${layer}\``, edits: [edit] }];
}
