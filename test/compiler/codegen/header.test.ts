import { describe, expect, it } from 'vitest';
import { generateC } from '../../../compiler/codegen/c.ts';
import { type FactOptions, modelFacts } from '../../../compiler/codegen/facts.ts';
import { planHash } from '../../../compiler/codegen/identity.ts';
import { stringLiteral } from '../../../compiler/codegen/literals.ts';
import { graph } from '../../support/graph-builder.ts';
import { compiled, type PlanChanges, part, planOf, residual } from '../training/networks.ts';

function filesOf(
  changes: PlanChanges = {},
  options: FactOptions = {},
  network = residual(),
): ReadonlyMap<string, string> {
  const compilation = compiled(network, { classes: 3, ...changes });
  const facts = modelFacts(compilation, planOf(changes), options);
  return new Map(generateC(compilation.program, facts).map(({ path, text }) => [path, text]));
}

function macro(files: ReadonlyMap<string, string>, name: string): string | undefined {
  return new RegExp(`^#define SMALL_${name} (.+)$`, 'm').exec(files.get('small.h') ?? '')?.[1];
}

describe('the header of a model', () => {
  it('has its sizes as macros', () => {
    const files = filesOf();
    const sizes = ['INPUT_BYTES', 'INPUT_WIDTH', 'INPUT_HEIGHT', 'INPUT_CHANNELS', 'CLASSES', 'BATCH'];
    expect(sizes.map((name) => macro(files, name))).toEqual(['192', '8', '8', '3', '3', '1']);
    expect(macro(filesOf({ batch: 4 }), 'BATCH')).toBe('4');
  });

  it('counts bytes of an input that is no codes, and offers no pictures', () => {
    const network = graph(3)
      .input([1, 6], { name: 'input', dtype: 'float32' })
      .quantise()
      .dense({ units: 4, name: 'hidden' })
      .dense({ units: 3, name: 'classifier' })
      .build();
    const files = filesOf({ update: new Map() }, {}, network);
    expect(macro(files, 'INPUT_BYTES')).toBe('24');
    expect(macro(files, 'INPUT_WIDTH')).toBeUndefined();
    expect(files.get('small.h')).not.toContain('small_picture');
    expect([...files.keys()]).not.toContain('kernels/ft_picture.c');
  });

  it("carries the user's licence in every C file, or says whose the text is", () => {
    const licence = 'SPDX-License-Identifier: BSD-3-Clause\nCopyright 2026 Acme */ GmbH';
    for (const [path, text] of filesOf({}, { licence })) {
      if (path.endsWith('.json')) continue;
      expect(text.split('\n').slice(0, 4).join('\n'), path).toContain(
        'SPDX-License-Identifier: BSD-3-Clause\n * Copyright',
      );
      expect(text.indexOf('*/')).toBeGreaterThan(text.indexOf('Acme'));
      expect(text).toContain('Acme * / GmbH');
    }
    for (const [path, text] of filesOf()) {
      if (!path.endsWith('.json')) expect(text.split('\n', 3).join(' '), path).toContain('yours');
    }
  });

  it('names classes that the data does not name by their numbers', () => {
    expect(filesOf({}, { classNames: ['cat', 'dog'] }).get('small.c')).toContain('  "cat",\n  "dog",\n  "2",\n');
  });
});

describe('the hash of a plan', () => {
  const hashOf = (changes: PlanChanges, network = residual()): number =>
    planHash(compiled(network, { classes: 3, ...changes }));

  it('stays when only the way of training changes', () => {
    const before = hashOf({});
    expect(hashOf({ learningRate: 0.5, batch: 8, optimizer: { kind: 'sgd', momentum: 0.9 }, seed: 7 })).toBe(before);
    expect(hashOf({ stream: false, warmUpSteps: 9, schedule: { kind: 'cosine', steps: 10 } })).toBe(before);
  });

  it('changes with the model, the classes, the channels that train and the width of their weights', () => {
    const other = residual();
    const changedWeight = {
      ...other,
      tensors: other.tensors.map((tensor) =>
        tensor.dtype === 'int8' && tensor.data !== undefined
          ? { ...tensor, data: tensor.data.map((byte, index) => (index === 0 ? byte ^ 1 : byte)) }
          : tensor,
      ),
    };
    const hashes = [
      hashOf({}),
      hashOf({}, changedWeight),
      hashOf({ classes: 4 }),
      hashOf({ head: 'int8' }),
      hashOf({ weights: 'int16' }),
      hashOf({ update: new Map([['project', part(1, 2)]]) }),
      hashOf({ update: new Map([['project', part(1, 4)]]) }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('a C string', () => {
  it('holds any text without joining an escape and what follows it', () => {
    expect(stringLiteral('a "b"\\')).toBe('"a \\"b\\"\\\\"');
    expect(stringLiteral('é1')).toBe('"\\303\\2511"');
    expect(stringLiteral('??/\n')).toBe('"\\077\\077/\\012"');
  });
});
