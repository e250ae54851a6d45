import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph, Tensor } from '../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../compiler/model/graph.ts';
import type { LayerUpdate, WeightSelection } from '../../compiler/training/plan.ts';
import { floatTwin } from '../support/float-twin.ts';
import { graph, randomValues } from '../support/graph-builder.ts';
import { randomNumbers } from '../support/random.ts';
import { backpropagate, outputLoss } from './backward.ts';
import { operatorCases } from './cases.ts';
import { finiteDifference } from './finite-difference.ts';
import { referenceForward } from './forward.ts';
import { initialState, referenceBackward, referenceStep, referenceTraining, runningParameters } from './step.ts';
import type { ReferenceSettings } from './training.ts';
import { chooseChannels, deadChannels, trainables, trainingGraph } from './training.ts';
import { at, constantValues, elementScale, roundHalfAway } from './values.ts';

const whole: LayerUpdate = {
  bias: true,
  weights: { kind: 'fraction', numerator: 1, denominator: 1, first: false },
};

function settings(changes: Partial<ReferenceSettings> = {}): ReferenceSettings {
  return {
    head: 'float32',
    loss: 'cross-entropy',
    scaling: true,
    weights: 'int8',
    update: new Map(),
    ...changes,
  };
}

const everyLayer = (network: Graph) => new Map(network.layers.map(({ name }) => [name, whole]));

function sampleOf(network: Graph, seed = 5): Float64Array[] {
  const random = randomNumbers(seed);
  return network.inputs.map((id) => randomValues(tensorAt(network, id), random));
}

const residual = () =>
  graph(3)
    .input([1, 6, 6, 3])
    .conv({ channels: 6, name: 'stem', activation: 'relu6' })
    .depthwise({ name: 'depthwise', kernel: 5 })
    .conv({ channels: 6, kernel: 1, name: 'project' })
    .add('stem', { name: 'sum' })
    .averagePool()
    .dense({ units: 4, name: 'classifier' });

describe('backpropagation', () => {
  it('adds both gradients where a tensor feeds two layers', () => {
    const network = residual().build();
    const inputs = sampleOf(network);
    const pass = referenceForward(network, inputs, 'real', { clamp: true });
    const { seed } = outputLoss(network, pass, 'cross-entropy', 2);
    const gradients = backpropagate(network, pass, seed);
    const loss = (moved: typeof pass) => outputLoss(network, moved, 'cross-entropy', 2).loss;
    const bias = at(network.layers.find(({ name }) => name === 'stem')?.inputs ?? [], 2);
    const expected = finiteDifference(network, inputs, loss, bias, { clamp: true, h: 1 });
    gradients.get(bias)?.forEach((g, i) => {
      expect(g).toBeCloseTo(at(expected, i), 7);
    });
    const [input = -1] = network.inputs;
    finiteDifference(network, inputs, loss, input, { clamp: true }).forEach((slope, i) => {
      expect(at(gradients.get(input) ?? [], i)).toBeCloseTo(slope, 7);
    });
  });

  it('passes a gradient at both ends of the clamp, and none outside', () => {
    const network = graph().input([1, 6], { scale: 1, zeroPoint: 0 }).quantise({ scale: 0.5, zeroPoint: 1 }).build();
    const pass = referenceForward(network, [[-66, -65, -64, 63, 64, 0]], 'int8');
    const [output = -1] = network.outputs;
    expect(Array.from(pass.masks.get(output) ?? [])).toEqual([0, 0, 1, 1, 0, 1]);
    const gradients = backpropagate(network, pass, new Map([[output, new Float64Array(6).fill(1)]]));
    expect(Array.from(gradients.get(network.inputs[0] ?? -1) ?? [])).toEqual([0, 0, 2, 2, 0, 2]);
  });

  it('reads activations and masks from outside', () => {
    const network = graph().input([1, 3]).quantise({ name: 'first' }).quantise({ name: 'second' }).build();
    const [first = -1, second = -1] = network.layers.map(({ outputs }) => at(outputs, 0));
    const activations = new Map([[first, [5, 6, 7]]]);
    const masks = new Map([[second, [1, 0, 1]]]);
    const pass = referenceForward(network, [[0, 0, 0]], 'int8', { activations, masks });
    expect(Array.from(pass.values.get(first) ?? [])).toEqual([5, 6, 7]);
    const gradients = backpropagate(network, pass, new Map([[second, new Float64Array([1, 1, 1])]]));
    expect(gradients.get(first)?.[1]).toBe(0);
    expect(gradients.get(first)?.[0]).not.toBe(0);
  });
});

