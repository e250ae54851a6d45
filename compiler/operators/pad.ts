import { type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { at, call } from '../schedule/builder.ts';
import { zeroPointOf } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';

/** PAD and PADV2, where they could not be folded into the window of their consumer. */
export const pad: OperatorRule = {
  macs: () => 0,
  forward: ({ graph, layer, builder, input, output }) => {
    const amounts = padAmounts(graph, layer);
    const source = tensorAt(graph, layer.inputs[0] ?? -1);
    const rank = source.shape.length;
    const four = (values: readonly number[], fill: number): number[] => [
      ...new Array<number>(4 - rank).fill(fill),
      ...values,
    ];
    const parameters = builder.parameters(`${layer.name}_pad`, layer.name, 'ft_pad', [
      ...four(source.shape, 1),
      ...four(
        amounts.map((amount) => amount.before),
        0,
      ),
      ...four(
        amounts.map((amount) => amount.after),
        0,
      ),
      padValue(graph, layer),
    ]);
    return {
      loop: 1,
      calls: () => [call('ft_pad_s8', { pad: at(parameters), input: at(input(0)), output: at(output(0)) })],
    };
  },
};

/** Elements added before and after each dimension. */
export function padAmounts(graph: Graph, layer: Layer): readonly { readonly before: number; readonly after: number }[] {
  const table = tensorAt(graph, layer.inputs[1] ?? -1);
  const rank = tensorAt(graph, layer.inputs[0] ?? -1).shape.length;
  const values = integers(table.data ?? new Uint8Array(), table.dtype === 'int64' ? 8 : 4);
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

/** Little-endian signed integers; 64-bit ones by their low half. */
export function integers(data: Uint8Array, width: 4 | 8): readonly number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: Math.floor(data.byteLength / width) }, (_, index) => view.getInt32(index * width, true));
}
