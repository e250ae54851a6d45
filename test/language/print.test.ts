import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePlan, printPlan, resolvePlan } from '../../language/index.ts';
import { sketchGraph } from './graphs.ts';
import { careless, plans } from './plans.ts';

const layers = ['stem', 'bias', 'weights', 'none', 'all', 'block1.conv-2', 'update', 'first'];
const channels = 16;
const graph = sketchGraph(layers.map((name) => ({ name, operator: 'CONV_2D', weights: [8, 1, 1, channels] })));
const plan = plans(layers, channels);
const choices = fc.array(fc.nat(6), { minLength: 1, maxLength: 40 });

function treeOf(text: string): unknown {
  const parsed = parsePlan(text, 'a.trainplan');
  expect(parsed.diagnostics).toEqual([]);
  return JSON.parse(
    JSON.stringify(parsed.ast, (key, value) => (key.startsWith('$') && key !== '$type' ? undefined : value)),
  );
}

describe('printing', () => {
  it('gives text that resolves to the same plan, whatever the plan', () => {
    fc.assert(
      fc.property(plan, (wanted) => {
        const result = resolvePlan(parsePlan(printPlan(wanted), 'a.trainplan'), graph);
        expect(result.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
        expect(result.ok && result.value).toEqual(wanted);
      }),
      { numRuns: 150 },
    );
  });

  it('gives text that parses to the same tree, whatever the layout', () => {
    fc.assert(
      fc.property(plan, choices, (value, layout) => {
        const text = careless(printPlan(value), layout);
        const tree = treeOf(text);
        const printed = printPlan(parsePlan(text, 'a.trainplan'));
        expect(treeOf(printed)).toEqual(tree);
        expect(printPlan(parsePlan(printed, 'a.trainplan'))).toBe(printed);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps parts that the plan itself does not hold: ranges, patterns, order, quotes', () => {
    const text = `update {
  a .. "b/c": bias, weights first 24 channels
  *.x?: none
  "d*": bias none, weights none
}
data "d" {
  augment shift 4
}
input 96x64
model "m"
`;
    expect(printPlan(parsePlan(text, 'a.trainplan'))).toBe(text);
  });

  it('gives back a text with syntax errors untouched', () => {
    expect(printPlan(parsePlan('budget  160 kb // x', 'a.trainplan'))).toBe('budget  160 kb // x');
  });
});
