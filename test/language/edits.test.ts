import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frozen, type LayerUpdate } from '../../compiler/training/plan.ts';
import {
  applyEdits,
  editForToggle,
  editForToggles,
  type LayerChange,
  parsePlan,
  resolveFully,
  undoOf,
} from '../../language/index.ts';
import { printWeights } from '../../language/print.ts';
import { exampleGraph, sketchGraph } from './graphs.ts';
import { careless, weights } from './plans.ts';

const head = 'model "m"\ntarget rp2040\n';
const half = { kind: 'fraction', numerator: 1, denominator: 2, first: false } as const;
const none = { kind: 'none' } as const;

function toggled(lines: string, layer: string, change: LayerChange): string {
  const text = `${head}update {\n${lines}}\n`;
  const edit = editForToggle(text, exampleGraph, layer, change);
  const after = edit === undefined ? text : applyEdits(text, [edit]);
  return after.slice(`${head}update {\n`.length, -2);
}

describe('an edit', () => {
  it('adds a line in execution order, after the ranges', () => {
    const lines = '  stem .. pool: bias\n  block8.pointwise1: weights 1/2 // big\n  classifier: weights all\n';
    expect(toggled(lines, 'block9.pointwise1', { weights: half })).toBe(
      lines.replace('// big\n', '// big\n  block9.pointwise1: weights 1/2\n'),
    );
  });

  it('adds to and takes from the line that the layer has', () => {
    expect(toggled('  stem: weights 1/2 // c\n', 'stem', { bias: true })).toBe('  stem: bias, weights 1/2 // c\n');
    expect(toggled('  stem: bias // c\n', 'stem', { weights: half })).toBe('  stem: bias, weights 1/2 // c\n');
    expect(toggled('  stem: bias, weights all // c\n', 'stem', { bias: false })).toBe('  stem: weights all // c\n');
    expect(toggled('  stem: bias,weights all // c\n', 'stem', { weights: none })).toBe('  stem: bias // c\n');
    expect(toggled('  stem: bias, weights all\n', 'stem', { weights: half })).toBe('  stem: bias, weights 1/2\n');
  });

  it('removes a line that would say nothing, unless a comment hangs on it', () => {
    expect(toggled('  stem: bias\n  classifier: bias\n', 'stem', { bias: false })).toBe('  classifier: bias\n');
    expect(toggled('  stem: bias // why\n', 'stem', { bias: false })).toBe('  stem: none // why\n');
    expect(toggled('  stem: none // why\n', 'stem', { bias: true })).toBe('  stem: bias // why\n');
    expect(toggled('  stem: bias, weights all\n', 'stem', frozen)).toBe('');
  });

  it('says `none` where an earlier line says otherwise', () => {
    const range = '  stem .. classifier: bias\n';
    expect(toggled(range, 'block8.depthwise', { bias: false })).toBe(`${range}  block8.depthwise: bias none\n`);
    expect(toggled(`${range}  stem: weights all\n`, 'stem', frozen)).toBe(`${range}  stem: bias none\n`);
  });

  it('goes behind a later line that would undo it', () => {
    const lines = '  stem: bias\n  *: none\n';
    expect(toggled(lines, 'stem', { bias: true })).toBe(`${lines}  stem: bias\n`);
  });

  it('keeps comments between changes', () => {
    expect(toggled('  stem: bias, // one, two\n    weights all // three\n', 'stem', { weights: none })).toBe(
      '  stem: bias // one, two\n     // three\n',
    );
    expect(toggled('  stem: bias // one\n  , weights all // two\n', 'stem', { bias: false })).toBe(
      '  stem: // one\n   weights all // two\n',
    );
  });

  it('adds the block, and lines to blocks of any shape', () => {
    const train = (text: string) => {
      const edit = editForToggle(text, exampleGraph, 'stem', { bias: true });
      return edit && applyEdits(text, [edit]);
    };
    expect(train(head)).toBe(`${head}\nupdate {\n  stem: bias\n}\n`);
    expect(train('model "m"')).toBe('model "m"\n\nupdate {\n  stem: bias\n}\n');
    expect(train('update {}')).toBe('update {\n  stem: bias\n}');
    expect(train('update {\r\n}\r\n')).toBe('update {\r\n  stem: bias\r\n}\r\n');
    expect(train('update { classifier: bias }')).toBe('update { classifier: bias; stem: bias }');
    expect(train('update {\n\tclassifier: bias // x\n}')).toBe('update {\n\tclassifier: bias // x\n\tstem: bias\n}');
    expect(train('update {\n  // nothing yet\n}')).toBe('update {\n  // nothing yet\n  stem: bias\n}');
  });

  it('is absent where the plan says so already', () => {
    const text = `${head}update {\n  stem: bias\n}\n`;
    expect(editForToggle(text, exampleGraph, 'stem', { bias: true })).toBeUndefined();
    expect(editForToggle(text, exampleGraph, 'classifier', frozen)).toBeUndefined();
  });

  it('is as small as can be', () => {
    const text = `${head}update {\n  stem: bias, weights 1/4 // c\n}\n`;
    expect(editForToggle(text, exampleGraph, 'stem', { weights: half })).toEqual({
      range: { line: 4, column: 25, endLine: 4, endColumn: 26 },
      text: '2',
    });
  });

  it('says a run of layers in one line', () => {
    const text = `${head}update {\n  stem: weights all\n}\n`;
    const names = ['block10.pointwise1', 'block10.depthwise', 'block10.pointwise2', 'classifier'];
    const edit = editForToggles(text, exampleGraph, new Map(names.map((name) => [name, { bias: true }])));
    expect(edit?.text.trim()).toBe('block10.pointwise1 .. classifier: bias');
  });
});

