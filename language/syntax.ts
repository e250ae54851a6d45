/** Turns what lexer and parser report into diagnostics that a plan's author understands. */

import { AbstractParserErrorMessageProvider, type ParseResult } from 'langium';
import type { Diagnostic, Fix, TextRange } from '../compiler/diagnostics.ts';
import { fileStart, lineStarts, nearest, rangeAt } from './text.ts';
import { homeOf, settingsOfRule } from './vocabulary.ts';

type ParserError = ParseResult['parserErrors'][number];
type LexerError = ParseResult['lexerErrors'][number];
type Token = ParserError['token'];
type MessageProvider = AbstractParserErrorMessageProvider;

const tokenWords: Readonly<Record<string, string>> = {
  SIZE: 'a size such as 96x96',
  FRACTION: 'a fraction such as 1/4',
  NUMBER: 'a number',
  NAME: 'a name',
  STRING: 'a text in "quotes"',
  EOF: 'the end of the file',
};

function tokenWord(name: string): string {
  return tokenWords[name] ?? `\`${name}\``;
}

function found(token: Token | undefined): string {
  return token === undefined || token.image === '' ? 'the file ends' : `found \`${token.image}\``;
}

function expectation(names: readonly string[], token: Token | undefined): string {
  const unique = [...new Set(names)];
  // A place that takes any keyword takes a name: the list would only confuse.
  const shown = unique.includes('NAME') && unique.length > 6 ? ['NAME'] : unique;
  return `expected ${shown.map(tokenWord).join(' or ')}, ${found(token)}`;
}

class SyntaxMessages extends AbstractParserErrorMessageProvider {
  override buildMismatchTokenMessage(error: Parameters<MessageProvider['buildMismatchTokenMessage']>[0]): string {
    return expectation([error.expected.name], error.actual);
  }
  override buildNotAllInputParsedMessage(
    error: Parameters<MessageProvider['buildNotAllInputParsedMessage']>[0],
  ): string {
    return `\`${error.firstRedundant.image}\` does not belong here`;
  }
  override buildNoViableAltMessage(error: Parameters<MessageProvider['buildNoViableAltMessage']>[0]): string {
    const firsts = error.expectedPathsPerAlt.flatMap((paths) => paths.flatMap((path) => path[0]?.name ?? []));
    return expectation(firsts, error.actual[0]);
  }
  override buildEarlyExitMessage(error: Parameters<MessageProvider['buildEarlyExitMessage']>[0]): string {
    return expectation(
      error.expectedIterationPaths.flatMap((path) => path[0]?.name ?? []),
      error.actual[0],
    );
  }
}

export const syntaxMessages = new SyntaxMessages();

/** One diagnostic per line at most: what follows a first error on a line is mostly its echo. */
export function explainSyntax(
  text: string,
  file: string,
  lexerErrors: readonly LexerError[],
  parserErrors: readonly ParserError[],
): Diagnostic[] {
  const starts = lineStarts(text);
  const all = [
    ...lexerErrors.map((error) => explainLexer(text, starts, error)),
    ...parserErrors.map((error) => explainParser(text, starts, error)),
  ];
  const byLine = new Map<number, Diagnostic>();
  for (const diagnostic of all) {
    const line = diagnostic.range?.line ?? 0;
    if (!byLine.has(line)) byLine.set(line, { ...diagnostic, file });
  }
  return [...byLine.values()].sort((a, b) => (a.range?.line ?? 0) - (b.range?.line ?? 0));
}

function explainLexer(text: string, starts: readonly number[], error: LexerError): Diagnostic {
  const lineEnd = /[\r\n]|$/.exec(text.slice(error.offset))?.index ?? 0;
  if (text[error.offset] === '"') {
    const end = error.offset + lineEnd;
    return syntaxError(
      'unclosed-string',
      'a text in quotes does not end on its line',
      'close it with a quotation mark',
      rangeAt(starts, error.offset, end),
      [insertion('Close the quotes', rangeAt(starts, end, end), '"')],
    );
  }
  const range = rangeAt(starts, error.offset, error.offset + Math.max(1, error.length));
  const characters = text.slice(error.offset, error.offset + error.length);
  return syntaxError('unexpected-character', `\`${characters}\` has no meaning in a plan`, 'remove it', range, [
    { title: 'Remove it', edits: [{ range, text: '' }] },
  ]);
}

