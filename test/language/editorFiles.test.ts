import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePlan, resolvePlan } from '../../language/index.ts';
import { dataSettings, statements, targetSettings, trainSettings } from '../../language/vocabulary.ts';

const folder = resolve(import.meta.dirname, '../../language');
const read = (file: string) => JSON.parse(readFileSync(resolve(folder, file), 'utf8'));

function patternsIn(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, each]) =>
    /^(match|begin|end)$/.test(key) && typeof each === 'string' ? [each] : patternsIn(each),
  );
}

describe('the TextMate grammar', () => {
  const grammar = read('trainplan.tmLanguage.json');

  it('has patterns that compile, and includes that exist', () => {
    for (const pattern of patternsIn(grammar)) expect(() => new RegExp(pattern)).not.toThrow();
    const includes = JSON.stringify(grammar).match(/(?<="include":"#)\w+/g) ?? [];
    expect(includes.length).toBeGreaterThan(0);
    for (const include of includes) expect(grammar.repository).toHaveProperty(include);
  });

  it.each([
    ['statement', statements],
    ['target', targetSettings],
    ['data', dataSettings],
    ['train', trainSettings],
  ])('knows every setting of %s', (rule, settings) => {
    const patterns = patternsIn(grammar.repository[rule]).map((pattern) => new RegExp(pattern));
    for (const setting of Object.keys(settings)) {
      expect(patterns.some((pattern) => pattern.exec(`  ${setting} x`)?.[0].startsWith(setting))).toBe(true);
    }
  });

  it('takes a keyword for a layer where a layer stands', () => {
    const layer = new RegExp(grammar.repository.update.patterns[2].match, 'g');
    const found = 'bias: bias\nweights..none : weights all'.match(layer)?.map((each) => each.trim());
    expect(found).toEqual(['bias', 'weights', 'none']);
  });
});

describe('the snippets', () => {
  const filled = (body: string | readonly string[]) =>
    [body]
      .flat()
      .join('\n')
      .replace(/\$\{\d+\|([^,|]*)[^}]*\|\}/g, '$1')
      .replace(/\$\{\d+:([^}]*)\}/g, '$1');

  it('give a whole plan without an error', () => {
    const text = filled(read('snippets.json')['Training plan'].body);
    expect(resolvePlan(parsePlan(text, 'a'), undefined)).toMatchObject({ ok: true, diagnostics: [] });
  });

  it('give lines that parse where they belong', () => {
    const { body: target } = read('snippets.json')['Target with its own memory'];
    expect(parsePlan(filled(target), 'a').diagnostics).toEqual([]);
    for (const name of ['Train a range of biases', 'Train part of the weights']) {
      expect(parsePlan(`update { ${filled(read('snippets.json')[name].body)} }`, 'a').diagnostics).toEqual([]);
    }
  });
});

describe('the language configuration', () => {
  const { wordPattern, indentationRules } = read('language-configuration.json');

  it('takes a whole layer name for a word, but not a range', () => {
    expect('  block8.depth-wise..classifier: bias 0.5'.match(new RegExp(wordPattern, 'g'))).toEqual([
      'block8.depth-wise',
      'classifier',
      'bias',
      '0.5',
    ]);
  });

  it('indents after an open block only', () => {
    const increase = new RegExp(indentationRules.increaseIndentPattern);
    expect(increase.test('target stm32f746 {')).toBe(true);
    expect(increase.test('data "a//b" {')).toBe(true);
    expect(increase.test('train { batch 1 }')).toBe(false);
  });
});
