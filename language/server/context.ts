/** Where in a plan the cursor stands: which block, and what its line says so far. Reads any text, however incomplete. */

export type Block = 'plan' | 'target' | 'data' | 'train' | 'update';

export interface CursorContext {
  readonly block: Block;
  /** The tokens of the statement before the word that is being typed. */
  readonly words: readonly string[];
  /** The part of that word before the cursor. */
  readonly prefix: string;
  /** Set within a text in quotes: what it holds so far. */
  readonly quoted?: string;
}

const blocks: Readonly<Record<string, Block>> = { target: 'target', data: 'data', train: 'train', update: 'update' };

const token =
  /\/\/[^\r\n]*|"(?:\\["\\]|[^"\r\n])*"?|[A-Za-z_*?][\w*?-]*(?:\.[\w*?-]+)*|[\d/]+(?:\.\d+)?|\.\.|\r?\n|[^\s]/g;

/** Undefined within a comment, where nothing is to be completed. */
export function contextAt(text: string, offset: number): CursorContext | undefined {
  const before = text.slice(0, offset);
  const lineStart = Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) + 1;
  const prefix = wordBefore(before.slice(lineStart));
  let block: Block = 'plan';
  let opener: Block = 'plan';
  let words: string[] = [];
  for (const [piece] of before.slice(0, offset - prefix.length).matchAll(token)) {
    if (piece.startsWith('//')) continue;
    if (piece === '{') block = opener;
    if (piece === '}') block = 'plan';
    if (/^[{};]$|\n/.test(piece)) {
      // A comma at the end of a line carries the statement on.
      if (piece.endsWith('\n') && words.at(-1) === ',') continue;
      words = [];
      continue;
    }
    if (block === 'plan' && words.length === 0) opener = blocks[piece] ?? opener;
    words.push(piece);
  }
  const { comment, quoted } = stateAfter(before.slice(lineStart));
  if (comment) return undefined;
  if (quoted !== undefined) return { block, words: words.slice(0, -1), prefix: quoted, quoted };
  return { block, words, prefix };
}

/** What is being typed: a name, which may end with a dot but not begin within `..`; a unit; or a number. */
function wordBefore(line: string): string {
  const run = /[\w*?./-]*$/.exec(line)?.[0] ?? '';
  const word = run.slice(run.lastIndexOf('..') < 0 ? 0 : run.lastIndexOf('..') + 2);
  return /^\d+(?:\.\d+)?([A-Za-z]+)$/.exec(word)?.[1] ?? word;
}

/** Whether a line ends in a comment, or in a text in quotes, and what that holds. */
function stateAfter(line: string): { readonly comment: boolean; readonly quoted?: string } {
  let open = -1;
  for (let place = 0; place < line.length; place++) {
    const inQuotes = open >= 0;
    if (inQuotes && /^\\["\\]/.test(line.slice(place, place + 2))) place++;
    else if (line[place] === '"') open = inQuotes ? -1 : place + 1;
    else if (!inQuotes && line.startsWith('//', place)) return { comment: true };
  }
  return open < 0 ? { comment: false } : { comment: false, quoted: line.slice(open) };
}
