import { elementCount, tensorAt } from '../model/graph.ts';
import { at, call, int } from '../schedule/builder.ts';
import type { OperatorRule } from './rule.ts';

/** Only bytes, where every tensor has a buffer of its own. */
const codes = ['int8', 'uint8'] as const;

/** The same bytes under another shape: RESHAPE, SQUEEZE, EXPAND_DIMS. */
export const reshape: OperatorRule = {
  alias: true,
  types: { inputs: codes, outputs: codes },
  macs: () => 0,
  forward: ({ graph, layer, input, output }) => {
    const count = elementCount(tensorAt(graph, layer.outputs[0] ?? -1).shape);
    return {
      loop: 1,
      calls: () => [call('ft_copy_s8', { input: at(input(0)), output: at(output(0)), count: int(count) })],
    };
  },
  backward: (context) => {
    if (context.needs(0)) context.contribute(0, context.gradient);
  },
};
