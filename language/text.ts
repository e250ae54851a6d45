/** Places in a plan's text. Langium counts lines and columns from 0, diagnostics from 1. */

import { type AstNode, type CstNode, GrammarUtils } from 'langium';
import type { Range } from 'vscode-languageserver-protocol';
import type { TextEdit, TextRange } from '../compiler/diagnostics.ts';

export function fromLspRange(range: Range): TextRange {
  return {
    line: range.start.line + 1,
    column: range.start.character + 1,
    endLine: range.end.line + 1,
    endColumn: range.end.character + 1,
  };
}

export function toLspRange(range: TextRange): Range {
  return {
    start: { line: range.line - 1, character: range.column - 1 },
    end: { line: range.endLine - 1, character: range.endColumn - 1 },
  };
}

export const fileStart: TextRange = { line: 1, column: 1, endLine: 1, endColumn: 1 };

function rangeOfCst(node: CstNode | undefined): TextRange {
  return node === undefined ? fileStart : fromLspRange(node.range);
}

/** The text that a node was read from, or that one of its properties was. */
export function rangeOf(node: AstNode, property?: string): TextRange {
  const whole = node.$cstNode;
  if (property === undefined) return rangeOfCst(whole);
  return rangeOfCst(GrammarUtils.findNodeForProperty(whole, property) ?? whole);
}

export function endOf(range: TextRange): TextRange {
  return { line: range.endLine, column: range.endColumn, endLine: range.endLine, endColumn: range.endColumn };
}

/** Offset of each line's first character. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (const lineEnd of text.matchAll(/\r\n|\r|\n/g)) starts.push(lineEnd.index + lineEnd[0].length);
  return starts;
}

export function offsetsOf(starts: readonly number[], range: TextRange): { start: number; end: number } {
  return {
    start: (starts[range.line - 1] ?? 0) + range.column - 1,
    end: (starts[range.endLine - 1] ?? 0) + range.endColumn - 1,
  };
}

export function rangeAt(starts: readonly number[], start: number, end: number): TextRange {
  const [from, to] = [placeAt(starts, start), placeAt(starts, end)];
  return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}

function placeAt(starts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

/** Applies edits that do not overlap; all of them refer to `text`. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const starts = lineStarts(text);
  let result = '';
  let end = 0;
  const ordered = edits
    .map((edit) => ({ ...offsetsOf(starts, edit.range), text: edit.text }))
    .sort((a, b) => a.start - b.start);
  for (const edit of ordered) {
    result += text.slice(end, edit.start) + edit.text;
    end = edit.end;
  }
  return result + text.slice(end);
}

/** The line itself with its line end, or only the part where other text shares the line. */
export function wholeLineRange(text: string, range: TextRange): TextRange {
  const starts = lineStarts(text);
  const { start, end } = offsetsOf(starts, range);
  const before = text.slice(starts[range.line - 1] ?? 0, start);
  const after = /^[ \t;]*(\/\/[^\r\n]*)?(\r\n|\r|\n|$)/.exec(text.slice(end));
  if (before.trim() !== '' || after === null) return range;
  return rangeAt(starts, start - before.length, end + after[0].length);
}

/** Quotes a path or full tensor name as the grammar reads it back. */
export function quote(content: string): string {
  return `"${content.replace(/["\\]/g, '\\$&')}"`;
}

/** Of `names`, the one that `word` most likely meant: fewest typing mistakes, at most a third of its letters. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; `limit` if not fewer than that. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let distance = Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, (beforePrevious[j - 2] ?? 0) + 1);
      }
      row.push(distance);
    }
    beforePrevious = previous;
    previous = row;
  }
  return Math.min(previous[b.length] ?? limit, limit);
}
