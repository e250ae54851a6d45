/** Collects the diagnostics of one plan. */

import type { AstNode } from 'langium';
import type { Diagnostic, Fix, Severity, TextRange } from '../compiler/diagnostics.ts';
import type { ParsedPlan } from './parse.ts';
import { endOf, nearest, rangeOf, wholeLineRange } from './text.ts';
import type { NumberRule } from './vocabulary.ts';

export interface Finding {
  readonly at: TextRange;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly layer?: string;
  readonly fixes?: readonly Fix[];
}

export class Report {
  readonly diagnostics: Diagnostic[] = [];

  readonly file: string;
  readonly text: string;
  /** Some text could not be read: nothing can be said to be missing. */
  readonly syntaxBroken: boolean;
  private readonly brokenLines: ReadonlySet<number>;

  constructor(parsed: ParsedPlan) {
    this.file = parsed.fileName;
    this.text = parsed.text;
    this.syntaxBroken = parsed.diagnostics.length > 0;
    this.brokenLines = new Set(parsed.diagnostics.map(({ range }) => range?.line ?? 0));
  }

  error(finding: Finding): void {
    this.add('error', finding);
  }

  warning(finding: Finding): void {
    this.add('warning', finding);
  }

  private add(severity: Severity, finding: Finding): void {
    const { at, ...rest } = finding;
    // What is left of a line that was not understood says nothing for sure.
    if (this.brokenLines.has(at.line) && at.line === at.endLine) return;
    this.diagnostics.push({ severity, ...rest, file: this.file, range: at });
  }

  replacement(at: TextRange, text: string): Fix {
    return { title: `Change to \`${text}\``, edits: [{ range: at, text }] };
  }

  insertion(title: string, after: TextRange, text: string): Fix {
    return { title, edits: [{ range: endOf(after), text }] };
  }

  removal(title: string, at: TextRange): Fix {
    return { title, edits: [{ range: wholeLineRange(this.text, at), text: '' }] };
  }

  /** Reports `word` if it is none of `words`; says whether it is one. */
  oneOf<T extends string>(
    at: TextRange,
    what: string,
    code: string,
    word: string | undefined,
    words: readonly T[],
  ): word is T {
    if (word === undefined) return false;
    if ((words as readonly string[]).includes(word)) return true;
    const meant = nearest(word, words);
    this.error({
      at,
      code,
      message: `unknown ${what} \`${word}\``,
      remedy: meant === undefined ? `use one of ${words.join(', ')}` : `did you mean \`${meant}\`?`,
      ...(meant === undefined ? {} : { fixes: [this.replacement(at, meant)] }),
    });
    return false;
  }

  /** The number if it keeps the rule, else undefined and a diagnostic. */
  number(
    at: TextRange,
    what: string,
    value: number | undefined,
    rule: NumberRule,
    offerNearest = !rule.aboveMin,
  ): number | undefined {
    if (value === undefined || Number.isNaN(value)) return undefined;
    const tooSmall = rule.aboveMin ? value <= rule.min : value < rule.min;
    if (!tooSmall && value <= rule.max && (!rule.integer || Number.isInteger(value))) return value;
    const kind = rule.integer ? 'a whole number' : 'a number';
    const bounds = rule.aboveMin ? `above ${rule.min}, at most ${rule.max}` : `from ${rule.min} to ${rule.max}`;
    this.error({
      at,
      code: 'number-out-of-range',
      message: `${what} is ${value}`,
      remedy: `use ${kind} ${bounds}`,
      ...(offerNearest ? { fixes: [this.replacement(at, String(nearestAllowed(value, rule)))] } : {}),
    });
    return undefined;
  }

  unitMissing(at: TextRange, what: string, units: readonly string[]): void {
    this.error({
      at,
      code: 'unit-missing',
      message: `${what} has no unit`,
      remedy: `add ${units.join(' or ')}`,
      fixes: units.map((unit) => this.insertion(`Add \`${unit}\``, at, ` ${unit}`)),
    });
  }

  /** Keeps the first node of each key; the others are reported, with the removal of `extentOf` them as the fix. */
  unique<T extends AstNode>(
    nodes: readonly T[],
    keyOf: (node: T) => string,
    extentOf: (node: T) => TextRange = rangeOf,
  ): Map<string, T> {
    const first = new Map<string, T>();
    for (const node of nodes) {
      const key = keyOf(node);
      const earlier = first.get(key);
      if (earlier === undefined) {
        first.set(key, node);
        continue;
      }
      const at = rangeOf(node);
      this.error({
        at,
        code: 'duplicate-setting',
        message: `\`${key}\` is already set on line ${rangeOf(earlier).line}`,
        remedy: 'keep one of the two',
        fixes: [this.removal('Remove this one', extentOf(node))],
      });
    }
    return first;
  }
}

function nearestAllowed(value: number, rule: NumberRule): number {
  const inside = Math.min(rule.max, Math.max(rule.min, value));
  return rule.integer ? Math.round(inside) : inside;
}
