import type { Activation } from '../model/graph.ts';
import { elementCount, type Layer, tensorAt } from '../model/graph.ts';
import { at, call, float, int } from '../schedule/builder.ts';
import { lookupCall, tableOf } from './lookup.ts';
import { axisOf, expectOneQuantisation, inputShape, joining, movement } from './movement.ts';
import { activationRange } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';

const joined = movement((graph, layer) => {
  expectOneQuantisation(graph, layer);
  const parts = layer.inputs.map((_, index) => inputShape(graph, layer, index));
  return joining(graph, layer, parts, axisOf(layer));
});

/** Copies into the output, which a fused activation then clamps in place. */
export const concatenation: OperatorRule = {
  macs: joined.macs,
  masked: (_, layer) => activationOf(layer) !== 'none',
  forward: (context) => {
    const { graph, layer, builder, output, mask } = context;
    const copies = joined.forward(context).calls();
    const tensor = tensorAt(graph, layer.outputs[0] ?? -1);
    if (activationOf(layer) === 'none') return { loop: 1, calls: () => copies };
    const { min, max } = activationRange(activationOf(layer), tensor);
    const table = tableOf('int8', (code) => ({ value: code, low: min, high: max }));
    const clamp = lookupCall(builder, layer, table, output(0), output(0), mask, elementCount(tensor.shape));
    return { loop: 1, calls: () => [...copies, clamp] };
  },
  backward: (context) => {
    const { graph, layer, builder, gradient, mask } = context;
    if (mask !== undefined) {
      const count = int(elementCount(tensorAt(graph, layer.outputs[0] ?? -1).shape));
      builder.step({
        layer: layer.name,
        phase: 'backward',
        calls: [
          call('ft_mask_f32', {
            gradient: at(gradient),
            output: at(gradient),
            mask: at(mask),
            factor: float(1),
            count,
          }),
        ],
      });
    }
    joined.backward?.(context);
  },
};

function activationOf(layer: Layer): Activation {
  return layer.attributes.kind === 'axis' ? layer.attributes.activation : 'none';
}
