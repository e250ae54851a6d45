import { describe, expect, it } from 'vitest';
import { describeModel } from '../../../compiler/model/describe.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { hasSharedData, sharedBytes } from '../../support/corpus.ts';
import { smallGraph } from '../../support/small-graph.ts';

describe('describeModel', () => {
  const description = describeModel(smallGraph());
  const layer = (name: string) => description.layers.find((each) => each.name === name);

  it('counts every tap of every output element', () => {
    expect(layer('first')?.macs).toBe(4 * 4 * 4 * 3 * 3 * 3);
    expect(layer('block.depthwise')?.macs).toBe(4 * 4 * 4 * 3 * 3);
    expect(layer('block.pointwise')?.macs).toBe(4 * 4 * 4 * 4);
    expect(layer('logits')?.macs).toBe(4 * 5);
    expect(layer('pool')?.macs).toBe(0);
    expect(description.macs).toBe(1728 + 576 + 256 + 20);
  });

  it('counts weights and biases, not shapes and paddings', () => {
    expect(layer('first')?.weightBytes).toBe(4 * 27 + 4 * 4);
    expect(layer('pad0')?.weightBytes).toBe(0);
    expect(description.weightBytes).toBe(108 + 16 + 36 + 16 + 16 + 16 + 20 + 20);
  });

  it('says which layers can train', () => {
    expect(description.layers.filter(({ trainable }) => trainable).map(({ name }) => name)).toEqual([
      'first',
      'block.depthwise',
      'block.pointwise',
      'logits',
    ]);
  });

  it('names shapes and scales', () => {
    expect(description.input).toMatchObject({ name: 'input', shape: [1, 8, 8, 3], dtype: 'int8' });
    expect(description.output.quantisation).toEqual({ scale: [1 / 256], zeroPoint: -128, channels: 1 });
    expect(layer('first')).toMatchObject({ inputShape: [1, 10, 10, 3], outputShape: [1, 4, 4, 4] });
    expect(layer('first')?.weightQuantisation).toMatchObject({ channels: 4 });
  });

  it.skipIf(!hasSharedData)('agrees with the published size of mcunet-5fps (skipped: needs ../shared/data)', () => {
    const result = readTflite(sharedBytes('models/mcunetv3/mcunet-5fps.tflite'), 'mcunet-5fps.tflite');
    const { macs, layers } = describeModel(result.ok ? result.value : smallGraph());
    expect(layers.filter(({ trainable }) => trainable)).toHaveLength(43);
    expect(layers.find(({ name }) => name === 'first_conv')).toMatchObject({
      inputShape: [1, 130, 130, 3],
      outputShape: [1, 64, 64, 16],
      macs: 64 * 64 * 16 * 27,
    });
    // 22.49 million were measured on the paper's own training graph, whose head has 10 classes instead of 1000.
    expect(Math.abs(macs - 160 * 1000 + 160 * 10 - 22.49e6)).toBeLessThan(0.05e6);
  });
});
