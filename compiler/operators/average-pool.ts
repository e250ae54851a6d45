import { at, atOrNull, call, int } from '../schedule/builder.ts';
import type { BackwardContext, ForwardContext, LoweredForward, OperatorRule } from './rule.ts';
import { windowParameters } from './weighted.ts';
import { windowOf } from './window.ts';

export const averagePool: OperatorRule = {
  byRows: true,
  macs: () => 0,
  forward: lowerForward,
  backward: lowerBackward,
};

function lowerForward(context: ForwardContext): LoweredForward {
  const { graph, layer, builder } = context;
  const window = windowOf(graph, layer);
  const parameters = windowParameters(builder, layer, window, {}, context.rings);
  return {
    loop: 1,
    calls: (rows = { begin: 0, end: window.out_height }) => [
      call('ft_average_pool_s8', {
        window: at(parameters),
        input: at(context.input(0)),
        output: at(context.output(0)),
        mask: atOrNull(context.mask),
        row_begin: int(rows.begin),
        row_end: int(rows.end),
      }),
    ],
  };
}

function lowerBackward(context: BackwardContext): void {
  const { graph, layer, builder, gradient } = context;
  if (!context.needs(0)) return;
  const window = windowOf(graph, layer);
  const count = window.in_height * window.in_width * window.in_channels;
  const dx = builder.arena(`${layer.name}_input_gradient`, layer.name, 'gradient', 'float32', count);
  builder.step({
    layer: layer.name,
    phase: 'backward',
    calls: [
      call('ft_average_pool_input_gradient_f32', {
        window: at(windowParameters(builder, layer, window)),
        gradient: at(gradient),
        dx: at(dx),
      }),
    ],
  });
  context.contribute(0, dx);
}
