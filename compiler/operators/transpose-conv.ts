import { type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { at, atOrNull, call, int } from '../schedule/builder.ts';
import { activationRange, channelScales, quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';
import { biasData, int8Data, windowParameters } from './weighted.ts';
import { forEachImage, inputElements, pictureOf, samePadding, type Window } from './window.ts';

/** inputs: shape of the output, weights [out][y][x][in], tensor, bias. The weights are frozen; the input has a gradient. */
export const transposeConvolution: OperatorRule = {
  masked: true,
  constants: [0, 1, 3],
  macs: (graph, layer) => {
    const w = transposedWindow(graph, layer);
    return w.in_height * w.in_width * w.in_channels * w.out_channels * w.kernel_height * w.kernel_width;
  },
  forward: (context) => {
    const { graph, layer, builder, input, output, mask } = context;
    const window = transposedWindow(graph, layer);
    const [weights, source, result] = tensorsOf(graph, layer);
    const parameters = windowParameters(builder, layer, window);
    const multipliers = channelScales(weights, window.out_channels).map((scale) =>
      quantiseMultiplier((scaleOf(source) * scale) / scaleOf(result)),
    );
    const constant = (what: string, values: Int8Array | Int32Array) =>
      at(builder.constant(`${layer.name}_${what}`, layer.name, values));
    const bias = biasData(graph, layer, 3, window.out_channels);
    const calls = forEachImage(context, window, (image) =>
      call('ft_transpose_conv_s8', {
        window: at(parameters),
        input: at(input(2), image.input),
        weights: constant('weights', int8Data(weights)),
        bias: constant('bias', bias),
        multiplier: constant(
          'multiplier',
          Int32Array.from(multipliers, ({ multiplier }) => multiplier),
        ),
        shift: constant(
          'shift',
          Int8Array.from(multipliers, ({ shift }) => shift),
        ),
        output: at(output(0), image.output),
        mask: atOrNull(mask),
      }),
    );
    return { loop: 1, calls: () => calls };
  },
  backward: (context) => {
    const { graph, layer, builder, gradient, mask } = context;
    if (!context.needs(2)) return;
    const window = transposedWindow(graph, layer);
    const [weights, source, result] = tensorsOf(graph, layer);
    const scales = channelScales(weights, window.out_channels);
    const scale = Float32Array.from(scales, (each) => (scaleOf(source) * each) / scaleOf(result));
    const dx = builder.inputGradient(layer.name, inputElements(window));
    builder.step({
      layer: layer.name,
      phase: 'backward',
      macs: transposeConvolution.macs(graph, layer),
      calls: [
        call('ft_mask_scale_f32', {
          gradient: at(gradient),
          mask: atOrNull(mask),
          scale: at(builder.constant(`${layer.name}_gradient_scale`, layer.name, scale)),
          positions: int(window.out_height * window.out_width),
          channels: int(window.out_channels),
          stride: int(window.out_channels),
          mask_channels: int(window.out_channels),
          mask_channel: int(0),
        }),
        call('ft_transpose_conv_input_gradient_f32', {
          window: at(windowParameters(builder, layer, window)),
          gradient: at(gradient),
          weights: at(builder.constant(`${layer.name}_weights`, layer.name, int8Data(weights))),
          dx: at(dx),
        }),
      ],
    });
    context.contribute(2, dx);
  },
};

function tensorsOf(graph: Graph, layer: Layer) {
  const [, weights = -1, input = -1] = layer.inputs;
  return [tensorAt(graph, weights), tensorAt(graph, input), tensorAt(graph, layer.outputs[0] ?? -1)] as const;
}

/** The padding is that of the convolution which the operator reverses: from its output to its input. */
function transposedWindow(graph: Graph, layer: Layer): Window {
  const [weights, input, output] = tensorsOf(graph, layer);
  const { attributes } = layer;
  if (attributes.kind !== 'window') throw new Error(`${layer.name}: ${layer.operator} has no window`);
  const [from, to] = [pictureOf(input), pictureOf(output)];
  const [, kernelHeight = 1, kernelWidth = 1] = weights.shape;
  const range = activationRange(attributes.activation, output);
  const isSame = attributes.padding === 'same';
  const { strideY, strideX } = attributes;
  return {
    in_height: from.height,
    in_width: from.width,
    in_channels: from.channels,
    out_height: to.height,
    out_width: to.width,
    out_channels: to.channels,
    kernel_height: kernelHeight,
    kernel_width: kernelWidth,
    stride_y: strideY,
    stride_x: strideX,
    dilation_y: 1,
    dilation_x: 1,
    pad_top: isSame ? samePadding(to.height, Math.ceil(to.height / strideY), kernelHeight, strideY, 1) : 0,
    pad_left: isSame ? samePadding(to.width, Math.ceil(to.width / strideX), kernelWidth, strideX, 1) : 0,
    in_zero_point: zeroPointOf(input),
    out_zero_point: zeroPointOf(output),
    act_min: range.min,
    act_max: range.max,
    in_rows: from.height,
    out_rows: to.height,
    weight_channels: to.channels,
  };
}
