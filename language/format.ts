/** The layout of a plan, and nothing else: tokens, their order and comments stay. */

interface Piece {
  readonly text: string;
  readonly comment: boolean;
}

interface Line {
  indent: number;
  code: string;
  comment: string;
}

const token = /\/\/[^\r\n]*|"(?:\\["\\]|[^"\r\n])*"?|\r\n|\r|\n|\.\.|[{}:;,]|[^\s{}:;,"]+/g;

const units = '(?:KB|MB|B|steps|channels|bands|rows|ms|Hz)';

/**
 * Two spaces per block, one between words, ` .. ` around ranges, one blank line at most, comments at the ends of
 * neighbouring lines in one column. Line breaks stay where the author put them. Formatting twice changes nothing more.
 */
export function formatPlan(text: string): string {
  const newline = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
  const lines = layOut(text.replace(/^\uFEFF/, ''));
  alignComments(lines);
  const printed = lines.map(({ indent, code, comment }) => `${'  '.repeat(indent)}${code}${comment}`.trimEnd());
  const body = printed
    .join(newline)
    .replace(/^(?:\r\n|\r|\n)+/, '')
    .trimEnd();
  return body === '' ? '' : body + newline;
}

function layOut(text: string): Line[] {
  const lines: Line[] = [];
  let depth = 0;
  let continued = false;
  for (const pieces of piecesByLine(text)) {
    const code = pieces.filter(({ comment }) => !comment).map((piece) => piece.text);
    const comment = pieces.find((piece) => piece.comment)?.text.trimEnd() ?? '';
    const previous = lines.at(-1);
    if (code.length === 0 && comment === '') {
      if (previous !== undefined && previous.code + previous.comment !== '' && !previous.code.endsWith('{')) {
        lines.push({ indent: 0, code: '', comment: '' });
      }
      continue;
    }
    if (code[0] === '}' && previous?.code === '' && previous.comment === '') lines.pop();
    const closesFirst = code[0] === '}' ? 1 : 0;
    const indent = Math.max(0, depth - closesFirst) + (continued ? 1 : 0);
    lines.push({ indent, code: joined(code), comment });
    for (const piece of code) depth = Math.max(0, depth + (piece === '{' ? 1 : piece === '}' ? -1 : 0));
    if (code.length > 0) continued = code.at(-1) === ',' || code.at(-1) === '..';
  }
  return lines;
}

function piecesByLine(text: string): Piece[][] {
  const lines: Piece[][] = [[]];
  for (const [piece] of text.matchAll(token)) {
    if (/^[\r\n]/.test(piece)) lines.push([]);
    else for (const part of parts(piece)) lines.at(-1)?.push({ text: part, comment: piece.startsWith('//') });
  }
  return lines;
}

/** `a..b` and `160KB` as the words that they are. */
function parts(piece: string): string[] {
  if (piece.startsWith('//') || piece.startsWith('"')) return [piece];
  const words = piece.split(/(\.\.)/).filter((word) => word !== '');
  return words.flatMap((word) => {
    const touching = new RegExp(`^(-?[0-9][0-9.]*(?:[eE][+-]?[0-9]+)?)(${units})$`).exec(word);
    return touching?.[1] === undefined || touching[2] === undefined ? [word] : [touching[1], touching[2]];
  });
}

function joined(pieces: readonly string[]): string {
  let code = '';
  for (const piece of pieces) {
    const glued = code === '' || /^[:;,]$/.test(piece);
    code += glued ? piece : ` ${piece}`;
  }
  // Sizes and fractions are written without blanks.
  return code
    .replace(/"[^"]*"|(\d) ([x/]) (?=\d)/g, (all, digit, mark) => (digit === undefined ? all : `${digit}${mark}`))
    .replace(/\{ \}/g, '{}');
}

function alignComments(lines: readonly Line[]): void {
  const hasBoth = (line: Line | undefined): boolean => line !== undefined && line.code !== '' && line.comment !== '';
  for (let first = 0; first < lines.length; first++) {
    if (!hasBoth(lines[first])) continue;
    let end = first;
    while (hasBoth(lines[end])) end++;
    const run = lines.slice(first, end);
    const width = Math.max(...run.map(({ indent, code }) => 2 * indent + code.length));
    for (const line of run) line.code = `${line.code}${' '.repeat(width - 2 * line.indent - line.code.length + 2)}`;
    first = end;
  }
}