describe('quantisation-aware scaling', () => {
  /** One step of everything on the codes and on the float network, without rounding and clamps: the relative difference. */
  function differenceToFloatStep(network: Graph): number {
    const plan = settings({ loss: 'mean-squared-error', update: everyLayer(network) });
    const built = referenceTraining(network, plan);
    const [output = -1] = built.graph.outputs;
    const training = { ...built, graph: { ...built.graph, outputs: [output] } };
    const inputs = sampleOf(network);
    const target = new Float64Array(elementCount(tensorAt(network, output).shape)).fill(0.3);
    const rate = 0.05;
    const state = initialState(training);
    const { trained } = referenceBackward(training, state, inputs, target, { mode: 'real' });
    const next = floatTwin(training.graph, referenceStep(training, state, trained, rate, { round: false }));

    const twin = floatTwin(training.graph);
    const reals = inputs.map((codes, i) => {
      const tensor = tensorAt(network, network.inputs[i] ?? -1);
      const { scale, zeroPoint } = elementScale(tensor.shape, tensor.quantisation);
      return codes.map((q) => scale(0) * (q - zeroPoint(0)));
    });
    const pass = referenceForward(twin.graph, reals, 'real', { parameters: twin.parameters });
    const { seed } = outputLoss(twin.graph, pass, 'mean-squared-error', target);
    const gradients = backpropagate(twin.graph, pass, seed);
    expect(training.trainables.length).toBeGreaterThan(0);
    const differences = training.trainables.map(({ tensor }) => {
      const steps = gradients.get(tensor)?.map((g) => rate * g) ?? new Float64Array();
      const largest = steps.reduce((most, step) => Math.max(most, Math.abs(step)), 1e-9);
      const before = twin.parameters.get(tensor) ?? [];
      const after = next.parameters.get(tensor) ?? [];
      return steps.reduce(
        (most, step, i) => Math.max(most, Math.abs(at(before, i) - step - at(after, i)) / largest),
        0,
      );
    });
    return Math.max(...differences);
  }

  it.each(operatorCases)('makes the step of the float network through $operator', ({ trainableGraphs }) => {
    fc.assert(
      fc.property(trainableGraphs, (network) => {
        expect(differenceToFloatStep(network)).toBeLessThan(1e-5);
      }),
      { seed: 11, numRuns: 10 },
    );
  });

  it('makes the step of a float network with a residual', () => {
    expect(differenceToFloatStep(residual().build())).toBeLessThan(1e-5);
  });

  it('multiplies by one without it', () => {
    const network = residual().build();
    const factors = trainables(network, settings({ scaling: false, update: everyLayer(network) })).map(({ factor }) =>
      factor(0),
    );
    expect(new Set(factors)).toEqual(new Set([1]));
  });
});

