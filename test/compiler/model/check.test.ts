import { describe, expect, it } from 'vitest';
import { checkGraph } from '../../../compiler/model/check.ts';
import type { Attributes, Graph, Layer, Tensor } from '../../../compiler/model/graph.ts';
import { GraphBuilder, integers, perTensor, smallGraph } from '../../support/small-graph.ts';

function problems(graph: Graph): readonly string[] {
  return checkGraph(graph).map(({ message }) => message);
}

function withTensor(name: string, change: (tensor: Tensor) => object): Graph {
  const graph = smallGraph();
  return {
    ...graph,
    tensors: graph.tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...change(tensor) } : tensor)),
  };
}

function withLayer(name: string, change: (layer: Layer) => object): Graph {
  const graph = smallGraph();
  return {
    ...graph,
    layers: graph.layers.map((layer) => (layer.name === name ? { ...layer, ...change(layer) } : layer)),
  };
}

function withAttributes(name: string, change: object): Graph {
  return withLayer(name, ({ attributes }) => ({ attributes: { ...attributes, ...change } }));
}

function withQuantisation(name: string, change: object): Graph {
  return withTensor(name, ({ quantisation }) => ({ quantisation: { ...(quantisation ?? perTensor(1)), ...change } }));
}

/** One operator on tensors of these shapes; lists are constant. */
function operator(
  name: string,
  attributes: Attributes,
  inputs: readonly (readonly number[] | { readonly list: readonly number[]; readonly shape?: readonly number[] })[],
  outputs: readonly (readonly number[])[],
): Graph {
  const build = new GraphBuilder();
  const inputIds = inputs.map((input, index) =>
    'list' in input
      ? build.list(`list${index}`, input.shape ?? [input.list.length], input.list)
      : build.activation(`in${index}`, input),
  );
  const outputIds = outputs.map((shape, index) => build.activation(`out${index}`, shape));
  build.layer(name, inputIds, outputIds, attributes);
  const graphInputs = inputIds.filter((_, index) => !('list' in (inputs[index] ?? [])));
  return build.graph('m', graphInputs, outputIds);
}

const none: Attributes = { kind: 'none' };
const along = (axis: number): Attributes => ({ kind: 'axis', axis, activation: 'none' });
const mean = (keepDims: boolean): Attributes => ({ kind: 'reduce', keepDims });
const plus: Attributes = { kind: 'activation', activation: 'none' };
const slice = (masks: { beginMask?: number; endMask?: number; shrinkMask?: number }): Attributes => ({
  kind: 'stridedSlice',
  beginMask: 0,
  endMask: 0,
  shrinkMask: 0,
  ...masks,
});

