import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../compiler/model/graph.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { graph } from '../../support/graph-builder.ts';
import { gccIsThere, trainOnHost } from '../../support/host-training.ts';
import { compiled, sampleOf, whole } from '../training/networks.ts';

const side = 8;

/** Between them, every operator with a gradient of its own, above a layer that trains. */
function networks(): readonly (readonly [string, Graph])[] {
  const stem = (seed: number) => graph(seed).input([1, side, side, 3]).conv({ channels: 6, kernel: 3, name: 'stem' });
  return [
    [
      'gates and curves',
      stem(3)
        .hardSwish({ name: 'swished' })
        .mean({ axes: [1, 2], keepDims: true })
        .logistic({ name: 'gate' })
        .from('swished')
        .mul('gate')
        .leakyRelu(0.1)
        .sub('swished')
        .tanh()
        .prelu()
        .relu6()
        .maxPool({ kernel: 2 })
        .relu()
        .mean({ axes: [1, 2] })
        .build(),
    ],
    [
      'parts moved about',
      stem(4)
        .pad([
          [0, 0],
          [1, 0],
          [0, 1],
          [0, 0],
        ])
        .splitV({ axis: 3, sizes: [2, 4], name: 'parts' })
        .transpose([0, 2, 1, 3], { name: 'turned' })
        .from('parts:1')
        .slice([0, 0, 0, 1], [-1, -1, -1, 2])
        .concat(['turned'], 3)
        .stridedSlice({ begin: [0, 1, 0, 0], end: [1, 9, 9, 4], strides: [1, 2, 3, 1] })
        .unpack(1, { name: 'rows' })
        .pack(['rows:3', 'rows:2', 'rows:1'], 1)
        .quantise()
        .build(),
    ],
    [
      'sizes and products',
      stem(5)
        .maxPool({ kernel: 2, name: 'small' })
        .resizeNearest({ height: 6, width: 7 })
        .resizeBilinear({ height: 5, width: 5, halfPixelCenters: true })
        .transposeConv({ channels: 4, kernel: 3 })
        .averagePool({ kernel: 2, activation: 'relu' })
        .reshape([1, 25, 4], { name: 'left' })
        .matmul('left', { adjointX: true })
        .softmax()
        .build(),
    ],
  ];
}

describe.skipIf(!gccIsThere)('generated C of every operator (skipped: needs gcc)', () => {
  it.each(networks())('learns the bytes that the simulator learns: %s', async (_, network) => {
    const { program } = compiled(network, {
      ...{ loss: 'mean-squared-error', learningRate: 1, scaling: true },
      update: new Map([['stem', whole]]),
    });
    const training = Array.from({ length: 12 }, (_, i) => ({
      input: sampleOf(side * side * 3, i % 2, i),
      label: i % 2,
    }));
    const machine = await Machine.create(program);
    const before = machine.learned().slice();
    const losses = training.map(({ input, label }) => machine.trainStep(input, label));
    expect(machine.learned()).not.toEqual(before);
    expect(losses.every(Number.isFinite)).toBe(true);
    const host = await trainOnHost(program, training);
    expect(host.steps.map(({ loss }) => loss)).toEqual(losses);
    expect(host.learned).toEqual(machine.learned().slice());
  });
});
