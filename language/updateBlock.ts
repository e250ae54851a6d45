/** A plan's whole update block said anew, as short as it goes: for choices that a search makes. */

import type { TextEdit } from '../compiler/diagnostics.ts';
import type { Graph } from '../compiler/model/graph.ts';
import type { LayerUpdate } from '../compiler/training/plan.ts';
import { editBetween } from './edits.ts';
import { isUpdateStatement } from './generated/ast.ts';
import { trainableLayer } from './layers.ts';
import { parsePlan } from './parse.ts';
import { layerReference, printWeights } from './print.ts';
import { lineStarts, offsetsOf, rangeOf } from './text.ts';

/**
 * The edit after which the plan trains what `update` says, by short layer names, and nothing else. The block's comments are
 * kept at its top. Undefined if the text says so already in these words.
 */
export function editForUpdate(
  text: string,
  graph: Graph,
  update: ReadonlyMap<string, LayerUpdate>,
): TextEdit | undefined {
  const newline = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
  const node = parsePlan(text, '').ast.statements.find(isUpdateStatement);
  const { start, end } =
    node === undefined ? { start: text.length, end: text.length } : offsetsOf(lineStarts(text), rangeOf(node));
  const comments = text.slice(start, end).match(/\/\/[^\r\n]*/g) ?? [];
  const block = ['update {', ...[...comments, ...updateLines(graph, update)].map((line) => `  ${line}`), '}'];
  const gap = node !== undefined || text === '' ? '' : `${text.endsWith(newline) ? '' : newline}${newline}`;
  const after = node === undefined ? newline : '';
  return editBetween(text, text.slice(0, start) + gap + block.join(newline) + after + text.slice(end));
}

/** Biases of neighbours as one range; then the weights of each layer. */
export function updateLines(graph: Graph, update: ReadonlyMap<string, LayerUpdate>): readonly string[] {
  const names = graph.layers.filter((layer) => trainableLayer(graph, layer) !== undefined).map(({ name }) => name);
  const lines: string[] = [];
  const inRange = new Set<string>();
  for (let from = 0; from < names.length; from++) {
    let to = from;
    while (to < names.length && update.get(names[to] ?? '')?.bias === true) to++;
    const [first, last] = [names[from], names[to - 1]];
    if (to - from < 2 || first === undefined || last === undefined) continue;
    lines.push(`${layerReference(first)} .. ${layerReference(last)}: bias`);
    for (const name of names.slice(from, to)) inRange.add(name);
    from = to;
  }
  for (const name of names) {
    const { bias = false, weights = { kind: 'none' } } = update.get(name) ?? {};
    const changes = [
      ...(bias && !inRange.has(name) ? ['bias'] : []),
      ...(weights.kind === 'none' ? [] : [printWeights(weights)]),
    ];
    if (changes.length > 0) lines.push(`${layerReference(name)}: ${changes.join(', ')}`);
  }
  return lines;
}
