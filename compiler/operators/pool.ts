/** What AVERAGE_POOL_2D and MAX_POOL_2D have in common. */
import type { Graph, Layer } from '../model/graph.ts';
import type { KernelCall } from '../program.ts';
import { at, atOrNull, call, float, int } from '../schedule/builder.ts';
import type { BackwardContext, ForwardContext, LoweredForward } from './rule.ts';
import { windowParameters } from './weighted.ts';
import { forEachImage, imagesOf, inputElements, outputElements, refuseBatch, windowOf } from './window.ts';

/** Without an activation the pooled codes stay within the range of int8. */
export function isClamped(_: Graph, layer: Layer): boolean {
  return layer.attributes.kind === 'window' && layer.attributes.activation !== 'none';
}

export function lowerPool(kernel: string, context: ForwardContext): LoweredForward {
  const { graph, layer, builder, mask } = context;
  const window = windowOf(graph, layer);
  const parameters = windowParameters(builder, layer, window, {}, context.rings);
  return {
    loop: 1,
    calls: (rows = { begin: 0, end: window.out_height }) =>
      forEachImage(context, window, (image) =>
        call(kernel, {
          window: at(parameters),
          input: at(context.input(0), image.input),
          output: at(context.output(0), image.output),
          mask: atOrNull(mask),
          row_begin: int(rows.begin),
          row_end: int(rows.end),
        }),
      ),
  };
}

/** `pass` writes the input gradient of one picture to `dx`, from the gradient inside of the mask. */
export function lowerPoolGradient(
  context: BackwardContext,
  pass: (window: number, gradient: number, dx: number) => KernelCall,
): void {
  const { graph, layer, builder, gradient, mask } = context;
  if (!context.needs(0)) return;
  const images = imagesOf(graph, layer);
  if (images > 1) refuseBatch(layer, images);
  const window = windowOf(graph, layer);
  const dx = builder.inputGradient(layer.name, inputElements(window));
  const calls = [pass(windowParameters(builder, layer, window), gradient, dx)];
  if (mask !== undefined) {
    const masking = call('ft_mask_f32', {
      gradient: at(gradient),
      output: at(gradient),
      mask: at(mask),
      factor: float(1),
      count: int(outputElements(window)),
    });
    calls.unshift(masking);
  }
  builder.step({ layer: layer.name, phase: 'backward', calls });
  context.contribute(0, dx);
}
