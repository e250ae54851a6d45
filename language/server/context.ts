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
  const word =
    /(?<=^|[^\w*?.-]|\.\.)[A-Za-z_*?][\w*?-]*(?:\.[\w*?-]*)*$|[\d/]+$/.exec(before.slice(lineStart))?.[0] ?? '';
  const prefix = word.endsWith('..') ? '' : word;
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
  const line = before.slice(lineStart);
  const open = /^(?:[^"]|"(?:\\["\\]|[^"])*")*"((?:\\["\\]|[^"])*)$/.exec(
    line.replace(/^((?:[^"/]|"[^"]*")*)\/\/.*$/, '$1'),
  );
  if (open !== null) return { block, words: words.slice(0, -1), prefix: open[1] ?? '', quoted: open[1] ?? '' };
  if (/^(?:[^"]|"[^"]*")*?\/\//.test(line)) return undefined;
  return { block, words, prefix };
}
