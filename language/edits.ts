/** The smallest text edit that makes a plan train a layer as wanted. Comments, order and layout stay as they are. */

import type { TextEdit, TextRange } from '../compiler/diagnostics.ts';
import type { Graph } from '../compiler/model/graph.ts';
import { frozen, type LayerUpdate } from '../compiler/training/plan.ts';
import { type Change, isUpdateStatement, type UpdateLine, type UpdateStatement } from './generated/ast.ts';
import { isPattern, layerIndex, layersNamed } from './layers.ts';
import { parsePlan } from './parse.ts';
import { layerReference, printWeights } from './print.ts';
import { resolveFully } from './resolve.ts';
import type { LayerChange } from './resolveUpdate.ts';
import { lineStarts, offsetsOf, rangeAt, rangeOf, wholeLineRange } from './text.ts';

/** Replaces `text.slice(start, end)`. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The edit after which `layer` trains as before but for `change`, and every other layer as before. Undefined if the plan
 * says so already. `layer` is the short name of a layer of the graph that has weights.
 */
export function editForToggle(text: string, graph: Graph, layer: string, change: LayerChange): TextEdit | undefined {
  return editForToggles(text, graph, new Map([[layer, change]]));
}

/** The same for several layers at once, as one edit. */
export function editForToggles(
  text: string,
  graph: Graph,
  changes: ReadonlyMap<string, LayerChange>,
): TextEdit | undefined {
  const result =
    asRange(text, graph, changes) ??
    [...changes].reduce((each, [layer, change]) => toggle(each, graph, layer, change), text);
  return editBetween(text, result);
}

/** The edit that takes `edit` back: its range refers to the text after it. */
export function undoOf(text: string, edit: TextEdit): TextEdit {
  const { start, end } = offsetsOf(lineStarts(text), edit.range);
  const after = text.slice(0, start) + edit.text + text.slice(end);
  return { range: rangeAt(lineStarts(after), start, start + edit.text.length), text: text.slice(start, end) };
}

/** One replacement without what both texts begin and end with; undefined if they are equal. */
export function editBetween(before: string, after: string): TextEdit | undefined {
  if (before === after) return undefined;
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - start;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  // A place between \r and \n is no position in an editor.
  const splits = (text: string, offset: number): boolean => text[offset - 1] === '\r' && text[offset] === '\n';
  if (splits(before, start) || splits(after, start)) start--;
  if (splits(before, before.length - tail) || splits(after, after.length - tail)) tail--;
  const range = rangeAt(lineStarts(before), start, before.length - tail);
  return { range, text: after.slice(start, after.length - tail) };
}

type Updates = ReadonlyMap<string, LayerUpdate>;

function updatesOf(text: string, graph: Graph): Updates {
  return resolveFully(parsePlan(text, ''), graph).update;
}

function sameUpdates(a: Updates, b: Updates): boolean {
  return a.size === b.size && [...a].every(([layer, update]) => sameUpdate(update, b.get(layer) ?? frozen));
}

function sameUpdate(a: LayerUpdate, b: LayerUpdate): boolean {
  return a.bias === b.bias && printWeights(a.weights) === printWeights(b.weights);
}

function wantedUpdates(before: Updates, changes: ReadonlyMap<string, LayerChange>): Updates {
  const wanted = new Map(before);
  for (const [layer, change] of changes) {
    const update = { ...(before.get(layer) ?? frozen), ...change };
    if (sameUpdate(update, frozen)) wanted.delete(layer);
    else wanted.set(layer, update);
  }
  return wanted;
}

/** Three or more layers in a row with the same change read best as one line. */
function asRange(text: string, graph: Graph, changes: ReadonlyMap<string, LayerChange>): string | undefined {
  const names = graph.layers.map(({ name }) => name).filter((name) => changes.has(name));
  const [first, last] = [names[0], names.at(-1)];
  if (names.length < 3 || first === undefined || last === undefined) return undefined;
  const written = new Set([...changes.values()].map((change) => changeTexts(change).join(', ')));
  if (written.size !== 1) return undefined;
  const before = updatesOf(text, graph);
  const wanted = wantedUpdates(before, changes);
  if (sameUpdates(before, wanted)) return undefined;
  const line = `${layerReference(first)} .. ${layerReference(last)}: ${[...written].join()}`;
  const result = splice(text, insertLine(text, updateBlock(text), line, undefined));
  return sameUpdates(updatesOf(result, graph), wanted) ? result : undefined;
}

