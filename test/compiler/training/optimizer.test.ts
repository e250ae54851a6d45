import { describe, expect, it } from 'vitest';
import { Machine } from '../../../compiler/simulate/machine.ts';
import type { Optimizer, TrainSettings } from '../../../compiler/training/plan.ts';
import { defaultTrainSettings } from '../../../compiler/training/plan.ts';
import { at } from '../../reference/values.ts';
import { bufferName, gradientProbe, heldBy, update } from './model.ts';
import { bytesOf, compiled, floatsOf, type PlanChanges, residual, sampleOf, whole } from './networks.ts';

const optimizers: Readonly<Record<string, Optimizer>> = {
  sgd: { kind: 'sgd', momentum: 0 },
  momentum: { kind: 'sgd', momentum: 0.9 },
  adam: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
};
const network = residual();
const inputBytes = 8 * 8 * 3;

/** Learning rates at which codes move by some units a step. */
function rateFor(optimizer: string, scaling: boolean): number {
  if (optimizer === 'adam') return scaling ? 0.02 : 0.8;
  return scaling ? 1 : 1000;
}

async function follow(changes: PlanChanges, updates: number): Promise<void> {
  const settings: TrainSettings = { ...defaultTrainSettings, ...changes };
  const compilation = compiled(network, changes);
  const machine = await Machine.create(compilation.program);
  const trainingGraph = compilation.network.graph;
  const held = heldBy(machine, trainingGraph, settings);
  const start = held.map((one) => one.values.slice());
  const gradients = await gradientProbe(network, changes);
  for (let count = 0; count < updates; count++) {
    const sums = held.map((one) => new Float32Array(one.values.length));
    for (let sample = 0; sample < settings.batch; sample++) {
      const label = (count + sample) % 3;
      const codes = sampleOf(inputBytes, label, 10 * count + sample);
      const gradient = gradients(held, codes, label);
      held.forEach((one, k) => {
        const sum = sums[k] ?? new Float32Array();
        gradient.get(one)?.forEach((g, i) => {
          sum[i] = Math.fround(at(sum, i) + g);
        });
      });
      machine.trainStep(codes, label);
    }
    held.forEach((one, k) => {
      update(one, sums[k] ?? new Float32Array(), settings, count);
    });
    for (const one of held) {
      expect(bytesOf(machine, bufferName(one)), `${bufferName(one)} after ${count + 1}`).toEqual(
        new Uint8Array(one.values.buffer),
      );
    }
  }
  held.forEach((one, k) => {
    expect(one.values, `${bufferName(one)} moved`).not.toEqual(start[k]);
  });
}

const holdings = ['int8', 'int8-stochastic', 'int16'] as const;
const cases = Object.keys(optimizers).flatMap((optimizer) =>
  [true, false].flatMap((scaling) => holdings.map((weights) => [optimizer, scaling, weights] as const)),
);

describe('an update of weights, depthwise weights, biases and a float head', () => {
  it.each(cases)('is that of plain TypeScript: %s, scaling %s, %s', async (name, scaling, weights) => {
    const learningRate = rateFor(name, scaling);
    const optimizer = optimizers[name] ?? defaultTrainSettings.optimizer;
    await follow({ optimizer, scaling, weights, learningRate, classes: 5, seed: 77 }, 4);
  });

  it.each(['sgd', 'adam'])('takes the mean over a batch, %s', async (name) => {
    const optimizer = optimizers[name] ?? defaultTrainSettings.optimizer;
    await follow({ optimizer, batch: 3, learningRate: rateFor(name, true), classes: 5 }, 4);
  });

  it.each(holdings)('includes an int8 head, %s', async (weights) => {
    await follow({ classes: 3, head: 'int8', weights, learningRate: 1 }, 4);
  });
});

describe('a batch', () => {
  it('of one sample n times is one step with this sample', async () => {
    const codes = sampleOf(inputBytes, 1, 4);
    const learn = async (batch: number) => {
      const machine = await Machine.create(compiled(network, { classes: 5, batch, weights: 'int16' }).program);
      for (let i = 0; i < batch; i++) machine.trainStep(codes, 1);
      return machine;
    };
    const [one, four] = [await learn(1), await learn(4)];
    for (const { name } of one.program.buffers.filter(({ role }) => role === 'trained')) {
      expect(bytesOf(four, name)).toEqual(bytesOf(one, name));
    }
  });

  it('with momentum keeps one state, the velocity, faded for the next batch', async () => {
    const changes = { classes: 5, batch: 2, learningRate: 0.02 };
    const momentum = 0.75;
    const plain = await Machine.create(compiled(network, changes).program);
    const optimizer: Optimizer = { kind: 'sgd', momentum };
    const { program } = compiled(network, { ...changes, optimizer });
    const machine = await Machine.create(program);
    for (const [label, seed] of [
      [0, 1],
      [2, 2],
    ] as const) {
      const codes = sampleOf(inputBytes, label, seed);
      plain.trainStep(codes, label);
      machine.trainStep(codes, label);
    }
    expect(floatsOf(machine, 'classifier_trained_weights')).toEqual(floatsOf(plain, 'classifier_trained_weights'));
    const step = floatsOf(machine, 'classifier_trained_weights').map((value) => (-value / 0.01) * momentum);
    floatsOf(machine, 'classifier_weights_velocity').forEach((value, i) => {
      expect(value).toBeCloseTo(at(step, i), 5);
    });
    expect(floatsOf(plain, 'classifier_weights_gradient_sum').every((value) => value === 0)).toBe(true);
    const states = (of: typeof program) =>
      of.buffers.filter(({ role }) => role === 'optimizer').map(({ bytes }) => bytes);
    expect(states(program)).toEqual(states(plain.program));
  });
});

