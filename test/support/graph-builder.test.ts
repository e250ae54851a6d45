import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../compiler/model/graph.ts';
import { tensorAt } from '../../compiler/model/graph.ts';
import { readTflite } from '../../compiler/model/tflite.ts';
import { writeTflite } from '../../compiler/model/write-tflite.ts';
import { operatorCases } from '../reference/cases.ts';
import { referenceForward } from '../reference/forward.ts';
import { at } from '../reference/values.ts';
import { graph, randomValues } from './graph-builder.ts';
import { randomNumbers } from './random.ts';

function outputsOf(network: Graph, seed: number): Float64Array[] {
  const random = randomNumbers(seed);
  const inputs = network.inputs.map((id) => randomValues(tensorAt(network, id), random));
  const { values } = referenceForward(network, inputs, 'int8');
  return network.outputs.map((id) => values.get(id) ?? new Float64Array());
}

describe('the graph builder', () => {
  it.each(operatorCases)('builds what a file can hold, with $operator', ({ trainableGraphs }) => {
    fc.assert(
      fc.property(trainableGraphs, (network) => {
        const read = readTflite(writeTflite(network), network.name);
        if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
        expect(outputsOf(read.value, 2)).toEqual(outputsOf(network, 2));
      }),
      { seed: 1, numRuns: 10 },
    );
  });

  it('gives the same network for the same seed', () => {
    const build = (seed: number) => graph(seed).input([1, 4, 4, 2]).conv({ channels: 3 }).averagePool().build();
    expect(build(4)).toEqual(build(4));
    expect(build(5)).not.toEqual(build(4));
  });

  it('uses most codes without saturating many values', () => {
    const network = graph(9)
      .input([1, 12, 12, 3])
      .conv({ channels: 16, stride: 2, activation: 'relu6' })
      .depthwise({ kernel: 5 })
      .conv({ channels: 24, kernel: 1 })
      .build();
    const [codes = new Float64Array()] = outputsOf(network, 8);
    const extreme = codes.filter((q) => q === -128 || q === 127).length / codes.length;
    expect(extreme).toBeLessThan(0.05);
    expect(at(codes.slice().sort(), codes.length - 1) - at(codes.slice().sort(), 0)).toBeGreaterThan(180);
  });

  it('refuses two layers of one name', () => {
    const twice = () => graph().input([1, 2]).relu({ name: 'same' }).relu({ name: 'same' });
    expect(twice).toThrow('two layers are called same');
  });
});
