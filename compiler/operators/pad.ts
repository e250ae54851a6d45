import { refuse } from '../diagnostics.ts';
import { type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { at, call } from '../schedule/builder.ts';
import { integerInput } from './constants.ts';
import { moveGradient } from './movement.ts';
import { zeroPointOf } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';
import { contiguous, extend } from './strides.ts';

/** PAD and PADV2, where they could not be folded into the window of their consumer. */
export const pad: OperatorRule = {
  macs: () => 0,
  forward: ({ graph, layer, builder, input, output }) => {
    const amounts = padAmounts(graph, layer);
    if (amounts.length > kernelRank) {
      refuse(
        'too-many-dimensions',
        `layer ${layer.name} pads ${amounts.length} dimensions, at most ${kernelRank} are possible`,
        'reshape its tensors to fewer dimensions',
        layer.name,
      );
    }
    const parameters = builder.parameters(`${layer.name}_pad`, layer.name, 'ft_pad', [
      ...extend(tensorAt(graph, layer.inputs[0] ?? -1).shape, kernelRank, 1),
      ...extend(
        amounts.map((amount) => amount.before),
        kernelRank,
        0,
      ),
      ...extend(
        amounts.map((amount) => amount.after),
        kernelRank,
        0,
      ),
      padValue(graph, layer),
    ]);
    return {
      loop: 1,
      calls: () => [call('ft_pad_s8', { pad: at(parameters), input: at(input(0)), output: at(output(0)) })],
    };
  },
  backward: (context) => {
    const { graph, layer } = context;
    const { shape } = tensorAt(graph, layer.inputs[0] ?? -1);
    const second = contiguous(tensorAt(graph, layer.outputs[0] ?? -1).shape);
    const outputOffset = padAmounts(graph, layer).reduce((sum, { before }, d) => sum + before * (second[d] ?? 0), 0);
    const strides = { shape, first: contiguous(shape), second };
    moveGradient(context, 0, [{ input: 0, output: 0, inputOffset: 0, outputOffset, strides }]);
  },
};

/** Dimensions of the kernel's `ft_pad`. */
const kernelRank = 4;

/** Elements added before and after each dimension. */
export function padAmounts(graph: Graph, layer: Layer): readonly { readonly before: number; readonly after: number }[] {
  const values = integerInput(graph, layer, 1);
  const rank = tensorAt(graph, layer.inputs[0] ?? -1).shape.length;
  return Array.from({ length: rank }, (_, axis) => ({
    before: values[2 * axis] ?? 0,
    after: values[2 * axis + 1] ?? 0,
  }));
}

function padValue(graph: Graph, layer: Layer): number {
  const value = layer.inputs[2];
  const data = value === undefined || value < 0 ? undefined : tensorAt(graph, value).data;
  if (data !== undefined) return new Int8Array(data)[0] ?? 0;
  return zeroPointOf(tensorAt(graph, layer.outputs[0] ?? -1));
}
