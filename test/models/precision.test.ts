/** Gradients in int16 beside those in float32, through whole models: the bias of every layer trains. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import { isWeighted } from '../../compiler/operators/weighted.ts';
import type { LayerUpdate, TrainSettings } from '../../compiler/training/plan.ts';
import { hasSharedData } from '../support/corpus.ts';
import { cosineOf, gradientSums } from '../support/gradient-sums.ts';
import { compiledPlan } from './learning.ts';
import { must, timeout } from './targets.ts';

const bias: LayerUpdate = { bias: true, weights: { kind: 'none' } };

describe.skipIf(!hasSharedData)('gradients in int16 (skipped: needs ../shared/data)', () => {
  it.each([
    ['vww_96', 0.9999],
    ['mbv2-w0.35', 0.9999],
    ['proxyless-w0.3', 0.9999],
    ['mcunet-5fps', 0.999],
    ['kws', 0.999],
    ['pretrainedResnet', 0.9999],
  ])('point where those in float32 do in every layer: %s', { timeout }, async (name, least) => {
    const { graph, plan } = await compiledPlan(name);
    const weighted = graph.layers.filter((layer) => isWeighted(graph, layer));
    const sumsOf = (gradients: TrainSettings['gradients']) =>
      gradientSums((changed) => must(compile(graph, changed, { arenaMilliseconds: 100 })).program, {
        ...plan,
        update: new Map(weighted.map((layer) => [layer.name, bias])),
        train: { ...plan.train, gradients },
      });
    const [wanted, got] = [await sumsOf('float32'), await sumsOf('int16')];
    expect(wanted.size).toBeGreaterThanOrEqual(weighted.length);
    for (const [buffer, values] of wanted) {
      expect(cosineOf(values, got.get(buffer) ?? new Float32Array(values.length)), buffer).toBeGreaterThan(least);
    }
  });
});
