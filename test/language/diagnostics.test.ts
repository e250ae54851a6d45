import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../compiler/diagnostics.ts';
import { applyEdits, parsePlan, resolvePlan } from '../../language/index.ts';
import { exampleGraph, sketchGraph } from './graphs.ts';

const model = 'model "m.tflite"\n';
const target = 'target stm32f746\n';
const update = (line: string) => `${model}${target}update {\n  ${line}\n}\n`;
const train = (line: string) => `${model}${target}train {\n  classes 10\n  ${line}\n}\n`;

function diagnose(text: string, graph = exampleGraph): readonly Diagnostic[] {
  return resolvePlan(parsePlan(text, 'a.trainplan'), graph).diagnostics;
}

interface Case {
  readonly code: string;
  readonly text: string;
  /** The text that is underlined. */
  readonly at: string;
  readonly says: string;
  /** What the first quick fix makes of the text; absent: there is none. */
  readonly fixed?: string;
  readonly severity?: 'warning';
}

const cases: Readonly<Record<string, readonly Case[]>> = {
  layers: [
    {
      code: 'unknown-layer',
      text: update('block8.pointwise: bias'),
      at: 'block8.pointwise',
      says: 'did you mean `block8.pointwise1`?',
      fixed: update('block8.pointwise1: bias'),
    },
    {
      code: 'unknown-layer',
      text: update('clasifier .. classifier: bias'),
      at: 'clasifier',
      says: 'did you mean `classifier`?',
      fixed: update('classifier .. classifier: bias'),
    },
    {
      code: 'unknown-layer',
      text: update('"head/clasifier/BiasAdd": bias'),
      at: '"head/clasifier/BiasAdd"',
      says: 'did you mean `head/classifier/BiasAdd`?',
      fixed: update('"head/classifier/BiasAdd": bias'),
    },
    {
      code: 'layer-without-weights',
      text: update('stem: bias\n  pool: bias // why'),
      at: 'pool',
      says: 'AVERAGE_POOL_2D',
      fixed: update('stem: bias'),
    },
    {
      code: 'range-reversed',
      text: update('classifier .. stem: bias'),
      at: 'classifier .. stem',
      says: 'comes before',
      fixed: update('stem .. classifier: bias'),
    },
    { code: 'pattern-in-range', text: update('stem .. block*: bias'), at: 'block*', says: 'one layer at each end' },
    { code: 'no-layer-matched', text: update('blok*: bias'), at: 'blok*', says: 'no layer matches' },
    { code: 'no-layer-matched', text: update('add*: bias'), at: 'add*', says: 'no layer with weights matches' },
    { code: 'no-layer-matched', text: update('pool..pool: bias'), at: 'pool..pool', says: 'lies in the range' },
    {
      code: 'dead-line',
      text: update('stem: bias\n  stem: bias none, weights all'),
      at: 'stem: bias',
      says: 'later lines replace',
      severity: 'warning',
      fixed: update('stem: bias none, weights all'),
    },
    {
      code: 'duplicate-setting',
      text: update('stem: bias, weights 1/2, bias'),
      at: 'bias',
      says: 'already set',
      fixed: update('stem: bias, weights 1/2'),
    },
    { code: 'duplicate-setting', text: update('stem: none, bias'), at: 'stem: none, bias', says: 'let it stand alone' },
  ],
  channels: [
    {
      code: 'channels-out-of-range',
      text: update('block8.pointwise1: weights 17 channels'),
      at: 'weights 17 channels',
      says: 'has 16 channels, not 17',
      fixed: update('block8.pointwise1: weights all'),
    },
    {
      code: 'channels-out-of-range',
      text: update('stem: weights 1/8'),
      at: 'weights 1/8',
      says: '1/8 of them is none',
      fixed: update('stem: weights all'),
    },
    {
      code: 'number-out-of-range',
      text: update('stem: weights 0 channels'),
      at: '0',
      says: 'from 1',
      fixed: update('stem: weights 1 channels'),
    },
    {
      code: 'number-out-of-range',
      text: update('classifier: weights 3/4'),
      at: '3/4',
      says: '1/8, 1/4, 1/2, all',
      fixed: update('classifier: weights 1/8'),
    },
    {
      code: 'unit-missing',
      text: update('classifier: weights 8'),
      at: '8',
      says: 'add channels',
      fixed: update('classifier: weights 8 channels'),
    },
    {
      code: 'unknown-unit',
      text: update('classifier: weights 8 chanels'),
      at: 'chanels',
      says: 'write channels',
      fixed: update('classifier: weights 8 channels'),
    },
  ],
  settings: [
    {
      code: 'number-out-of-range',
      text: `${model}${target}train {\n  classes 1\n}\n`,
      at: '1',
      says: 'from 2',
      fixed: `${model}${target}train {\n  classes 2\n}\n`,
    },
    { code: 'number-out-of-range', text: train('batch 0'), at: '0', says: 'from 1', fixed: train('batch 1') },
    { code: 'number-out-of-range', text: train('batch 1.5'), at: '1.5', says: 'whole', fixed: train('batch 2') },
    { code: 'number-out-of-range', text: train('epochs -3'), at: '-3', says: 'from 1', fixed: train('epochs 1') },
    { code: 'number-out-of-range', text: train('learning-rate 0'), at: '0', says: 'above 0' },
    {
      code: 'number-out-of-range',
      text: train('optimizer sgd momentum 1'),
      at: '1',
      says: 'momentum',
      fixed: train('optimizer sgd momentum 0.9999'),
    },
    { code: 'unit-missing', text: train('warm-up 9'), at: '9', says: 'add steps', fixed: train('warm-up 9 steps') },
    {
      code: 'unit-missing',
      text: train('schedule cosine 9'),
      at: '9',
      says: 'add steps',
      fixed: train('schedule cosine 9 steps'),
    },
    {
      code: 'value-missing',
      text: train('schedule cosine'),
      at: 'schedule cosine',
      says: '5000 steps',
      fixed: train('schedule cosine 5000 steps'),
    },
    {
      code: 'unexpected-value',
      text: train('schedule constant 9 steps'),
      at: 'schedule constant 9 steps',
      says: 'takes no steps',
      fixed: train('schedule constant'),
    },
    {
      code: 'unexpected-value',
      text: train('optimizer adam momentum 0.5'),
      at: '0.5',
      says: 'no momentum',
      fixed: train('optimizer adam'),
    },
    {
      code: 'unknown-value',
      text: train('loss cross-entrpy'),
      at: 'cross-entrpy',
      says: 'did you mean `cross-entropy`?',
      fixed: train('loss cross-entropy'),
    },
    {
      code: 'duplicate-setting',
      text: train('classes 5'),
      at: 'classes 5',
      says: 'line 4',
      fixed: `${model}${target}train {\n  classes 10\n}\n`,
    },
    {
      code: 'duplicate-setting',
      text: `${model}${target}${model}train { classes 2 }\n`,
      at: 'model "m.tflite"',
      says: 'line 1',
      fixed: `${model}${target}train { classes 2 }\n`,
    },
    {
      code: 'number-out-of-range',
      text: `${train('')}data "d" { augment shift -1 }`,
      at: '-1',
      says: 'from 0',
      fixed: `${train('')}data "d" { augment shift 0 }`,
    },
    { code: 'number-out-of-range', text: `${train('')}data "d" { normalise 1 0 }`, at: '0', says: 'above 0' },
    { code: 'number-out-of-range', text: `${train('')}input 0x96`, at: '0x96', says: 'width is 0' },
    {
      code: 'invalid-name',
      text: `${train('')}name my-net\n`,
      at: 'my-net',
      says: 'underscores',
      fixed: `${train('')}name my_net\n`,
    },
    { code: 'missing-model', text: `model ""\n${target}train { classes 2 }\n`, at: 'model ""', says: 'path' },
  ],
  target: [
    {
      code: 'missing-model',
      text: `${target}train { classes 2 }\n`,
      at: '',
      says: 'add `model',
      fixed: `model "model.tflite"\n${target}train { classes 2 }\n`,
    },
    {
      code: 'missing-target',
      text: `${model}train { classes 2 }\n`,
      at: '',
      says: 'add `target',
      fixed: `target stm32f746\n${model}train { classes 2 }\n`,
    },
    {
      code: 'unknown-board',
      text: `${model}target stm32f764\ntrain { classes 2 }\n`,
      at: 'stm32f764',
      says: 'did you mean `stm32f746`?',
      fixed: `${model}target stm32f746\ntrain { classes 2 }\n`,
    },
    {
      code: 'unknown-core',
      text: `${model}target { core cortex-m77; sram 1 MB; flash 1 MB }\ntrain { classes 2 }\n`,
      at: 'cortex-m77',
      says: 'did you mean `cortex-m7`?',
      fixed: `${model}target { core cortex-m7; sram 1 MB; flash 1 MB }\ntrain { classes 2 }\n`,
    },
    {
      code: 'missing-flash',
      text: `${model}target {\n  core cortex-m4\n  sram 64 KB\n}\ntrain { classes 2 }\n`,
      at: 'target {\n  core cortex-m4\n  sram 64 KB\n}',
      says: 'add `flash 1 MB`',
      fixed: `${model}target {\n  core cortex-m4\n  sram 64 KB\n  flash 1 MB\n}\ntrain { classes 2 }\n`,
    },
    {
      code: 'unit-missing',
      text: `${model}${target}budget 160\ntrain { classes 2 }\n`,
      at: '160',
      says: 'KB or MB',
      fixed: `${model}${target}budget 160 KB\ntrain { classes 2 }\n`,
    },
    {
      code: 'unknown-unit',
      text: `${model}${target}budget 160kb\ntrain { classes 2 }\n`,
      at: 'kb',
      says: 'write KB, MB, B',
      fixed: `${model}${target}budget 160KB\ntrain { classes 2 }\n`,
    },
    { code: 'number-out-of-range', text: `${train('')}budget 0 KB`, at: '0 KB', says: 'whole number of bytes' },
    { code: 'number-out-of-range', text: `${train('')}budget 9999 MB`, at: '9999 MB', says: 'whole number of bytes' },
    { code: 'number-out-of-range', text: `${train('')}budget 0.1 KB`, at: '0.1 KB', says: 'whole number of bytes' },
    {
      code: 'budget-above-sram',
      text: `${train('')}budget 1 MB\n`,
      at: 'budget 1 MB',
      says: 'lower the budget',
      severity: 'warning',
      fixed: train(''),
    },
    {
      code: 'nothing-trains',
      text: `${model}${target}update {\n}\n`,
      at: 'update {\n}',
      says: 'name layers',
      severity: 'warning',
      fixed: `${model}${target}update {\n}\ntrain {\n  classes 10\n}\n`,
    },
    {
      code: 'nothing-trains',
      text: `${model}${target}train {\n  batch 2\n}\n`,
      at: '',
      says: 'name layers',
      severity: 'warning',
      fixed: `${model}${target}train {\n  classes 10\n  batch 2\n}\n`,
    },
  ],
  syntax: [
    {
      code: 'unknown-setting',
      text: train('lerning-rate 0.1'),
      at: 'lerning-rate',
      says: 'did you mean `learning-rate`?',
      fixed: train('learning-rate 0.1'),
    },
    { code: 'misplaced-setting', text: `${train('')}sram 4 KB`, at: 'sram', says: 'in `target { }`' },
    { code: 'value-missing', text: train('loss\n  seed 1'), at: 'loss', says: 'complete the line' },
    { code: 'value-missing', text: update('stem:\n  classifier: bias'), at: ':', says: 'complete the line' },
    { code: 'syntax', text: update('stem bias'), at: 'bias', says: 'expected `:`' },
    { code: 'syntax', text: update('stem: bais'), at: 'bais', says: 'or `bias` or' },
    {
      code: 'unclosed-string',
      text: `${target}train { classes 2 }\nmodel "m.tflite`,
      at: '"m.tflite',
      says: 'quotation mark',
      fixed: `${target}train { classes 2 }\nmodel "m.tflite"`,
    },
    {
      code: 'unexpected-end',
      text: `${model}${target}train {\n  classes 2\n`,
      at: '2',
      says: 'close the block',
      fixed: `${model}${target}train {\n  classes 2\n}\n`,
    },
    {
      code: 'unexpected-character',
      text: train('@seed 1'),
      at: '@',
      says: 'remove it',
      fixed: train('seed 1'),
    },
    {
      code: 'unexpected-unit',
      text: train('batch 4 samples'),
      at: 'samples',
      says: 'no unit',
      fixed: train('batch 4 '),
    },
  ],
};

