/** The lines that an edit changes, with a few around them. */

import type { FitDiffLine } from '../../webview/messages.ts';

const around = 2;

/** Empty where the texts are the same. */
export function differenceOf(before: string, after: string): readonly FitDiffLine[] {
  if (before === after) return [];
  const [old, fresh] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, fresh.length) - start && old.at(-1 - end) === fresh.at(-1 - end)) end++;
  const same = (lines: readonly string[]): readonly FitDiffLine[] => lines.map((text) => ({ kind: 'same', text }));
  return [
    ...same(trimmed(old.slice(Math.max(0, start - around), start))),
    ...changesOf(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end)),
    ...same(trimmed(old.slice(old.length - end, old.length - end + around))),
  ];
}

/** Empty lines around say nothing. */
function trimmed(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.trim() !== '');
}

function linesOf(text: string): readonly string[] {
  return text.replace(/(\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/);
}

/** By their longest common subsequence: an update block is short. */
function changesOf(old: readonly string[], fresh: readonly string[]): readonly FitDiffLine[] {
  const width = fresh.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = fresh.length - 1; j >= 0; j--) {
      common[i * width + j] = old[i] === fresh[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: FitDiffLine[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [before, after] = [old[i], fresh[j]];
    if (before !== undefined && before === after) {
      lines.push({ kind: 'same', text: before });
      i++;
      j++;
    } else if (before !== undefined && (after === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: 'removed', text: before });
      i++;
    } else if (after !== undefined) {
      lines.push({ kind: 'added', text: after });
      j++;
    } else return lines;
  }
}
