import { at, call } from '../schedule/builder.ts';
import { isClamped, lowerPool, lowerPoolGradient } from './pool.ts';
import type { OperatorRule } from './rule.ts';

export const averagePool: OperatorRule = {
  byRows: true,
  masked: isClamped,
  macs: () => 0,
  forward: (context) => lowerPool('ft_average_pool_s8', context),
  backward: (context) =>
    lowerPoolGradient(context, (window, gradient, dx) =>
      call('ft_average_pool_input_gradient_f32', { window: at(window), gradient: at(gradient), dx: at(dx) }),
    ),
};
