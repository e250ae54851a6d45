import { expect, it } from 'vitest';
import { contextAt } from '../../../language/server/context.ts';

function at(marked: string) {
  return contextAt(marked.replace('|', ''), marked.indexOf('|'));
}

it.each([
  ['|', 'plan', [], ''],
  ['mod|', 'plan', [], 'mod'],
  ['target st|', 'plan', ['target'], 'st'],
  ['target x {\n  co|', 'target', [], 'co'],
  ['target x {\n  sram 25 |', 'target', ['sram', '25'], ''],
  ['train { batch 1; loss c|', 'train', ['loss'], 'c'],
  ['data "a { b" {\n  |', 'data', [], ''],
  ['update {\n  block8.|', 'update', [], 'block8.'],
  ['update {\n  a.b..c.|', 'update', ['a.b', '..'], 'c.'],
  ['update {\n  a .. |', 'update', ['a', '..'], ''],
  ['update {\n  a: bias,\n    wei|', 'update', ['a', ':', 'bias', ','], 'wei'],
  ['update {\n  a: weights 1/|', 'update', ['a', ':', 'weights'], '1/'],
  ['update { // {\n  a: bias // }\n  |', 'update', [], ''],
  ['train {\n}\n|', 'plan', [], ''],
  ['budget 160K|', 'plan', ['budget', '160'], 'K'],
  ['budget 160|', 'plan', ['budget'], '160'],
])('knows the block and the words before the cursor: %j', (marked, block, words, prefix) => {
  expect(at(marked)).toEqual({ block, words, prefix });
});

it('knows what quotes hold, also with comment marks in them', () => {
  expect(at('model "a//b/c|')).toMatchObject({ words: ['model'], quoted: 'a//b/c' });
  expect(at('update {\n  "x" .. "y|": bias')).toMatchObject({ block: 'update', words: ['"x"', '..'], quoted: 'y' });
});

it('offers nothing to know in comments', () => {
  expect(at('// x|')).toBeUndefined();
  expect(at('model "a" // "b|')).toBeUndefined();
});
