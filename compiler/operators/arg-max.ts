import { elementCount, tensorAt } from '../model/graph.ts';
import { at, call, int } from '../schedule/builder.ts';
import type { OperatorRule } from './rule.ts';

/** Steps from place to place: it has no gradient. */
export const argMax: OperatorRule = {
  types: { inputs: ['int8'], outputs: ['int32'] },
  macs: () => 0,
  forward: ({ graph, layer, input, output }) => {
    const { shape } = tensorAt(graph, layer.inputs[0] ?? -1);
    const axis = layer.attributes.kind === 'axis' ? layer.attributes.axis : 0;
    const search = call('ft_arg_max_s8', {
      input: at(input(0)),
      output: at(output(0)),
      outer: int(elementCount(shape.slice(0, axis))),
      depth: int(shape[axis] ?? 1),
      inner: int(elementCount(shape.slice(axis + 1))),
    });
    return { loop: 1, calls: () => [search] };
  },
};
