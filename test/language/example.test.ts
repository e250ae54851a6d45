import { describe, expect, it } from 'vitest';
import { parsePlan, resolveFully, resolvePlan } from '../../language/index.ts';
import { exampleGraph } from './graphs.ts';

const example = `// What the camera on the shelf keeps learning.
model "models/mcunet-5fps.tflite"       // path relative to this file
name shelf                              // prefix of the C symbols; default: this file's name

target {
  core cortex-m7                        // or a board: target stm32f746
  sram 256 KB                           // KB = 1024 bytes, MB = 1024 KB
  flash 1 MB
}
budget 160 KB                           // all SRAM that training may use; more is an error on this line

data "data/shelf"                       // train/<class>/*, test/<class>/*; other forms in the data section of the docs

train {
  classes 10                            // a new classifier for 10 classes; leave it out to keep the model's own
  head float32                          // of the new classifier: float32 (default) | int8
  loss cross-entropy                    // | mean-squared-error
  optimizer sgd                         // | sgd momentum 0.9 | adam
  learning-rate 0.0008                  // times the mean gradient, in real units
  schedule constant                     // | cosine 5000 steps
  warm-up 100 steps
  batch 1                               // more: gradients are accumulated
  epochs 10                             // for simulation
  seed 1
  scaling on                            // quantisation-aware scaling (QAS)
  weights int8                          // how trained weights are held: int8 | int8-stochastic | int16
  gradients float32                     // | int16 (once there)
  stream on                             // | off (once there)
}

update {
  block8.depthwise .. classifier: bias  // a range, in execution order
  block9.pointwise1: weights 1/4        // a quarter of the input channels, the largest first
  block10.pointwise1: weights 1/2
  classifier: weights all
}
`;

describe('the example of the contract', () => {
  const parsed = parsePlan(example, 'plans/other.trainplan');
  const result = resolvePlan(parsed, exampleGraph);

  it('parses and resolves without a diagnostic', () => {
    expect(parsed.diagnostics).toEqual([]);
    expect(result.diagnostics).toEqual([]);
    expect(result.ok).toBe(true);
  });

  it('means what its comments say', () => {
    if (!result.ok) throw new Error('not resolved');
    const { update, ...settings } = result.value;
    expect(settings).toEqual({
      name: 'shelf',
      model: 'models/mcunet-5fps.tflite',
      target: { core: 'cortex-m7', sramBytes: 262144, flashBytes: 1048576 },
      budgetBytes: 163840,
      data: { path: 'data/shelf', skipBroken: false },
      train: {
        classes: 10,
        head: 'float32',
        loss: 'cross-entropy',
        optimizer: { kind: 'sgd', momentum: 0 },
        learningRate: 0.0008,
        schedule: { kind: 'constant' },
        warmUpSteps: 100,
        batch: 1,
        epochs: 10,
        seed: 1,
        scaling: true,
        weights: 'int8',
        gradients: 'float32',
        stream: true,
      },
    });
    const none = { kind: 'none' };
    const part = (denominator: number) => ({ kind: 'fraction', numerator: 1, denominator, first: false });
    expect([...update]).toEqual([
      ['block8.depthwise', { bias: true, weights: none }],
      ['block8.pointwise2', { bias: true, weights: none }],
      ['block9.pointwise1', { bias: true, weights: part(4) }],
      ['block9.depthwise', { bias: true, weights: none }],
      ['block9.pointwise2', { bias: true, weights: none }],
      ['block10.pointwise1', { bias: true, weights: part(2) }],
      ['block10.depthwise', { bias: true, weights: none }],
      ['block10.pointwise2', { bias: true, weights: none }],
      ['classifier', { bias: true, weights: part(1) }],
    ]);
  });

  it('keeps what each line of update matched, and where', () => {
    const { lines, places } = resolveFully(parsed, exampleGraph);
    expect(lines.map((line) => line.layers.length)).toEqual([9, 1, 1, 1]);
    expect(lines[1]?.layers[0]?.layer).toBe('block9.pointwise1');
    const row = (pattern: string) => example.split('\n').findIndex((line) => line.startsWith(pattern)) + 1;
    expect(lines[0]?.range.line).toBe(row('  block8.depthwise'));
    expect(places.budget?.line).toBe(row('budget'));
    expect(places.target?.line).toBe(row('target'));
    expect(places.settings.get('classes')?.line).toBe(row('  classes'));
  });
});
