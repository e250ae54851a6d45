import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiagnosticError } from '../../../compiler/diagnostics.ts';
import { checkGraph } from '../../../compiler/model/check.ts';
import type { Graph } from '../../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../../compiler/model/graph.ts';
import { operatorRules } from '../../../compiler/operators/index.ts';
import { backpropagate } from '../../reference/backward.ts';
import { operatorCases } from '../../reference/cases.ts';
import { referenceForward } from '../../reference/forward.ts';
import { at } from '../../reference/values.ts';
import { type GradientProgram, gradientProgram, runGradients } from '../../support/gradient-program.ts';
import { randomValues } from '../../support/graph-builder.ts';
import { randomNumbers } from '../../support/random.ts';

interface Sample {
  readonly inputs: readonly Int8Array[];
  /** By output tensor; where there are several outputs, one has none. */
  readonly seeds: ReadonlyMap<number, Float32Array>;
}

function sampleOf(graph: Graph): Sample {
  const random = randomNumbers(elementCount(tensorAt(graph, graph.inputs[0] ?? -1).shape));
  const inputs = graph.inputs.map((id) => Int8Array.from(randomValues(tensorAt(graph, id), random)));
  const [, ...others] = graph.outputs;
  const seeded = others.length === 0 ? graph.outputs : others;
  const seeds = seeded.map((id) => {
    const count = elementCount(tensorAt(graph, id).shape);
    return [id, Float32Array.from({ length: count }, () => random() * 2 - 1)] as const;
  });
  return { inputs, seeds: new Map(seeds) };
}

/** Undefined for what training refuses: several pictures at once. */
function lowered(graph: Graph, sample: Sample, packed: boolean): GradientProgram | undefined {
  try {
    return gradientProgram(graph, [...sample.seeds.keys()], packed);
  } catch (error) {
    if (error instanceof DiagnosticError && error.diagnostic.code === 'several-pictures') return undefined;
    throw error;
  }
}

/** The activations and masks that the kernels computed, so that only the backward pass is compared. */
async function expectReferenceGradients(graph: Graph): Promise<void> {
  const sample = sampleOf(graph);
  const program = lowered(graph, sample, false);
  if (program === undefined) return;
  const { machine, gradient } = await runGradients(program, sample.inputs, sample.seeds);
  const activations = new Map(
    [...program.tensors].map(([id, buffer]) => [id, new Int8Array(machine.bytes(buffer).slice().buffer)]),
  );
  const masks = new Map(
    graph.layers.flatMap((layer) => {
      const mask = program.masks.get(layer.name);
      const [output = -1] = layer.outputs;
      if (mask === undefined) return [];
      const bytes = machine.bytes(mask);
      const count = elementCount(tensorAt(graph, output).shape);
      return [[output, Uint8Array.from({ length: count }, (_, i) => (at(bytes, i >> 3) >> (i & 7)) & 1)] as const];
    }),
  );
  const pass = referenceForward(graph, sample.inputs, 'int8', { activations, masks });
  const seeds = new Map([...sample.seeds].map(([id, seed]) => [id, Float64Array.from(seed)]));
  const expected = backpropagate(graph, pass, seeds);
  for (const id of graph.inputs) {
    const wanted = expected.get(id);
    const found = gradient(id);
    if (wanted === undefined || found === undefined) {
      expect((wanted ?? []).every((g) => g === 0) && found === undefined).toBe(true);
      continue;
    }
    const largest = wanted.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    const error = wanted.reduce((most, g, i) => Math.max(most, Math.abs(g - at(found, i))), 0);
    expect(error).toBeLessThanOrEqual(1e-5 * largest + 1e-12);
  }
}

async function expectPackedEqual(graph: Graph): Promise<void> {
  const sample = sampleOf(graph);
  const results: (Float32Array | undefined)[][] = [];
  for (const packed of [false, true]) {
    const program = lowered(graph, sample, packed);
    if (program === undefined) return;
    const { gradient } = await runGradients(program, sample.inputs, sample.seeds);
    results.push(graph.inputs.map((id) => gradient(id)));
  }
  expect(results[1]).toEqual(results[0]);
}

const withGradient = operatorCases.filter(({ operator }) => operatorRules[operator]?.backward !== undefined);
const drawn = { seed: 11, numRuns: 25 };

describe('the gradient of every operator', () => {
  it('is there, but for what turns codes into real values', () => {
    const without = Object.entries(operatorRules).filter(([, rule]) => rule.backward === undefined);
    expect(without.map(([operator]) => operator).sort()).toEqual(['ARG_MAX', 'DEQUANTIZE']);
  });

  describe.each(withGradient)('$operator', ({ graphs, trainableGraphs }) => {
    it('is that of the float64 reference', async () => {
      await fc.assert(
        fc.asyncProperty(graphs, async (graph) => {
          expect(checkGraph(graph)).toEqual([]);
          await expectReferenceGradients(graph);
        }),
        drawn,
      );
    });

    it('is the same in packed memory', async () => {
      await fc.assert(fc.asyncProperty(trainableGraphs, expectPackedEqual), drawn);
    });
  });
});
