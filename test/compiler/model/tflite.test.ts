import { Builder } from 'flatbuffers';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../../compiler/diagnostics.ts';
import type { Graph } from '../../../compiler/model/graph.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { writeTflite } from '../../../compiler/model/write-tflite.ts';
import { hasSharedData, modelFiles, sharedBytes } from '../../support/corpus.ts';
import { smallGraph } from '../../support/small-graph.ts';

function readOrFail(bytes: Uint8Array, name: string): Graph {
  const result = readTflite(bytes, name);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return result.value;
}

function firstProblem(result: Result<Graph>): string {
  return result.ok ? 'none' : `${result.diagnostics[0]?.code}: ${result.diagnostics[0]?.message}`;
}

/** A model of nothing but tables: `tensors` names for one and the same tensor, in so many subgraphs. */
function bareModel(options: {
  version?: number;
  subgraphs?: number;
  tensors?: number;
  tensorName?: string;
  type?: number;
}) {
  const { version = 3, subgraphs = 1, tensors = 0, tensorName = 't', type = 9 } = options;
  const builder = new Builder();
  const name = builder.createString(tensorName);
  builder.startObject(8);
  builder.addFieldInt8(1, type, 0);
  builder.addFieldOffset(3, name, 0);
  const tensor = builder.endObject();
  const offsets = (count: number, offset: number) => {
    builder.startVector(4, count, 4);
    for (let index = 0; index < count; index++) builder.addOffset(offset);
    return builder.endVector();
  };
  const tensorVector = offsets(tensors, tensor);
  builder.startObject(5);
  builder.addFieldOffset(0, tensorVector, 0);
  const subgraph = builder.endObject();
  const subgraphVector = offsets(subgraphs, subgraph);
  builder.startObject(8);
  builder.addFieldInt32(0, version, 0);
  builder.addFieldOffset(2, subgraphVector, 0);
  builder.finish(builder.endObject(), 'TFL3');
  return builder.asUint8Array();
}

describe('readTflite', () => {
  it('reads back what was written', () => {
    const graph = smallGraph();
    expect(readOrFail(writeTflite(graph), graph.name)).toEqual(graph);
  });

  it('writes the same file again', () => {
    const bytes = writeTflite(smallGraph());
    expect(writeTflite(readOrFail(bytes, 'small.tflite'))).toEqual(bytes);
  });

  it('leaves constants in the bytes of the file', () => {
    const bytes = writeTflite(smallGraph());
    const constants = readOrFail(bytes, 'm').tensors.flatMap(({ data }) => data ?? []);
    expect(constants.length).toBeGreaterThan(0);
    for (const data of constants) expect(data.buffer).toBe(bytes.buffer);
  });

  it('reads from a Node Buffer, whose slice() shares memory, like from any bytes', () => {
    const graph = readOrFail(Buffer.from(writeTflite(smallGraph())), 'small');
    const weights = graph.tensors.find(({ data }) => data !== undefined)?.data;
    expect(weights?.slice().buffer.byteLength).toBe(weights?.byteLength);
  });

  it('reads a model at an odd place of a larger buffer', () => {
    const bytes = writeTflite(smallGraph());
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    expect(readOrFail(moved.subarray(3), 'small.tflite')).toEqual(smallGraph());
  });

  it('keeps unknown operators by name', () => {
    const graph = smallGraph();
    const bytes = writeTflite({
      ...graph,
      layers: graph.layers.map((layer) => (layer.operator === 'SOFTMAX' ? { ...layer, operator: 'LOGISTIC' } : layer)),
    });
    const codes = bytes.slice();
    const text = new Map([
      [14, 'LOGISTIC'],
      [50, 'LOG_SOFTMAX'],
      [150, 'GELU'],
      [999, 'BUILTIN_999'],
    ]);
    const view = new DataView(codes.buffer);
    // LOGISTIC's number stands once as a word: in builtin_code of its operator code.
    const places = Array.from({ length: codes.length / 4 }, (_, word) => 4 * word).filter(
      (place) => view.getUint32(place, true) === 14,
    );
    for (const [code, name] of text) {
      const found = places.map((place) => {
        const changed = codes.slice();
        new DataView(changed.buffer).setUint32(place, code, true);
        const result = readTflite(changed, 'm');
        return result.ok ? result.value.layers.at(-1)?.operator : undefined;
      });
      expect(found).toContain(name);
    }
  });

  it.each([
    ['an empty file', new Uint8Array(), 'not-tflite'],
    ['another format', new TextEncoder().encode('GIF89a, or so it says'), 'not-tflite'],
    ['another schema version', bareModel({ version: 2 }), 'unsupported-version'],
    ['no subgraph', bareModel({ subgraphs: 0 }), 'unsupported-subgraphs'],
    ['control flow', bareModel({ subgraphs: 2 }), 'unsupported-subgraphs'],
    [
      'a type without meaning here',
      bareModel({ tensors: 1, type: 17 }),
      "unsupported-dtype: tensor 0 't' has the type INT4",
    ],
    ['no layer', bareModel({ tensors: 1 }), 'inconsistent-model: The model has no input'],
    ['more tables than memory is meant for', bareModel({ tensors: 70_000 }), 'damaged-model: .* 70000 tensors'],
    [
      'one long name shared by many tensors',
      bareModel({ tensors: 60_000, tensorName: 'x'.repeat(1000) }),
      'damaged-model: .* add up to more than',
    ],
  ])('refuses %s', (_, bytes, problem) => {
    expect(firstProblem(readTflite(bytes, 'm'))).toMatch(new RegExp(problem));
  });
});

