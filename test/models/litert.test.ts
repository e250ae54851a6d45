/** Merged models in another runtime: the TensorFlow Lite of browsers. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import { readTflite } from '../../compiler/model/tflite.ts';
import { writeTflite } from '../../compiler/model/write-tflite.ts';
import { trainingOrder } from '../../compiler/simulate/data.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import { mergeLearned } from '../../compiler/training/merge.ts';
import type { TrainSettings } from '../../compiler/training/plan.ts';
import { loadData } from '../../extension/cli/files/data.ts';
import { loadPlan } from '../../extension/cli/files/plan.ts';
import { samplePlan } from '../support/cli.ts';
import { inferWithLiteRt } from '../support/litert.ts';
import { chromiumPath } from '../webview/harness.ts';

interface Agreement {
  readonly pictures: number;
  /** Share of pictures with the same largest result. */
  readonly same: number;
  /** Share of pictures recognised: on the device, and by LiteRT. */
  readonly device: number;
  readonly litert: number;
}

const largest = (values: readonly number[]): number => values.indexOf(Math.max(...values));
const must = <T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly diagnostics: unknown },
): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
};

/** Trains a simulated device, merges what it learned, and asks LiteRT about the test pictures. */
async function agreement(steps: number, head: TrainSettings['head']): Promise<Agreement> {
  const loaded = must(await loadPlan(samplePlan));
  const plan = { ...loaded.plan, train: { ...loaded.plan.train, head } };
  const compilation = must(compile(loaded.graph, plan));
  const { data, format } = must(await loadData(loaded, compilation.network, { seed: 1 }));
  const machine = await Machine.create(compilation.program);
  const order = trainingOrder(data.train, plan, format, 1);
  for (let step = 0; step < steps; step++) {
    const { input, label } = order.next().value;
    machine.trainStep(input, label);
  }
  const merged = must(mergeLearned(loaded.graph, plan, { ...compilation, memory: machine.learned().slice() }));
  const model = must(readTflite(writeTflite(merged), 'merged'));
  const { test } = data;
  const predictions = test.map(({ input }) => {
    machine.infer(input);
    return machine.prediction();
  });
  const results = await inferWithLiteRt(
    model,
    test.map(({ input }) => input),
  );
  const share = (holds: (index: number) => boolean): number =>
    test.filter((_, index) => holds(index)).length / test.length;
  return {
    pictures: test.length,
    same: share((index) => largest(results[index] ?? []) === predictions[index]),
    device: share((index) => predictions[index] === test[index]?.label),
    litert: share((index) => largest(results[index] ?? []) === test[index]?.label),
  };
}

describe.skipIf(chromiumPath() === undefined)('a merged model in LiteRT (skipped: needs Chromium)', () => {
  it.each(['float32', 'int8'] as const)(
    'recognises what the device recognises: garments, %s classifier',
    async (head) => {
      const result = await agreement(4000, head);
      expect(result.pictures).toBe(500);
      expect(result.device).toBeGreaterThan(0.8);
      expect(result.same).toBeGreaterThanOrEqual(0.95);
      expect(Math.abs(result.litert - result.device)).toBeLessThanOrEqual(0.02);
    },
  );
});
