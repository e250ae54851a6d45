import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Program } from '../../../compiler/program.ts';
import { compilePlanFile } from '../../../extension/cli/compilation.ts';
import { samplePlan } from '../../support/cli.ts';
import { hasSharedData } from '../../support/corpus.ts';
import { trainedNetworks } from '../../support/random-network.ts';
import { programOf, trainRandomly, withoutStreaming } from '../../support/training-run.ts';

/** Two batches of two. */
const steps = 4;

/** Loops of several layers in the forward pass, and of channel groups in the backward pass. */
function streamedLoops({ steps: all }: Program): { readonly rows: number; readonly groups: number } {
  const fused = all.filter(({ calls, loop }) => loop > 1 && new Set(calls.map(({ layer }) => layer)).size > 1);
  return {
    rows: fused.filter(({ phase }) => phase === 'forward').length,
    groups: fused.filter(({ phase }) => phase === 'backward').length,
  };
}

describe('streaming', () => {
  it('changes no loss, prediction or learned byte of random networks', async () => {
    let [rows, groups] = [0, 0];
    const property = fc.asyncProperty(trainedNetworks, async ({ network, plan }) => {
      const streamed = programOf(network, plan);
      const unstreamed = programOf(network, withoutStreaming(plan));
      expect(streamedLoops(unstreamed)).toEqual({ rows: 0, groups: 0 });
      rows += streamedLoops(streamed).rows;
      groups += streamedLoops(streamed).groups;
      expect(await trainRandomly(streamed, steps)).toEqual(await trainRandomly(unstreamed, steps));
    });
    await fc.assert(property, { seed: 4, numRuns: 80 });
    // Else nothing was tested.
    expect(rows).toBeGreaterThan(10);
    expect(groups).toBeGreaterThan(10);
  });

  it('never needs more memory on random networks, but for a word', () => {
    let less = 0;
    const property = fc.property(trainedNetworks, ({ network, plan }) => {
      const [streamed, unstreamed] = [programOf(network, plan), programOf(network, withoutStreaming(plan))];
      // Units of gradients are words: a packing of few bytes may lose one.
      expect(streamed.arenaBytes).toBeLessThanOrEqual(unstreamed.arenaBytes + 4);
      if (streamed.arenaBytes < unstreamed.arenaBytes) less++;
    });
    fc.assert(property, { seed: 3, numRuns: 80 });
    expect(less).toBeGreaterThan(40);
  });

  const models = [
    { name: 'the sample', file: samplePlan, absent: false },
    {
      name: 'mcunet-5fps-49kb (skipped: needs ../shared/data)',
      file: '../shared/data/plans/mcunet-5fps-49kb.trainplan',
      absent: !hasSharedData,
    },
  ];

  for (const { name, file, absent } of models) {
    it.skipIf(absent)(`changes no loss, prediction or learned byte of ${name}`, async () => {
      const compiled = await compilePlanFile(file);
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
      const { graph, plan, compilation } = compiled.value;
      const unstreamed = programOf(graph, withoutStreaming(plan));
      const streamed = await trainRandomly(compilation.program, 3);
      expect(await trainRandomly(unstreamed, 3)).toEqual(streamed);
      expect(await trainRandomly(compilation.program, 3, { poisoned: true })).toEqual(streamed);
      expect(await trainRandomly(unstreamed, 3, { poisoned: true })).toEqual(streamed);
    });
  }
});