for (const [group, list] of Object.entries(cases)) {
  describe(`diagnostics of ${group}`, () => {
    it.each(list.map((each) => [each.code, each.at, each] as const))('%s at `%s`', (code, _, expected) => {
      const diagnostics = diagnose(expected.text);
      expect(diagnostics.map((each) => each.code)).toEqual([code]);
      const [diagnostic] = diagnostics;
      if (diagnostic?.range === undefined) throw new Error('no place');
      expect(diagnostic.severity).toBe(expected.severity ?? 'error');
      expect(diagnostic.file).toBe('a.trainplan');
      expect(`${diagnostic.message}; ${diagnostic.remedy}`).toContain(expected.says);
      const rest = applyEdits(expected.text, [{ range: diagnostic.range, text: '\u0000' }]);
      const before = rest.indexOf('\u0000');
      const after = rest.length - before - 1;
      expect(expected.text.slice(before, expected.text.length - after)).toBe(expected.at);
      const fix = diagnostic.fixes?.[0];
      expect(fix && applyEdits(expected.text, fix.edits)).toBe(expected.fixed);
      if (expected.fixed !== undefined) expect(diagnose(expected.fixed)).toEqual([]);
    });
  });
}

describe('diagnostics', () => {
  it('names all layers that share a full name, and offers their short names', () => {
    const graph = sketchGraph([
      { name: 'conv0', fullName: 'same', operator: 'CONV_2D', weights: [4, 1, 1, 4] },
      { name: 'conv1', fullName: 'same', operator: 'CONV_2D', weights: [4, 1, 1, 4] },
    ]);
    const [diagnostic] = diagnose(update('"same": bias'), graph);
    expect(diagnostic?.code).toBe('ambiguous-layer');
    expect(diagnostic?.fixes?.map((fix) => fix.edits[0]?.text)).toEqual(['conv0', 'conv1']);
  });

  it('refuses the bias of a layer that has none, but lets a range pass over it', () => {
    const graph = sketchGraph([
      { name: 'a', operator: 'CONV_2D', weights: [4, 1, 1, 4], bias: false },
      { name: 'b', operator: 'CONV_2D', weights: [4, 1, 1, 4] },
    ]);
    expect(diagnose(update('a: bias'), graph).map(({ code }) => code)).toEqual(['layer-without-bias']);
    expect(diagnose(update('a .. b: bias'), graph)).toEqual([]);
  });

  it('reports every line that is wrong, and only once each', () => {
    const text = `${model}target {\n sram 256 kb\n}\ntrain {\n sed 1\n}\nbugdet 3 KB\nupdate {\n stem: bais\n}\n`;
    expect(diagnose(text).map((each) => [each.range?.line, each.code])).toEqual([
      [3, 'unknown-unit'],
      [6, 'unknown-setting'],
      [8, 'unknown-setting'],
      [10, 'syntax'],
    ]);
  });
});
