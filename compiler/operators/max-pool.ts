import { at, call } from '../schedule/builder.ts';
import { isClamped, lowerPool, lowerPoolGradient } from './pool.ts';
import type { OperatorRule } from './rule.ts';

/** The backward pass finds the largest input of each window again, so that no positions are stored. */
export const maxPool: OperatorRule = {
  byRows: true,
  keeps: [0],
  masked: isClamped,
  macs: () => 0,
  forward: (context) => lowerPool('ft_max_pool_s8', context),
  backward: (context) =>
    lowerPoolGradient(context, (window, gradient, dx) =>
      call('ft_max_pool_input_gradient_f32', {
        window: at(window),
        input: at(context.input(0)),
        gradient: at(gradient),
        dx: at(dx),
      }),
    ),
};
