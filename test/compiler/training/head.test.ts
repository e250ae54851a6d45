import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Graph, tensorAt } from '../../../compiler/model/graph.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { at } from '../../reference/values.ts';
import { graph } from '../../support/graph-builder.ts';
import { compiled, floatsOf, type PlanChanges, residual, sampleOf, whole } from './networks.ts';

/** The same features into a 1x1 convolution, as some converters write a classifier. */
const convolutional = () =>
  graph(5)
    .input([1, 8, 8, 3])
    .conv({ channels: 8, name: 'stem', stride: 2, activation: 'relu6' })
    .averagePool()
    .conv({ channels: 6, kernel: 1, name: 'classifier', activation: 'relu' })
    .reshape([1, 6])
    .softmax()
    .build();

/** Mean loss of the first and of the last quarter of `steps` single steps over `classes` classes. */
async function learn(network: Graph, changes: PlanChanges, classes: number, steps: number) {
  const { program } = compiled(network, changes);
  const machine = await Machine.create(program);
  const bytes = machine.bytes(program.ports.input).length;
  const losses = Array.from({ length: steps }, (_, i) =>
    machine.trainStep(sampleOf(bytes, i % classes, i), i % classes),
  );
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const quarter = Math.floor(steps / 4);
  return { first: mean(losses.slice(0, quarter)), last: mean(losses.slice(-quarter)), machine, losses };
}

describe.each([
  ['a dense layer', residual()],
  ['a 1x1 convolution', convolutional()],
])('a new classifier in place of %s', (_, network) => {
  it.each([2, 3, 10, 37, 102])('starts even between %i classes, float32 and int8, and learns', async (classes) => {
    for (const head of ['float32', 'int8'] as const) {
      const update = new Map([['stem', { ...whole, weights: { kind: 'none' } }]] as const);
      const result = await learn(network, { classes, head, update, learningRate: 0.1 }, Math.min(3, classes), 160);
      expect(at(result.losses, 0)).toBeCloseTo(Math.log(classes), 5);
      // The few codes of an int8 logit set a floor.
      expect(result.last).toBeLessThan(0.95 * Math.log(classes));
      expect(result.machine.bytes(result.machine.program.ports.output).length).toBe(4 * classes);
    }
  });

  it('has neither activation nor zero point where it is int8, and the medians of the old scales', () => {
    const { network: prepared } = compiled(network, { classes: 3, head: 'int8', update: new Map() });
    const layer = prepared.graph.layers.at(-1);
    const old = network.layers.find(({ name }) => name === 'classifier');
    expect(layer).toMatchObject({ name: 'classifier', attributes: { activation: 'none' } });
    const [scale] = tensorAt(network, at(old?.outputs ?? [], 0)).quantisation?.scales ?? [];
    const output = tensorAt(prepared.graph, at(layer?.outputs ?? [], 0));
    expect(output.quantisation).toMatchObject({ scales: [scale], zeroPoints: [0] });
  });
});

describe("the model's own head", () => {
  it('learns with its final softmax left out', async () => {
    const update = new Map([['classifier', whole]]);
    const { first, last, machine } = await learn(
      residual(true),
      { update, learningRate: 0.1, weights: 'int16' },
      3,
      120,
    );
    expect(last).toBeLessThan(0.8 * first);
    expect(machine.program.steps.some(({ calls }) => calls.some(({ kernel }) => kernel === 'ft_softmax_s8'))).toBe(
      false,
    );
  });
});

describe('a squared error', () => {
  const settings = { loss: 'mean-squared-error', learningRate: 0.1, weights: 'int16' } as const;

  it('reconstructs the input where there are as many results', async () => {
    const autoencoder = graph(9)
      .input([1, 24])
      .dense({ units: 8, name: 'code', activation: 'relu' })
      .dense({ units: 24, name: 'decoded' })
      .build();
    const update = new Map([
      ['code', whole],
      ['decoded', whole],
    ] as const);
    const { program } = compiled(autoencoder, { ...settings, update });
    const machine = await Machine.create(program);
    const codes = sampleOf(24, 0, 1);
    const first = machine.trainStep(codes, -1);
    const { scales = [1], zeroPoints = [0] } = tensorAt(autoencoder, at(autoencoder.inputs, 0)).quantisation ?? {};
    machine.infer(codes);
    for (let i = 0; i < 60; i++) machine.trainStep(codes, -1);
    machine.infer(codes);
    const results = new Float32Array(machine.bytes(program.ports.output).slice().buffer);
    const error = results.reduce(
      (sum, y, i) => sum + (y - at(scales, 0) * (at(codes, i) - at(zeroPoints, 0))) ** 2 / 24,
      0,
    );
    const last = machine.trainStep(codes, -1);
    expect(last).toBeLessThan(0.5 * first);
    expect(last).toBeCloseTo(error, 5);
  });

  it('learns values that the caller sets, a label of one result, or one of several classes', async () => {
    const train = async (classes: number, label: number, target?: readonly number[]) => {
      const changes = { ...settings, classes, update: new Map() };
      const machine = await Machine.create(compiled(residual(), changes).program);
      if (target !== undefined) machine.setTarget(target);
      const codes = sampleOf(8 * 8 * 3, 1, 1);
      for (let i = 0; i < 200; i++) machine.trainStep(codes, label);
      return [...floatsOf(machine, 'classifier_trained_bias')].length === classes
        ? [...new Float32Array(outputs(machine, codes).slice().buffer)]
        : [];
    };
    const outputs = (machine: Machine, codes: Int8Array) => {
      machine.infer(codes);
      return machine.bytes(machine.program.ports.output);
    };
    for (const [got, wanted] of [
      [await train(3, -1, [0.5, -2, 7]), [0.5, -2, 7]],
      [await train(1, 5), [5]],
      [await train(3, 2), [0, 0, 1]],
    ] as const) {
      got.forEach((value, i) => {
        expect(value).toBeCloseTo(at(wanted, i), 2);
      });
      expect(got.length).toBe(wanted.length);
    }
  });

  it('refuses a target of another length', async () => {
    const machine = await Machine.create(compiled(residual(), { ...settings, classes: 3 }).program);
    expect(() => machine.setTarget([1])).toThrow(/takes 3/);
  });
});

const anomaly = '../shared/data/models/mlperf-tiny/ad01_int8.tflite';
describe.skipIf(!existsSync(anomaly))('the anomaly detector (skipped: needs ../shared/data)', () => {
  it('reconstructs a window better after some steps', async () => {
    const model = readTflite(new Uint8Array(readFileSync(anomaly)), 'ad01_int8.tflite');
    if (!model.ok) throw new Error(JSON.stringify(model.diagnostics));
    const trained = model.value.layers.filter(({ operator }) => operator === 'FULLY_CONNECTED').slice(-2);
    const update = new Map(trained.map(({ name }) => [name, whole]));
    const changes = { loss: 'mean-squared-error', learningRate: 0.02, weights: 'int16', update } as const;
    const machine = await Machine.create(compiled(model.value, changes).program);
    const codes = sampleOf(640, 0, 1);
    const first = machine.trainStep(codes, -1);
    let last = first;
    for (let i = 0; i < 40; i++) last = machine.trainStep(codes, -1);
    expect(last).toBeLessThan(0.9 * first);
  });
});
