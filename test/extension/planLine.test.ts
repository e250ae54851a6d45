import { describe, expect, it } from 'vitest';
import { lineOfLayer, nameAt } from '../../extension/trace/planLine.ts';

const plan = `// update { head: bias } is a comment
model "net.tflite"
update {
  block2.depthwise .. classifier: bias
  block1?.*: bias
  block3.pointwise1: weights 1/4 // classifier: none
  "a long/tensor name": none
  block3.pointwise1: none
}
`;
const layers = ['stem', 'block2.depthwise', 'block3.pointwise1', 'pool', 'classifier', 'block12.project'];

describe('the line of a layer in a plan', () => {
  it.each([
    ['the last that names it', 'block3.pointwise1', 8],
    ['a range around it', 'pool', 4],
    ["a range's end", 'classifier', 4],
    ['a pattern', 'block12.project', 5],
    ['its full name', 'a long/tensor name', 7],
    ['the model, where the layer is frozen', 'stem', 2],
  ])('is %s', (_, layer, line) => {
    expect(lineOfLayer(plan, layer, layers)).toBe(line);
  });

  it('is the first of a plan that names no model', () => {
    expect(lineOfLayer('', 'stem', [])).toBe(1);
  });
});

describe('the layer at a place of a plan', () => {
  const line = '  block2.depthwise .. classifier: bias // pool';
  it.each([
    [2, 'block2.depthwise'],
    [10, 'block2.depthwise'],
    [18, 'block2.depthwise'],
    [25, 'classifier'],
    [32, 'classifier'],
    [36, 'bias'],
    [1, undefined],
    [44, undefined],
  ])('at column %i is %s', (character, name) => {
    expect(nameAt(line, character)).toBe(name);
  });

  it('ends at the dots of a range without spaces', () => {
    expect(nameAt('a.b..c:', 1)).toBe('a.b');
    expect(nameAt('a.b..c:', 6)).toBe('c');
    expect(nameAt('"x y": bias', 2)).toBe('x y');
  });
});
