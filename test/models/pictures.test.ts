import { beforeAll, describe, expect, it } from 'vitest';
import { type Sample, trainingOrder } from '../../compiler/simulate/data.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import type { CompiledPlan } from '../../extension/cli/compilation.ts';
import { loadData } from '../../extension/cli/files/data.ts';
import { deadChannels } from '../reference/training.ts';
import { at } from '../reference/values.ts';
import { hasSharedData } from '../support/corpus.ts';
import {
  compiledPlan,
  expectUnchangedByInference,
  float32Program,
  losses,
  lossRatio,
  take,
  trainedSteps,
} from './learning.ts';
import { compareBoard, compareHost, hasBoard, hasHost, must, same, steps, timeout } from './targets.ts';

/** Training pictures of each class: 20 in all, so that a hundred steps are five epochs. */
const models: readonly (readonly [name: string, perClass: number])[] = [
  ['mcunet-5fps', 2],
  ['mbv2-w0.35', 4],
  ['proxyless-w0.3', 2],
  ['vww_96', 10],
  ['pretrainedResnet', 2],
];
const epoch = 20;

async function trainingSamples(compiled: CompiledPlan, perClass: number): Promise<readonly Sample[]> {
  const { plan, compilation } = compiled;
  const { seed } = plan.train;
  const { data, format } = must(await loadData(compiled, compilation.network, { perClass, seed }));
  return take(trainingOrder(data.train, plan, format, seed), trainedSteps);
}

describe.skipIf(!hasSharedData)('training on pictures (skipped: needs ../shared/data)', () => {
  describe.each(models)('%s', (name, perClass) => {
    let compiled: CompiledPlan;
    let samples: readonly Sample[];
    const subject = (count: number) => ({
      program: compiled.compilation.program,
      session: { training: samples.slice(0, count), inference: samples.slice(0, 2).map(({ input }) => input) },
    });
    beforeAll(async () => {
      compiled = await compiledPlan(name);
      samples = await trainingSamples(compiled, perClass);
    }, timeout);

    it('learns: the loss falls, and no number overflows', { timeout }, async () => {
      expect(lossRatio(await losses(compiled.compilation.program, samples), epoch)).toBeLessThan(0.9);
    });

    it('keeps every byte in inference', { timeout }, async () => {
      await expectUnchangedByInference(compiled.compilation.program, samples.slice(0, 4));
    });

    it.skipIf(!hasHost)('is the same in C, with sanitizers (skipped: needs gcc)', { timeout }, async () => {
      expect(await compareHost(subject(5), true)).toEqual(same);
    });

    it.skipIf(!hasHost || steps <= 5)(
      'is the same in C over 100 steps (skipped: needs gcc and FIRMTUNE_SLOW=1)',
      { timeout },
      async () => {
        expect(await compareHost(subject(steps), false)).toEqual(same);
      },
    );

    it.skipIf(!hasBoard)(
      'is the same on a Cortex-M7 (skipped: needs the Arm toolchain and QEMU)',
      {
        timeout,
      },
      async () => {
        expect(await compareBoard(subject(steps), compiled.plan)).toEqual(same);
      },
    );
  });

  it.skipIf(!hasBoard)(
    'is the same on a Cortex-M7 with gradients in float32: mbv2-w0.35 (skipped: needs the Arm toolchain and QEMU)',
    { timeout },
    async () => {
      const compiled = await compiledPlan('mbv2-w0.35');
      const samples = await trainingSamples(compiled, 4);
      const program = float32Program(compiled);
      const inference = samples.slice(0, 2).map(({ input }) => input);
      const subject = { program, session: { training: samples.slice(0, steps), inference } };
      expect(await compareBoard(subject, compiled.plan)).toEqual(same);
    },
  );

  it('trains through channels whose scale is next to nothing, and leaves these as they are', { timeout }, async () => {
    const compiled = await compiledPlan('proxyless-w0.3');
    const { program, network } = compiled.compilation;
    const samples = await trainingSamples(compiled, 2);
    const machine = await Machine.create(program);
    const biases = program.buffers.filter(({ name }) => name.endsWith('_trained_bias'));
    const before = new Map(biases.map(({ id }) => [id, machine.bytes(id).slice()]));
    for (const { input, label } of samples) machine.trainStep(input, label);
    const scales: number[] = [];
    for (const { id, layer, element } of biases) {
      const weights = network.graph.tensors[network.graph.layers.find(({ name }) => name === layer)?.inputs[1] ?? -1];
      if (weights === undefined || element !== 'int32') continue;
      const codes = (bytes: Uint8Array) => new Int32Array(bytes.slice().buffer);
      const [old, learned] = [codes(before.get(id) ?? new Uint8Array()), codes(machine.bytes(id))];
      const ofChannel = weights.quantisation?.scales ?? [];
      for (const [channel, dead] of deadChannels(ofChannel).entries()) {
        if (!dead) continue;
        expect(learned[channel]).toBe(old[channel]);
        scales.push(at(ofChannel, channel));
      }
      if (deadChannels(ofChannel).includes(true)) expect(learned).not.toEqual(old);
    }
    expect(scales.length).toBe(32);
    expect(1 / Math.min(...scales) ** 2).toBeGreaterThan(6e16);
  });
});
