import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import type { Graph } from '../../../compiler/model/graph.ts';
import { orderLayers, peakBytes } from '../../../compiler/schedule/order.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { defaultTrainSettings, type TrainingPlan } from '../../../compiler/training/plan.ts';
import { graph } from '../../support/graph-builder.ts';

/** Branches that widen and narrow again, each from the same input; the model's order widens all of them first. */
function branches(widths: readonly number[]): Graph {
  const builder = graph(3).input([1, 8, 8, 4], { name: 'picture' });
  for (const [index, channels] of widths.entries()) {
    builder.from('picture').conv({ channels, kernel: 1, name: `wide${index}` });
  }
  for (const index of widths.keys())
    builder.from(`wide${index}`).conv({ channels: 2, kernel: 1, name: `narrow${index}` });
  builder.from('narrow0');
  for (let index = 1; index < widths.length; index++) builder.add(`narrow${index}`, { name: `sum${index}` });
  return builder.averagePool().dense({ units: 3, name: 'classifier' }).build();
}

/** The least peak over all valid orders, by trying each. */
function leastPeak(network: Graph): number {
  const orders = (rest: readonly number[], done: readonly number[]): number => {
    if (rest.length === 0) {
      return peakBytes({ ...network, layers: done.flatMap((index) => network.layers[index] ?? []) });
    }
    const produced = new Set([...network.inputs, ...done.flatMap((index) => network.layers[index]?.outputs ?? [])]);
    const ready = rest.filter((index) =>
      network.layers[index]?.inputs.every(
        (id) => id < 0 || produced.has(id) || network.tensors[id]?.data !== undefined,
      ),
    );
    return Math.min(
      ...ready.map((index) =>
        orders(
          rest.filter((other) => other !== index),
          [...done, index],
        ),
      ),
    );
  };
  return orders(
    network.layers.map((_, index) => index),
    [],
  );
}

const widthsOfBranches = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 3 });

describe('orderLayers', () => {
  it('finds the order of least peak among all valid ones', () => {
    fc.assert(
      fc.property(widthsOfBranches, (widths) => {
        const network = branches(widths);
        expect(peakBytes(orderLayers(network))).toBe(leastPeak(network));
      }),
      { numRuns: 20 },
    );
  });

  it('narrows one branch before it widens the next', () => {
    const network = branches([40, 40, 40]);
    expect(peakBytes(orderLayers(network))).toBeLessThan(peakBytes(network));
  });

  it('leaves a chain with shortcuts as it is', () => {
    const network = graph(5)
      .input([1, 8, 8, 4])
      .conv({ channels: 8, name: 'stem' })
      .conv({ channels: 16, kernel: 1 })
      .conv({ channels: 8, kernel: 1 })
      .add('stem')
      .build();
    expect(orderLayers(network)).toBe(network);
  });

  it('changes nothing in what a program computes, and lowers its arena', async () => {
    const network = branches([48, 48, 48]);
    const plan: TrainingPlan = {
      name: 'branches',
      model: 'branches.tflite',
      target: { core: 'cortex-m7', sramBytes: 1 << 20, flashBytes: 1 << 20 },
      budgetBytes: 1 << 20,
      train: { ...defaultTrainSettings, classes: 3, learningRate: 0.05 },
      update: new Map([
        ['wide1', { bias: true, weights: { kind: 'fraction', numerator: 1, denominator: 2, first: false } }],
      ]),
    };
    const losses = async (model: Graph) => {
      const compiled = compile(model, plan);
      if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
      const machine = await Machine.create(compiled.value.program);
      const input = Int8Array.from({ length: 256 }, (_, index) => ((index * 37) % 255) - 127);
      return {
        arena: compiled.value.program.arenaBytes,
        steps: [0, 1, 2].map((label) => machine.trainStep(input, label)),
      };
    };
    const own = await losses(network);
    const ordered = await losses(orderLayers(network));
    expect(own.steps).toEqual(ordered.steps);
    expect(own.arena).toBeLessThanOrEqual(ordered.arena);
  });
});