describe('for any plan, layout and toggle', () => {
  const layers = ['stem', 'bias', 'weights', 'none', 'all', 'block1.conv-2', 'update', 'first'];
  const graph = sketchGraph(layers.map((name) => ({ name, operator: 'CONV_2D', weights: [8, 1, 1, 16] })));
  const layer = fc.constantFrom(...layers);
  const change: fc.Arbitrary<LayerChange> = fc.record(
    { bias: fc.boolean(), weights: weights(16) },
    { requiredKeys: [] },
  );
  const line = fc
    .tuple(fc.constantFrom('*', '?????', 'stem..all', 'bias .. first', '"b*"', ...layers), change)
    .map(([selector, { bias, weights: selection }]) => {
      const changes = [
        ...(bias === undefined ? [] : [bias ? 'bias' : 'bias none']),
        ...(selection === undefined ? [] : [printWeights(selection)]),
      ];
      return `${selector}: ${changes.length === 0 ? 'none' : changes.join(', ')}`;
    });
  const text = fc
    .tuple(fc.array(line, { maxLength: 6 }), fc.array(fc.nat(6), { minLength: 1, maxLength: 30 }), fc.boolean())
    .map(([lines, layout, block]) => {
      const plan = block ? `${head}update {\n  ${lines.join('\n  ')}\n}\n` : head;
      return layout.length < 8 ? plan : careless(plan, layout);
    });
  const updateOf = (plan: string) => {
    const parsed = parsePlan(plan, 'a');
    expect(parsed.diagnostics).toEqual([]);
    return resolveFully(parsed, graph).update;
  };
  const comments = (plan: string) => plan.match(/\/\/[^\r\n]*/g) ?? [];

  it('edit then parse equals the plan wanted, comments stay, and undo restores the bytes', () => {
    fc.assert(
      fc.property(text, fc.array(fc.tuple(layer, change), { minLength: 1, maxLength: 5 }), (plan, toggles) => {
        const changes = new Map(toggles);
        const wanted = new Map<string, LayerUpdate>(updateOf(plan));
        for (const [name, each] of changes) {
          const update = { ...(wanted.get(name) ?? frozen), ...each };
          if (update.bias || update.weights.kind !== 'none') wanted.set(name, update);
          else wanted.delete(name);
        }
        const edit = editForToggles(plan, graph, changes);
        const after = edit === undefined ? plan : applyEdits(plan, [edit]);
        expect(new Map(updateOf(after))).toEqual(wanted);
        expect(comments(after)).toEqual(comments(plan));
        if (edit !== undefined) expect(applyEdits(after, [undoOf(plan, edit)])).toBe(plan);
      }),
      { numRuns: 200 },
    );
  });
});