function changeTexts(change: LayerChange): string[] {
  return [
    ...(change.bias === undefined ? [] : [change.bias ? 'bias' : 'bias none']),
    ...(change.weights === undefined ? [] : [printWeights(change.weights)]),
  ];
}

/** One facet after the other, so that each step has few ways to go; each way is tried and checked. */
function toggle(text: string, graph: Graph, layer: string, change: LayerChange): string {
  const facets: LayerChange[] = [
    ...(change.bias === undefined ? [] : [{ bias: change.bias }]),
    ...(change.weights === undefined ? [] : [{ weights: change.weights }]),
  ];
  return facets.reduce((each, facet) => toggleFacet(each, graph, layer, facet), text);
}

function toggleFacet(text: string, graph: Graph, layer: string, facet: LayerChange): string {
  const before = updatesOf(text, graph);
  const wanted = wantedUpdates(before, new Map([[layer, facet]]));
  if (sameUpdates(before, wanted)) return text;
  const node = updateBlock(text);
  const own = (node?.lines ?? []).filter((line) => namesOnly(line, graph, layer)).reverse();
  const frozenThen = !wanted.has(layer);
  const ways = [
    ...own.flatMap((line) => waysInLine(text, line, facet, frozenThen)),
    ...(own.length > 0 ? [] : [insertLine(text, node, lineFor(layer, facet), placeInOrder(node, graph, layer))]),
    insertLine(text, node, lineFor(layer, facet), node?.lines.at(-1)),
  ];
  for (const way of ways) {
    const result = splice(text, way);
    if (commentsOf(result) === commentsOf(text) && sameUpdates(updatesOf(result, graph), wanted)) return result;
  }
  return text;
}

function commentsOf(text: string): string {
  return (text.match(/\/\/[^\r\n]*/g) ?? []).join('\n');
}

function lineFor(layer: string, change: LayerChange): string {
  return `${layerReference(layer)}: ${changeTexts(change).join(', ')}`;
}

function splice(text: string, { start, end, text: replacement }: Splice): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

function updateBlock(text: string): UpdateStatement | undefined {
  return parsePlan(text, '').ast.statements.find(isUpdateStatement);
}

/** Whether the line speaks of that layer alone, by name. */
function namesOnly(line: UpdateLine, graph: Graph, layer: string): boolean {
  const name = line.from?.word ?? line.from?.quoted;
  if (name === undefined || line.to !== undefined || isPattern(name)) return false;
  const [only, ...others] = layersNamed(layerIndex(graph), name, line.from.quoted !== undefined);
  return only?.name === layer && others.length === 0;
}

/** Ways to say it in a line that speaks of the layer already, the tidiest first. */
function waysInLine(text: string, line: UpdateLine, facet: LayerChange, frozenThen: boolean): Splice[] {
  const starts = lineStarts(text);
  const kind = facet.bias === undefined ? 'weights' : 'bias';
  const other = facet.bias === undefined ? 'bias none' : 'weights none';
  const explicit = changeTexts(facet).join();
  const over = (range: TextRange, replacement: string): Splice => ({ ...offsetsOf(starts, range), text: replacement });
  const same = line.changes.find((change) => change.kind === kind);
  const none = line.changes.find((change) => change.kind === 'none');
  const only = line.changes.length === 1;
  if (none !== undefined) {
    const pair = kind === 'bias' ? `${explicit}, ${other}` : `${other}, ${explicit}`;
    return [over(rangeOf(none), explicit), over(rangeOf(none), pair)];
  }
  if (same === undefined) {
    const [first, last] = [line.changes[0], line.changes.at(-1)];
    if (first === undefined || last === undefined) return [];
    const { start } = offsetsOf(starts, rangeOf(first));
    const { end } = offsetsOf(starts, rangeOf(last));
    return kind === 'bias'
      ? [{ start, end: start, text: `${explicit}, ` }]
      : [{ start: end, end, text: `, ${explicit}` }];
  }
  const at = rangeOf(same);
  if (!only) return [withoutChange(text, line, same), over(at, explicit)];
  const whole = wholeLineRange(text, rangeOf(line));
  const removed = over(whole, '');
  const commented = text.slice(removed.start, removed.end).includes('//');
  const alone = whole.endLine > whole.line || whole.column === 1;
  return [...(alone && !commented ? [removed] : []), ...(frozenThen ? [over(at, 'none')] : []), over(at, explicit)];
}