describe('the rate', () => {
  const settings = { classes: 5, learningRate: 0.3, batch: 2, update: new Map() };
  const codes = sampleOf(inputBytes, 0, 1);

  async function rates(changes: PlanChanges, updates: number): Promise<number[]> {
    const machine = await Machine.create(compiled(network, { ...settings, ...changes }).program);
    return Array.from({ length: updates }, () => {
      machine.trainStep(codes, 0);
      machine.trainStep(codes, 0);
      return at(floatsOf(machine, 'rate'), 0) * 2;
    });
  }

  it('is constant', async () => {
    for (const rate of await rates({}, 3)) expect(rate).toBeCloseTo(0.3, 7);
  });

  it('warms up in a line', async () => {
    const expected = [0.1, 0.2, 0.3, 0.3];
    (await rates({ warmUpSteps: 3 }, 4)).forEach((rate, i) => {
      expect(rate).toBeCloseTo(at(expected, i), 6);
    });
  });

  it('falls to 0 on a cosine, after the warm-up, and stays there', async () => {
    const values = await rates({ warmUpSteps: 2, schedule: { kind: 'cosine', steps: 4 } }, 9);
    values.forEach((rate, i) => {
      const cosine = 0.5 * (1 + Math.cos(Math.PI * Math.min(1, (i - 2) / 4)));
      expect(rate).toBeCloseTo(0.3 * (i < 2 ? (i + 1) / 2 : cosine), 6);
    });
    expect(values.slice(6)).toEqual([0, 0, 0]);
  });

  it('of Adam is not divided by the batch', async () => {
    const optimizer = optimizers.adam ?? defaultTrainSettings.optimizer;
    expect(at(await rates({ optimizer }, 1), 0)).toBeCloseTo(0.6, 6);
  });
});

describe('what must not change', () => {
  it.each(Object.keys(optimizers))('stays: an inference writes nothing learned, %s', async (name) => {
    const optimizer = optimizers[name] ?? defaultTrainSettings.optimizer;
    const { program } = compiled(network, { classes: 5, optimizer, batch: 2, weights: 'int8-stochastic' });
    const machine = await Machine.create(program);
    const prediction = program.buffers.find(({ name: buffer }) => buffer === 'prediction');
    const learned = () => {
      const bytes = machine.learned().slice();
      bytes.fill(0, prediction?.offset, (prediction?.offset ?? 0) + 4);
      return bytes;
    };
    for (let i = 0; i < 3; i++) machine.trainStep(sampleOf(inputBytes, i, i), i);
    const before = learned();
    for (let i = 0; i < 5; i++) machine.infer(sampleOf(inputBytes, i, 50 + i));
    expect(learned()).toEqual(before);
  });

  it.each(Object.keys(optimizers))('stays: weights and biases of dead channels, %s', async (name) => {
    const dead = 2;
    const scaled = network.layers.filter(({ name: layer }) => ['stem', 'depthwise', 'project'].includes(layer));
    const ids = new Set(scaled.map(({ inputs }) => at(inputs, 1)));
    const tensors = network.tensors.map((tensor) => {
      if (!ids.has(tensor.id) || tensor.quantisation === undefined) return tensor;
      const scales = tensor.quantisation.scales.map((scale, c) => (c === dead ? 4e-9 : scale));
      return { ...tensor, quantisation: { ...tensor.quantisation, scales } };
    });
    const optimizer = optimizers[name] ?? defaultTrainSettings.optimizer;
    const update = new Map(scaled.map((layer) => [layer.name, whole]));
    for (const weights of holdings) {
      const changes = { update, classes: 5, optimizer, weights, learningRate: rateFor(name, true) };
      const machine = await Machine.create(compiled({ ...network, tensors }, changes).program);
      const held = heldBy(machine, { ...network, tensors }, { weights }).filter(({ kind }) => kind !== 'float');
      const isDead = held.map(({ values, scaleAt }) => Array.from(values, (_, i) => (scaleAt?.(i) ?? 1) < 1e-8));
      for (let i = 0; i < 4; i++) machine.trainStep(sampleOf(inputBytes, i % 3, i), i % 3);
      const after = heldBy(machine, { ...network, tensors }, { weights }).filter(({ kind }) => kind !== 'float');
      held.forEach(({ values }, k) => {
        const now = after[k]?.values ?? [];
        expect(isDead[k]).toContain(true);
        values.forEach((value, i) => {
          if (isDead[k]?.[i] === true) expect(at(now, i)).toBe(value);
        });
        expect(now).not.toEqual(values);
      });
    }
  });
});