function explainParser(text: string, starts: readonly number[], error: ParserError): Diagnostic {
  const { token } = error;
  const rule = (error.context.ruleStack.at(-1) ?? '').replace(/\u200B$/, '');
  // Chevrotain's end-of-file token carries no offset.
  const start = token.image === '' ? text.trimEnd().length : token.startOffset;
  const before = previousOnLine(text, starts, start);
  if (token.image === '') return explainEnd(text, starts, error, rule);
  const range = rangeAt(starts, start, start + token.image.length);
  const settings = settingsOfRule[rule];
  if (/-?\d$/.test(before) && /^[A-Za-z]/.test(token.image)) return explainUnit(token.image, range, before);
  const begins = before === '' || /[{};]$/.test(before);
  if (settings !== undefined && !(token.image in settings) && begins && /^[A-Za-z]/.test(token.image)) {
    return explainSetting(token.image, range, Object.keys(settings));
  }
  const last = previousToken(error);
  if (rule === 'UpdateLine' && last !== undefined) {
    // A misspelt unit reads like the next line's layer.
    const beforeLast = previousOnLine(text, starts, last.startOffset);
    const lastRange = rangeAt(starts, last.startOffset, last.startOffset + last.image.length);
    if (/\d$/.test(beforeLast) && /^[A-Za-z]/.test(last.image)) return explainUnit(last.image, lastRange, beforeLast);
  }
  if (before === '' && last !== undefined) return explainMissing(error.message, last, starts);
  return syntaxError('syntax', error.message, 'correct it as expected, or remove it', range);
}

/** The text between the line's start and `offset`, without a comment's worth of care: tokens never follow comments. */
function previousOnLine(text: string, starts: readonly number[], offset: number): string {
  const line = rangeAt(starts, offset, offset).line;
  return text.slice(starts[line - 1] ?? 0, offset).trim();
}

function explainEnd(text: string, starts: readonly number[], error: ParserError, rule: string): Diagnostic {
  const end = text.length;
  const place = text.trim() === '' ? fileStart : rangeAt(starts, lastCharacter(text), lastCharacter(text) + 1);
  const closes = error.message.includes('`}`') || settingsOfRule[rule] !== undefined || rule === 'UpdateStatement';
  return syntaxError(
    'unexpected-end',
    closes ? 'the file ends inside a block: expected `}`' : error.message,
    closes ? 'close the block with `}`' : 'complete the last line',
    place,
    closes ? [insertion('Close the block', rangeAt(starts, end, end), text.endsWith('\n') ? '}\n' : '\n}\n')] : [],
  );
}

/** The line before is incomplete: the place is there, not at the innocent token of a later line. */
function explainMissing(message: string, last: Token, starts: readonly number[]): Diagnostic {
  const range = rangeAt(starts, last.startOffset, last.startOffset + last.image.length);
  const wanted = message.replace(/, found .*/, '');
  return syntaxError('value-missing', `${wanted} after \`${last.image}\``, 'complete the line', range);
}

/** Most of Chevrotain's exceptions carry it, though their common type does not say so. */
function previousToken(error: ParserError): Token | undefined {
  const token = (error as ParserError & { readonly previousToken?: Token }).previousToken;
  return token === undefined || token.image === '' ? undefined : token;
}

function lastCharacter(text: string): number {
  return Math.max(0, text.trimEnd().length - 1);
}

function explainUnit(word: string, range: TextRange, before: string): Diagnostic {
  const units = /\b(sram|flash|budget)\b[^;{]*$/.test(before)
    ? ['KB', 'MB', 'B']
    : /\b(schedule|warm-up)\b[^;{]*$/.test(before)
      ? ['steps']
      : /\bweights\b[^;{]*$/.test(before)
        ? ['channels']
        : /\bframes\b[^;{]*$/.test(before)
          ? ['ms']
          : /\bwindows\b[^;{]*$/.test(before)
            ? ['ms', 'rows']
            : /\bfeatures\b[^;{]*$/.test(before)
              ? ['bands', 'Hz']
              : [];
  const meant = units.find((unit) => unit[0] === word[0]?.toUpperCase()) ?? nearest(word, units) ?? units[0];
  if (meant === undefined) {
    return syntaxError('unexpected-unit', `\`${word}\` does not belong here`, 'this number takes no unit', range, [
      { title: `Remove \`${word}\``, edits: [{ range, text: '' }] },
    ]);
  }
  return syntaxError('unknown-unit', `\`${word}\` is not a unit here`, `write ${units.join(', ')}`, range, [
    { title: `Change to \`${meant}\``, edits: [{ range, text: meant }] },
  ]);
}

function explainSetting(word: string, range: TextRange, settings: readonly string[]): Diagnostic {
  const home = homeOf(word);
  if (home !== undefined) {
    return syntaxError('misplaced-setting', `\`${word}\` does not belong here`, `it belongs ${home}`, range);
  }
  const meant = nearest(word, settings);
  return syntaxError(
    'unknown-setting',
    `\`${word}\` is not a setting here`,
    meant === undefined ? `known here: ${settings.join(', ')}` : `did you mean \`${meant}\`?`,
    range,
    meant === undefined ? [] : [{ title: `Change to \`${meant}\``, edits: [{ range, text: meant }] }],
  );
}

function insertion(title: string, range: TextRange, text: string): Fix {
  return { title, edits: [{ range, text }] };
}

function syntaxError(
  code: string,
  message: string,
  remedy: string,
  range: TextRange,
  fixes: readonly Fix[] = [],
): Diagnostic {
  return { severity: 'error', code, message, remedy, range, ...(fixes.length > 0 ? { fixes } : {}) };
}