/** Takes one of several changes out, with one comma and the blanks beside it, but no comment. */
function withoutChange(text: string, line: UpdateLine, change: Change): Splice {
  const starts = lineStarts(text);
  const position = line.changes.indexOf(change);
  const { start, end } = offsetsOf(starts, rangeOf(change));
  const [previous, next] = [line.changes[position - 1], line.changes[position + 1]];
  if (previous !== undefined) {
    const from = offsetsOf(starts, rangeOf(previous)).end;
    return { start: from, end, text: commentsBetween(text.slice(from, start)) };
  }
  const to = next === undefined ? end : offsetsOf(starts, rangeOf(next)).start;
  return { start, end: to, text: commentsBetween(text.slice(end, to)).trimStart() };
}

/** What stays between two changes when the comma goes: nothing, unless comments stand there. */
function commentsBetween(text: string): string {
  if (text.trim() === ',') return '';
  const comma = text.replace(/\/\/[^\r\n]*/g, (comment) => ' '.repeat(comment.length)).indexOf(',');
  return text.slice(0, comma) + text.slice(comma + 1);
}

/** The line after which a new one stands in execution order: behind all ranges and the layers that come earlier. */
function placeInOrder(node: UpdateStatement | undefined, graph: Graph, layer: string): UpdateLine | undefined {
  const { byName } = layerIndex(graph);
  const position = byName.get(layer)?.index ?? 0;
  const lines = node?.lines ?? [];
  const indexOf = (line: UpdateLine): number | undefined =>
    line.to === undefined ? byName.get(line.from?.word ?? line.from?.quoted ?? '')?.index : undefined;
  let place = lines.findLastIndex((line) => indexOf(line) === undefined);
  while (place + 1 < lines.length && (indexOf(lines[place + 1] as UpdateLine) ?? position) < position) place++;
  return lines[place] ?? lines.at(-1);
}

/** Inserts a line into the block, after `after` where given, else at its end; adds the block where there is none. */
function insertLine(
  text: string,
  node: UpdateStatement | undefined,
  line: string,
  after: UpdateLine | undefined,
): Splice {
  const newline = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
  const last = after ?? node?.lines.at(-1);
  if (node === undefined) {
    const gap = text === '' || text.endsWith(newline) ? '' : newline;
    const added = `${gap}${newline}update {${newline}  ${line}${newline}}${newline}`;
    return { start: text.length, end: text.length, text: text === '' ? added.slice(newline.length) : added };
  }
  const starts = lineStarts(text);
  if (last !== undefined) return afterLine(text, starts, last, line, newline);
  const { end } = offsetsOf(starts, rangeOf(node));
  const brace = text.lastIndexOf('}', end);
  const lineStart = starts[rangeAt(starts, brace, brace).line - 1] ?? 0;
  const indent = text.slice(lineStart, brace);
  if (indent.trim() === '') return { start: lineStart, end: lineStart, text: `${indent}  ${line}${newline}` };
  const open = text.slice(0, brace).trimEnd().length;
  return { start: open, end: brace, text: `${newline}  ${line}${newline}` };
}

function afterLine(text: string, starts: readonly number[], last: UpdateLine, line: string, newline: string): Splice {
  const range = rangeOf(last);
  const { start, end } = offsetsOf(starts, range);
  const rest = /^[ \t;]*(\/\/[^\r\n]*)?(?=\r|\n|$)/.exec(text.slice(end));
  if (rest === null) return { start: end, end, text: `; ${line}` };
  const indent = /^[ \t]*/.exec(text.slice(starts[range.line - 1] ?? 0, start))?.[0] ?? '';
  const alone = text.slice(starts[range.line - 1] ?? 0, start).trim() === '';
  const place = end + rest[0].length;
  return { start: place, end: place, text: `${newline}${alone ? indent : '  '}${line}` };
}
