/** Random plans, as values and as text with the layout of a careless hand. */

import fc from 'fast-check';
import type { LayerUpdate, TrainingPlan, WeightSelection } from '../../compiler/training/plan.ts';
import { boards, cores } from '../../language/boards.ts';

const path = fc.constantFrom('m.tflite', '../models/a b.tflite', 'a"b\\c.tflite', 'C:\\data\\');
const side = fc.integer({ min: 1, max: 4096 });
const size = fc.record({ width: side, height: side });

export function weights(channels: number): fc.Arbitrary<WeightSelection> {
  const denominators = [2, 4, 8].filter((denominator) => denominator <= channels);
  return fc.oneof(
    fc.constant<WeightSelection>({ kind: 'none' }),
    fc.constant<WeightSelection>({ kind: 'fraction', numerator: 1, denominator: 1, first: false }),
    fc.record({
      kind: fc.constant('fraction' as const),
      numerator: fc.constant(1),
      denominator: fc.constantFrom(...denominators),
      first: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('channels' as const),
      count: fc.integer({ min: 1, max: channels }),
      first: fc.boolean(),
    }),
  );
}

/** Updates of some of the layers, in the order given; none that trains nothing. */
export function updates(layers: readonly string[], channels: number): fc.Arbitrary<Map<string, LayerUpdate>> {
  const update = fc
    .record({ bias: fc.boolean(), weights: weights(channels) })
    .filter((each) => each.bias || each.weights.kind !== 'none');
  return fc
    .tuple(...layers.map(() => fc.option(update)))
    .map((chosen) => new Map(layers.flatMap((layer, index) => (chosen[index] ? [[layer, chosen[index]]] : []))));
}

export function plans(layers: readonly string[], channels: number): fc.Arbitrary<TrainingPlan> {
  const bytes = fc.oneof(
    fc.integer({ min: 1, max: 1 << 20 }),
    fc.integer({ min: 1, max: 1000 }).map((kilobytes) => kilobytes * 1024),
    fc.constant(2 << 20),
  );
  const count = (min: number) => fc.integer({ min, max: 65536 });
  return fc.record(
    {
      name: fc.constantFrom('shelf', 'model', 'update', '_a1'),
      model: path,
      target: fc
        .record(
          {
            core: fc.constantFrom(...cores),
            board: fc.constantFrom('stm32f746', 'rp2040'),
            sramBytes: bytes,
            flashBytes: bytes,
          },
          { requiredKeys: ['core', 'sramBytes', 'flashBytes'] },
        )
        // The clock is that of the board, and cannot be written.
        .map((target) => ({ ...target, ...(target.board && { clockHz: boards[target.board]?.clockHz ?? 0 }) })),
      budgetBytes: bytes,
      data: fc.record(
        {
          path,
          resize: size,
          fit: fc.constantFrom('stretch', 'crop'),
          augment: fc.record(
            { flip: fc.boolean(), shift: fc.integer({ min: 0, max: 9 }), crop: fc.integer({ min: 0, max: 9 }) },
            { requiredKeys: ['flip', 'shift'] },
          ),
          features: fc.oneof(
            fc.record(
              { kind: fc.constantFrom('mfcc', 'log-mel'), bands: fc.integer({ min: 1, max: 512 }) },
              { requiredKeys: ['kind'] },
            ),
            fc.record({
              kind: fc.constant('mfcc' as const),
              lowest: fc.integer({ min: 0, max: 100 }),
              highest: fc.double({ min: 101, max: 96_000, noNaN: true }),
              frameMs: fc.double({ min: 0.1, max: 1000, noNaN: true }),
              hopMs: fc.integer({ min: 1, max: 1000 }),
            }),
            fc.record({ frameMs: fc.constant(30), hopMs: fc.constant(20) }),
          ),
          windows: fc.constantFrom({ every: 12.5, unit: 'ms' as const }, { every: 10, unit: 'rows' as const }),
          split: fc.constantFrom({ numerator: 1, denominator: 5 }, { numerator: 3, denominator: 10 }),
          label: fc.constantFrom('label', 'data', 'activity', 'what it is', 'a"b', 'skip-broken', ''),
          normalise: fc.record({
            mean: fc.double({ min: -1000, max: 1000, noNaN: true }).map((mean) => mean + 0),
            deviation: fc.double({ min: 1e-9, max: 1000, noNaN: true }),
          }),
          skipBroken: fc.boolean(),
        },
        { requiredKeys: ['path', 'skipBroken'] },
      ),
      input: size,
      train: fc.record(
        {
          classes: count(2),
          head: fc.constantFrom('float32', 'int8'),
          loss: fc.constantFrom('cross-entropy', 'mean-squared-error'),
          optimizer: fc.oneof(
            fc.constant({ kind: 'adam' as const, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
            fc.record({ kind: fc.constant('sgd' as const), momentum: fc.double({ min: 0, max: 0.9999, noNaN: true }) }),
          ),
          learningRate: fc.double({ min: 1e-300, max: 1000, noNaN: true }),
          schedule: fc.oneof(
            fc.constant({ kind: 'constant' as const }),
            fc.record({ kind: fc.constant('cosine' as const), steps: count(1) }),
          ),
          warmUpSteps: count(0),
          batch: count(1),
          epochs: count(1),
          seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          scaling: fc.boolean(),
          weights: fc.constantFrom('int8', 'int8-stochastic', 'int16'),
          gradients: fc.constantFrom('float32', 'int16'),
          stream: fc.boolean(),
        },
        {
          requiredKeys: [
            'head',
            'loss',
            'optimizer',
            'learningRate',
            'schedule',
            'warmUpSteps',
            'batch',
            'epochs',
            'seed',
            'scaling',
            'weights',
            'gradients',
            'stream',
          ],
        },
      ),
      update: updates(layers, channels),
    },
    { requiredKeys: ['name', 'model', 'target', 'budgetBytes', 'train', 'update'] },
  );
}

/** Puts blanks, comments, tabs and either kind of line end wherever the grammar lets them stand. */
export function careless(text: string, choices: readonly number[]): string {
  const tokens = text.match(/"(?:\\.|[^"])*"|\d+x\d+|[\w*?./+-]+|\.\.|[^\s]/g) ?? [];
  const gaps = [' ', '  ', '\n', '\t', '\r\n', ' // none .. "\n', '\n\n\t'];
  return tokens.map((token, index) => token + gaps[(choices[index % choices.length] ?? 0) % gaps.length]).join('');
}