describe('checkGraph', () => {
  it('finds no fault with a sound graph', () => {
    expect(problems(smallGraph())).toEqual([]);
  });

  it.each([
    [
      'content that is too short',
      withTensor('first/w', ({ data }) => ({ data: data?.subarray(1) ?? new Uint8Array() })),
      /'first\/w'.* 107 bytes, expected 108/,
    ],
    [
      'an unknown dimension',
      withTensor('input', () => ({ shape: [-1, 8, 8, 3] })),
      /'input' .*every dimension must be known/,
    ],
    [
      'a tensor too large to hold',
      withTensor('input', () => ({ shape: [2 ** 30, 2 ** 30, 2 ** 30, 2 ** 30] })),
      /more than 268435456 bytes/,
    ],
    [
      'a size hidden behind a zero',
      withTensor('input', () => ({ shape: [2 ** 30, 2 ** 30, 0] })),
      /more than 268435456 bytes/,
    ],
    ['an empty tensor in use', withTensor('input', () => ({ shape: [1, 0, 8, 3] })), /'input', which is empty/],
    ['a scale of zero', withQuantisation('pool', { scales: [0] }), /'pool' has the scale 0/],
    ['a scale that is no number', withQuantisation('pool', { scales: [Number.NaN] }), /scale NaN/],
    ['an infinite scale', withQuantisation('pool', { scales: [Number.POSITIVE_INFINITY] }), /scale Infinity/],
    ['a zero point out of range', withQuantisation('pool', { zeroPoints: [128] }), /zero point 128/],
    [
      'too few scales for the axis',
      withQuantisation('first/w', { scales: [1, 1, 1], zeroPoints: [0, 0, 0] }),
      /3 scales along axis 0/,
    ],
    ['scales without zero points', withQuantisation('first/w', { zeroPoints: [0] }), /4 scales and 1 zero points/],
    [
      'scales per channel of an activation',
      withQuantisation('first', { scales: [1, 1, 1, 1], zeroPoints: [0, 0, 0, 0], axis: 3 }),
      /only constants/,
    ],
    [
      'scales along the wrong axis',
      withQuantisation('block.pointwise/w', { axis: 3 }),
      /4 scales along axis 3, expected 4 along 0/,
    ],
    ['weights with a zero point', withQuantisation('logits/w', { zeroPoints: [1] }), /zero point other than 0/],
    [
      'an activation without a scale',
      withTensor('pool', () => ({ quantisation: undefined })),
      /'pool' is int8 without a scale/,
    ],
    [
      'a bias of the wrong type',
      withTensor('logits/b', () => ({ dtype: 'int64', data: new Uint8Array(40) })),
      /bias 'logits\/b' is int64/,
    ],
    [
      'a bias of the wrong length',
      withTensor('logits/b', () => ({ shape: [4], quantisation: undefined, data: new Uint8Array(16) })),
      /4 elements, expected 5/,
    ],
    [
      'types that do not go together',
      withTensor('first', () => ({ dtype: 'int32' })),
      /int8 int8 int32, do not go together/,
    ],
    [
      'an output shape that the window does not give',
      withTensor('first', () => ({ shape: [1, 5, 5, 4] })),
      /'first' has the shape \[1, 5, 5, 4\], expected \[1, 4, 4, 4\]/,
    ],
    ['a stride of zero', withAttributes('first', { strideX: 0 }), /stride or dilation of 0/],
    [
      'a dilation beyond the picture',
      withAttributes('first', { dilationY: 8000 }),
      /reaches over 16001 positions of an input of 10/,
    ],
    [
      'a multiplier that the weights contradict',
      withAttributes('block.depthwise', { depthMultiplier: 2 }),
      /do not fit 4 channels times 2/,
    ],
    ['options of another operator', withLayer('first', () => ({ attributes: none })), /kind 'none', not 'window'/],
    [
      'an absent input',
      withLayer('first', ({ inputs }) => ({ inputs: [-1, ...inputs.slice(1)] })),
      /input 0 is absent/,
    ],
    ['a missing input', withLayer('block.add', ({ inputs }) => ({ inputs: inputs.slice(1) })), /1 inputs, expected 2/],
    ['a tensor that does not exist', withLayer('block.add', () => ({ inputs: [0, 1000] })), /tensor 1000 of/],
    [
      'a tensor read before it is set',
      withLayer('block.depthwise', ({ inputs, outputs }) => ({ inputs: [...outputs, ...inputs.slice(1)] })),
      /before anything sets it/,
    ],
    [
      'a tensor set twice',
      withLayer('flat', () => ({ outputs: smallGraph().layers[0]?.outputs })),
      /has a content already/,
    ],
    ['a layer name used twice', withLayer('flat', () => ({ name: 'pool' })), /not the only layer of this name/],
    ['an output that nothing computes', { ...smallGraph(), outputs: [0] }, /computed by no layer/],
    [
      'padding that does not give the output',
      withTensor('first/pad/paddings', () => ({ data: integers([0, 0, 1, 2, 1, 1, 0, 0]) })),
      /expected \[1, 11, 10, 3\]/,
    ],
    [
      'negative padding',
      withTensor('first/pad/paddings', () => ({ data: integers([0, 0, 3, -1, 1, 1, 0, 0]) })),
      /pads by a negative number/,
    ],
    [
      'padding that is not constant',
      withTensor('first/pad/paddings', () => ({ data: undefined, variable: true })),
      /not a constant list/,
    ],
    ['a reshape that loses elements', withTensor('flat', () => ({ shape: [1, 3] })), /3 elements, expected 4/],
    ['a factor that is no number', withAttributes('probabilities', { beta: Number.NaN }), /factor is NaN/],
  ])('refuses %s', (_, graph, message) => {
    expect(problems(graph as Graph)[0]).toMatch(message);
  });

  it.each([
    [
      'a broadcast sum',
      operator(
        'ADD',
        plus,
        [
          [2, 1, 3],
          [4, 1],
        ],
        [[2, 4, 3]],
      ),
    ],
    [
      'a concatenation',
      operator(
        'CONCATENATION',
        along(1),
        [
          [2, 3],
          [2, 4],
        ],
        [[2, 7]],
      ),
    ],
    [
      'a split',
      operator(
        'SPLIT',
        along(1),
        [{ list: [1] }, [2, 6]],
        [
          [2, 3],
          [2, 3],
        ],
      ),
    ],
    [
      'a split with what is left',
      operator(
        'SPLIT_V',
        along(1),
        [[2, 6], { list: [2, -1] }, { list: [1] }],
        [
          [2, 2],
          [2, 4],
        ],
      ),
    ],
    [
      'a pack',
      operator(
        'PACK',
        along(2),
        [
          [2, 3],
          [2, 3],
        ],
        [[2, 3, 2]],
      ),
    ],
    ['an unpack', operator('UNPACK', along(0), [[2, 3]], [[3], [3]])],
    ['a transposition', operator('TRANSPOSE', none, [[2, 3, 4], { list: [2, 0, 1] }], [[4, 2, 3]])],
    [
      'a mean that keeps its dimensions',
      operator('MEAN', mean(true), [[1, 4, 4, 3], { list: [1, -2] }], [[1, 1, 1, 3]]),
    ],
    ['a mean that drops them', operator('MEAN', mean(false), [[1, 4, 4, 3], { list: [1, 2] }], [[1, 3]])],
    ['a slice', operator('SLICE', none, [[4, 5], { list: [1, 2] }, { list: [2, -1] }], [[2, 3]])],
    [
      'a strided slice from the end',
      operator('STRIDED_SLICE', slice({}), [[5, 6], { list: [-1, 0] }, { list: [0, 99] }, { list: [-2, 2] }], [[2, 3]]),
    ],
    [
      'a strided slice with masks',
      operator(
        'STRIDED_SLICE',
        slice({ beginMask: 1, endMask: 1, shrinkMask: 2 }),
        [[5, 6], { list: [3, 5] }, { list: [3, 6] }, { list: [1, 1] }],
        [[5]],
      ),
    ],
    [
      'a matrix product',
      operator(
        'BATCH_MATMUL',
        { kind: 'matmul', adjointX: true, adjointY: false },
        [
          [2, 4, 3],
          [1, 4, 5],
        ],
        [[2, 3, 5]],
      ),
    ],
    [
      'a prelu',
      operator(
        'PRELU',
        none,
        [
          [1, 2, 2, 3],
          [1, 1, 3],
        ],
        [[1, 2, 2, 3]],
      ),
    ],
    ['an unknown operator of any shape', operator('GELU', none, [[1, 2]], [[7]])],
  ])('accepts %s', (_, graph) => {
    expect(problems(graph)).toEqual([]);
  });

  it.each([
    [
      'a sum of shapes that differ',
      operator(
        'ADD',
        plus,
        [
          [2, 3],
          [2, 4],
        ],
        [[2, 4]],
      ),
      /do not go together/,
    ],
    [
      'a concatenation of other shapes',
      operator(
        'CONCATENATION',
        along(1),
        [
          [2, 3],
          [3, 4],
        ],
        [[2, 7]],
      ),
      /expected \[2, 4\]/,
    ],
    ['an axis that does not exist', operator('CONCATENATION', along(2), [[2, 3]], [[2, 3]]), /axis 2 does not exist/],
    ['a split into uneven parts', operator('SPLIT', along(0), [{ list: [0] }, [5]], [[2], [3]]), /do not add up/],
    [
      'sizes beyond the dimension',
      operator('SPLIT_V', along(0), [[5], { list: [9, -1] }, { list: [0] }], [[9], [1]]),
      /do not add up/,
    ],
    [
      'more axes than dimensions',
      operator('MEAN', mean(true), [[1, 4], { list: [1, 1, 1] }], [[1, 1]]),
      /lists 3 numbers, expected at most 2/,
    ],
    [
      'an order that repeats an axis',
      operator('TRANSPOSE', none, [[2, 2], { list: [0, 0] }], [[2, 2]]),
      /not an order/,
    ],
    [
      'a slice beyond the end',
      operator('SLICE', none, [[4], { list: [3] }, { list: [2] }], [[2]]),
      /not within the dimension of 4/,
    ],
    [
      'a strided slice that does not move',
      operator('STRIDED_SLICE', slice({}), [[4], { list: [0] }, { list: [4] }, { list: [0] }], [[4]]),
      /takes nothing/,
    ],
    [
      'an element that does not exist',
      operator('STRIDED_SLICE', slice({ shrinkMask: 1 }), [[4], { list: [4] }, { list: [5] }, { list: [1] }], [[]]),
      /does not exist/,
    ],
    [
      'a matrix product of other sizes',
      operator(
        'BATCH_MATMUL',
        { kind: 'matmul', adjointX: false, adjointY: false },
        [
          [2, 3],
          [2, 3],
        ],
        [[2, 3]],
      ),
      /is not defined/,
    ],
  ])('refuses %s', (_, graph, message) => {
    expect(problems(graph)[0]).toMatch(message);
  });

  it('reports no more than twenty faults', () => {
    const graph = smallGraph();
    const tensors = [...graph.tensors, ...graph.tensors].map((tensor) => ({ ...tensor, id: -1 }));
    expect(problems({ ...graph, tensors })).toHaveLength(20);
  });
});