describe('the trained channels', () => {
  const weights: Tensor = {
    id: 0,
    name: 'weights',
    shape: [2, 4],
    dtype: 'int8',
    data: new Uint8Array(Int8Array.from([1, -5, 3, 0, 0, 0, -4, 5]).buffer),
  };
  const choose = (selection: WeightSelection) => chooseChannels(weights, selection);

  it('have the largest sum of squares, the lower index first among equals', () => {
    expect(choose({ kind: 'channels', count: 1, first: false })).toEqual([1]);
    expect(choose({ kind: 'channels', count: 2, first: false })).toEqual([1, 2]);
    expect(choose({ kind: 'fraction', numerator: 3, denominator: 4, first: false })).toEqual([1, 2, 3]);
    expect(choose({ kind: 'channels', count: 2, first: true })).toEqual([0, 1]);
  });

  it('cannot be none at all', () => {
    expect(() => choose({ kind: 'fraction', numerator: 1, denominator: 8, first: false })).toThrow('0 of 4');
  });

  it('leave the others as they are', () => {
    const network = residual().build();
    const update = new Map([
      ['project', { bias: false, weights: { kind: 'channels', count: 2, first: true } }],
    ] as const);
    const training = referenceTraining(network, settings({ update }));
    const [trainable] = training.trainables;
    if (trainable === undefined) throw new Error('nothing trains');
    const state = initialState(training);
    const before = state.get(trainable.tensor) ?? new Float64Array();
    const { trained } = referenceBackward(training, state, sampleOf(network), 1);
    expect(trained.get(trainable.tensor)?.length).toBe(2 * 6);
    const after = referenceStep(training, state, trained, 10).get(trainable.tensor) ?? new Float64Array();
    const changed = Array.from(before.keys()).filter((i) => before[i] !== after[i]);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.every((i) => i % 6 < 2)).toBe(true);
  });
});

describe('dead channels', () => {
  it('have a scale below a thousandth of the median, the mean of the two middle ones', () => {
    expect(deadChannels([1, 3, 1.9e-3, 2.1e-3 * 2, 5, 9])).toEqual([false, false, true, false, false, false]);
    expect(deadChannels([0.5])).toEqual([false]);
  });
});

describe('the update', () => {
  /** One dense layer of two outputs whose codes, scales and gradients are given. */
  function stepOf(changes: Partial<ReferenceSettings>, held: number, gradient: number, random?: () => number): number {
    const network = graph().input([1, 1]).dense({ units: 1, name: 'dense' }).build();
    const training = referenceTraining(network, settings({ scaling: false, update: everyLayer(network), ...changes }));
    const [weights] = training.trainables;
    if (weights === undefined) throw new Error('nothing trains');
    const state = new Map(initialState(training)).set(weights.tensor, new Float64Array([held]));
    const options = random === undefined ? {} : { random };
    const next = referenceStep(training, state, new Map([[weights.tensor, new Float64Array([gradient])]]), 1, options);
    const [code = Number.NaN] = runningParameters(training, next).get(weights.tensor) ?? [];
    return code;
  }

  it('rounds half away from zero and saturates at 127', () => {
    expect(stepOf({}, 5, 0.5)).toBe(5);
    expect(stepOf({}, 5, 0.6)).toBe(4);
    expect(stepOf({}, -5, -0.5)).toBe(-5);
    expect(stepOf({}, 100, -1e30)).toBe(127);
    expect(stepOf({}, 100, 1e30)).toBe(-127);
  });

  it('rounds stochastically where the draw says so', () => {
    expect(stepOf({ weights: 'int8-stochastic' }, 5, 0.3, () => 0.29)).toBe(4);
    expect(stepOf({ weights: 'int8-stochastic' }, 5, 0.3, () => 0.31)).toBe(5);
  });

  it('runs the rounded top of 16 bits', () => {
    expect(stepOf({ weights: 'int16' }, 5 * 256, 0.499)).toBe(5);
    expect(stepOf({ weights: 'int16' }, 5 * 256, 0.51)).toBe(4);
    expect(stepOf({ weights: 'int16' }, 127 * 256, -1e9)).toBe(127);
  });

  it('keeps a bias within 2^30, or within its initial size', () => {
    const network = graph().input([1, 1]).dense({ units: 1, name: 'dense' }).build();
    const update = new Map([['dense', { bias: true, weights: { kind: 'none' } }]] as const);
    const training = referenceTraining(network, settings({ update }));
    const [bias] = training.trainables;
    if (bias === undefined) throw new Error('nothing trains');
    const state = initialState(training);
    const after = (gradient: number) =>
      referenceStep(training, state, new Map([[bias.tensor, new Float64Array([gradient])]]), 1).get(bias.tensor)?.[0];
    expect(after(-1e30)).toBe(2 ** 30);
    expect(after(1e30)).toBe(-(2 ** 30));
  });

  it('does not write a dead channel', () => {
    const network = graph().input([1, 2]).dense({ units: 3, perChannel: true, name: 'dense' }).build();
    const [weightsId = -1, biasId = -1] = network.layers[0]?.inputs.slice(1) ?? [];
    const scales = [0.01, 1e-9, 0.02];
    const tensors = network.tensors.map((tensor) =>
      tensor.id === weightsId ? { ...tensor, quantisation: { scales, zeroPoints: [0, 0, 0], axis: 0 } } : tensor,
    );
    const training = referenceTraining({ ...network, tensors }, settings({ update: everyLayer(network) }));
    const state = initialState(training);
    const gradients = new Map([
      [weightsId, new Float64Array(6).fill(1e9)],
      [biasId, new Float64Array(3).fill(1e9)],
    ]);
    const next = referenceStep(training, state, gradients, 1);
    expect(next.get(weightsId)?.subarray(2, 4)).toEqual(state.get(weightsId)?.subarray(2, 4));
    expect(next.get(biasId)?.[1]).toBe(state.get(biasId)?.[1]);
    expect(Array.from(next.get(weightsId) ?? []).filter((code) => code === -127).length).toBe(4);
  });
});

