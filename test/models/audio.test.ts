import { beforeAll, describe, expect, it } from 'vitest';
import { type Graph, tensorAt } from '../../compiler/model/graph.ts';
import { scaleOf, zeroPointOf } from '../../compiler/operators/quantisation.ts';
import { type Sample, trainingOrder } from '../../compiler/simulate/data.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import type { CompiledPlan } from '../../extension/cli/compilation.ts';
import { at } from '../reference/values.ts';
import { hasSharedData } from '../support/corpus.ts';
import {
  compiledPlan,
  expectUnchangedByInference,
  float32Program,
  losses,
  lossRatio,
  mean,
  take,
  trainedSteps,
} from './learning.ts';
import { keywordFeatures, type Speech, speech, windowFeatures } from './speech.ts';
import { compareBoard, compareHost, hasBoard, hasHost, same, steps, timeout } from './targets.ts';

/** Features come without augmentation. */
const format = { width: 1, height: 1, channels: 1 };

interface Case {
  readonly name: string;
  readonly features: (samples: Float64Array) => Float64Array;
  readonly epochs: number;
  /** Some figure of the test split, and what must come of it. */
  readonly heldOut: (machine: Machine, test: readonly Sample[], graph: Graph) => number;
  readonly improves: (before: number, after: number) => void;
}

function recognised(machine: Machine, test: readonly Sample[]): number {
  return mean(
    test.map(({ input, label }) => {
      machine.infer(input);
      return machine.prediction() === label ? 1 : 0;
    }),
  );
}

/** Mean squared difference of input and output, in squared decibels. */
function reconstructionError(machine: Machine, test: readonly Sample[], graph: Graph): number {
  const tensor = tensorAt(graph, at(graph.inputs, 0));
  const [scale, zeroPoint] = [scaleOf(tensor), zeroPointOf(tensor)];
  return mean(
    test.map(({ input }) => {
      machine.infer(input);
      const output = new Float32Array(machine.bytes(machine.program.ports.output).slice().buffer);
      const wanted = new Int8Array(input.buffer);
      return mean(Array.from(output, (value, i) => (value - scale * (at(wanted, i) - zeroPoint)) ** 2));
    }),
  );
}

const cases: readonly Case[] = [
  {
    name: 'kws',
    features: keywordFeatures,
    epochs: 4,
    heldOut: recognised,
    improves: (before, after) => {
      expect(before).toBeLessThan(0.2);
      expect(after).toBeGreaterThan(0.6);
    },
  },
  {
    name: 'ad01',
    features: windowFeatures,
    epochs: 3,
    heldOut: reconstructionError,
    improves: (before, after) => expect(after).toBeLessThan(0.6 * before),
  },
];

describe.skipIf(!hasSharedData)('training on speech (skipped: needs ../shared/data)', () => {
  describe.each(cases)('$name', ({ name, features, epochs, heldOut, improves }) => {
    let compiled: CompiledPlan;
    let data: Speech;
    let samples: readonly Sample[];
    const subject = (count: number) => ({
      program: compiled.compilation.program,
      session: { training: samples.slice(0, count), inference: data.test.slice(0, 2).map(({ input }) => input) },
    });
    beforeAll(async () => {
      compiled = await compiledPlan(name);
      data = speech(compiled.graph, features);
      const order = trainingOrder(data.train, compiled.plan, format, compiled.plan.train.seed);
      samples = take(order, epochs * data.train.length);
    }, timeout);

    it('learns: the loss falls, and no number overflows', { timeout }, async () => {
      expect(lossRatio(await losses(compiled.compilation.program, samples), data.train.length)).toBeLessThan(0.85);
    });

    it('does better on recordings that it has not heard', { timeout }, async () => {
      const machine = await Machine.create(compiled.compilation.program);
      const before = heldOut(machine, data.test, compiled.graph);
      for (const { input, label } of samples) machine.trainStep(input, label);
      improves(before, heldOut(machine, data.test, compiled.graph));
    });

    it('keeps every byte in inference', async () => {
      await expectUnchangedByInference(compiled.compilation.program, samples.slice(0, 4));
    });

    it.skipIf(!hasHost)('is the same in C, with sanitizers (skipped: needs gcc)', { timeout }, async () => {
      expect(await compareHost(subject(trainedSteps), true)).toEqual(same);
    });

    it.skipIf(!hasBoard)(
      'is the same on a Cortex-M7 (skipped: needs the Arm toolchain and QEMU)',
      {
        timeout,
      },
      async () => {
        expect(await compareBoard(subject(steps), compiled.plan)).toEqual(same);
      },
    );

    it.skipIf(!hasBoard)(
      'is the same on a Cortex-M7 with gradients in float32 (skipped: needs the Arm toolchain and QEMU)',
      { timeout },
      async () => {
        const program = float32Program(compiled);
        expect(await compareBoard({ ...subject(steps), program }, compiled.plan)).toEqual(same);
      },
    );
  });
});