describe('writeTflite', () => {
  it('refuses an operator whose options it does not know', () => {
    const graph = smallGraph();
    const layers = graph.layers.map((layer) => ({ ...layer, operator: 'SVDF' }));
    expect(() => writeTflite({ ...graph, layers })).toThrow(/SVDF/);
  });
});

describe.skipIf(!hasSharedData)('real models (skipped: needs ../shared/data)', () => {
  it.each(modelFiles())('reads %s without complaint', (file) => {
    const graph = readOrFail(sharedBytes(file), file);
    expect(graph.layers.length).toBeGreaterThan(0);
    expect(new Set(graph.layers.map(({ name }) => name)).size).toBe(graph.layers.length);
  });

  it('reads back every model that it can write', () => {
    const unwritable = modelFiles().filter((file) => {
      const graph = readOrFail(sharedBytes(file), file);
      if (graph.layers.some(({ operator }) => ['SVDF', 'UNIDIRECTIONAL_SEQUENCE_LSTM'].includes(operator))) return true;
      // Compared by hash-like text, since element-wise comparison of megabytes takes seconds.
      const again = readOrFail(writeTflite(graph), file);
      const words = (each: Graph) =>
        JSON.stringify(each, (key, value) => (key === 'data' ? Buffer.from(value).toString('base64') : value));
      expect(words(again) === words(graph), file).toBe(true);
      return false;
    });
    expect(unwritable.map((file) => file.split('/').at(-1))).toEqual([
      'keyword_scrambled_8bit.tflite',
      'trained_lstm_int8.tflite',
    ]);
  });

  it('reads options of every operator of the vectors', () => {
    const attributes = (file: string) =>
      readOrFail(sharedBytes(`golden/ops/${file}.tflite`), file).layers[0]?.attributes;
    expect(attributes('conv_2d-dil2_valid')).toMatchObject({ padding: 'valid', dilationY: 2, dilationX: 2 });
    expect(attributes('conv_2d-same_relu6')).toMatchObject({ padding: 'same', strideY: 1, activation: 'relu6' });
    expect(attributes('depthwise_conv_2d-m2_s2_5x5')).toMatchObject({ depthMultiplier: 2, strideX: 2 });
    expect(attributes('average_pool_2d-2x3_s1_same')).toMatchObject({ windowHeight: 2, windowWidth: 3, strideY: 1 });
    expect(attributes('fully_connected-keep_dims')).toMatchObject({ kind: 'dense', keepDims: true });
    expect(attributes('split-neg2')).toMatchObject({ kind: 'axis', axis: expect.any(Number) });
    expect(attributes('arg_max-4d_axis1')).toMatchObject({ kind: 'axis', axis: 1 });
    expect(attributes('batch_matmul-adj_x_const')).toEqual({ kind: 'matmul', adjointX: true, adjointY: false });
    expect(attributes('mean-hw_rescale_keep')).toEqual({ kind: 'reduce', keepDims: true });
    expect(attributes('resize_bilinear-half')).toEqual({ kind: 'resize', alignCorners: false, halfPixelCenters: true });
    expect(attributes('resize_bilinear-align')).toEqual({
      kind: 'resize',
      alignCorners: true,
      halfPixelCenters: false,
    });
    expect(attributes('strided_slice-shrink')).toMatchObject({ kind: 'stridedSlice', shrinkMask: expect.any(Number) });
    expect(attributes('softmax-4d')).toMatchObject({ kind: 'softmax' });
  });

  it('calls the layers of the paper by their names', () => {
    const { layers } = readOrFail(sharedBytes('models/mcunetv3/mcunet-5fps.tflite'), 'mcunet');
    const names = layers.map(({ name }) => name);
    expect(names.slice(0, 6)).toEqual([
      'pad0',
      'first_conv',
      'block0.depthwise',
      'block0.pointwise2',
      'block1.pointwise1',
      'pad5',
    ]);
    expect(names.slice(-4)).toEqual(['block13.pointwise2', 'avgpool', 'classifier', 'logits']);
  });
});