describe('a new head', () => {
  const network = residual().softmax({ name: 'softmax' }).build();

  it('starts at 0, trains without being listed, and drops what follows', () => {
    const training = referenceTraining(network, settings({ classes: 7 }));
    expect(training.trainables.map(({ layer, role, float }) => [layer, role, float])).toEqual([
      ['classifier', 'weights', true],
      ['classifier', 'bias', true],
    ]);
    expect(training.graph.layers.at(-1)?.name).toBe('classifier');
    const { loss, outputs, trained } = referenceBackward(training, initialState(training), sampleOf(network), 3);
    expect(loss).toBeCloseTo(Math.log(7), 12);
    expect(Array.from(outputs)).toEqual(Array(7).fill(0));
    expect(trained.get(training.trainables[1]?.tensor ?? -1)?.[3]).toBeCloseTo(1 / 7 - 1, 12);
  });

  it.each(['float32', 'int8'] as const)('learns one sample by heart, %s', (head) => {
    const training = referenceTraining(network, settings({ classes: 3, head }));
    const inputs = sampleOf(network);
    let state = initialState(training);
    const first = referenceBackward(training, state, inputs, 1);
    for (let i = 0; i < 20; i++) {
      state = referenceStep(training, state, referenceBackward(training, state, inputs, 1).trained, 0.05);
    }
    const last = referenceBackward(training, state, inputs, 1);
    expect(last.loss).toBeLessThan(0.7 * first.loss);
    expect(last.prediction).toBe(1);
  });

  it('is the medians of the old one where it is int8', () => {
    const { graph: changed } = referenceTraining(network, settings({ classes: 3, head: 'int8' }));
    const output = tensorAt(changed, changed.outputs[0] ?? -1);
    const old = network.layers.find(({ name }) => name === 'classifier');
    expect(output.quantisation).toEqual({
      scales: tensorAt(network, old?.outputs[0] ?? -1).quantisation?.scales,
      zeroPoints: [0],
      axis: 0,
    });
    expect(constantValues(tensorAt(changed, changed.layers.at(-1)?.inputs[1] ?? -1)).every((code) => code === 0)).toBe(
      true,
    );
  });

  it('is not made without `classes`: the final softmax is dropped', () => {
    expect(trainingGraph(network, settings()).layers.at(-1)?.name).toBe('classifier');
    expect(trainingGraph(network, settings({ loss: 'mean-squared-error' })).layers.at(-1)?.name).toBe('softmax');
  });
});

describe('rounding', () => {
  it.each([
    [0.5, 1],
    [-0.5, -1],
    [0.49999999999999994, 0],
    [2.5, 3],
    [-2.4, -2],
    [-0.3, 0],
  ])('takes %f to %i', (value, expected) => {
    expect(roundHalfAway(value)).toBe(expected);
  });
});
