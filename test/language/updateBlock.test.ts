import { describe, expect, it } from 'vitest';
import type { LayerUpdate } from '../../compiler/training/plan.ts';
import { applyEdits, parsePlan, resolveFully } from '../../language/index.ts';
import { editForUpdate, updateLines } from '../../language/updateBlock.ts';
import { exampleGraph } from './graphs.ts';

const none = { kind: 'none' } as const;
const half = { kind: 'fraction', numerator: 1, denominator: 2, first: false } as const;
const bias: LayerUpdate = { bias: true, weights: none };
const update: ReadonlyMap<string, LayerUpdate> = new Map([
  ['block9.pointwise2', bias],
  ['block10.pointwise1', { bias: true, weights: half }],
  ['block10.depthwise', bias],
  ['classifier', { bias: true, weights: half }],
]);

function after(text: string, wanted = update): string {
  const edit = editForUpdate(text, exampleGraph, wanted);
  return edit === undefined ? text : applyEdits(text, [edit]);
}

describe('an update block said anew', () => {
  it('says neighbouring biases as a range, and then the weights', () => {
    expect(updateLines(exampleGraph, update)).toEqual([
      'block9.pointwise2 .. block10.depthwise: bias',
      'block10.pointwise1: weights 1/2',
      'classifier: bias, weights 1/2',
    ]);
  });

  it('replaces what the block said, and nothing around it', () => {
    const text = 'model "m.tflite"\nupdate {\n  stem: weights all\n  * : bias\n}\ntrain { learning-rate 0.1 }\n';
    const result = after(text);
    expect(result).toMatch(/^model "m.tflite"\nupdate \{\n {2}block9/);
    expect(result).toMatch(/\n\}\ntrain \{ learning-rate 0.1 \}\n$/);
    expect(resolveFully(parsePlan(result, ''), exampleGraph).update).toEqual(update);
  });

  it('keeps the comments of the block', () => {
    expect(after('update {\n  // the last block\n  stem: bias // for the light\n}\n')).toMatch(
      /^update \{\n {2}\/\/ the last block\n {2}\/\/ for the light\n {2}block9/,
    );
  });

  it('adds the block where there is none, with the line ends of the text', () => {
    const result = after('model "m.tflite"\r\nbudget 4 KB');
    expect(result).toMatch(/^model "m.tflite"\r\nbudget 4 KB\r\n\r\nupdate \{\r\n {2}block9/);
    expect(result.replaceAll('\r\n', '')).not.toContain('\n');
    expect(resolveFully(parsePlan(result, ''), exampleGraph).update).toEqual(update);
  });

  it('is no edit where the text says so already', () => {
    expect(editForUpdate(after('update {}'), exampleGraph, update)).toBeUndefined();
  });

  it('freezes everything for an empty choice', () => {
    const result = after('update { stem: bias }', new Map());
    expect(resolveFully(parsePlan(result, ''), exampleGraph).update).toEqual(new Map());
  });
});
