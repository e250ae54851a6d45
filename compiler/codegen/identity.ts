/** Hashes that decide whether learned bytes fit a model. */
import type { Compilation } from '../compile.ts';
import type { Program } from '../program.ts';
import { crc32 } from './crc32.ts';
import { learnedLayout } from './learned.ts';

/**
 * Of everything that gives learned bytes their meaning: the network (operators, options, shapes, quantisation, frozen
 * weights) and which parameters train, in which order and width. Rates, schedules, batches, the budget and the
 * optimiser may change without it.
 */
export function planHash({ network, program, differentiation }: Compilation): number {
  const { graph, head } = network;
  let hash = 0;
  const add = (value: unknown): void => {
    hash = crc32(new TextEncoder().encode(JSON.stringify(value)), hash);
  };
  const position = new Map(graph.layers.flatMap(({ outputs }, layer) => outputs.map((id) => [id, layer] as const)));
  for (const { operator, inputs, attributes } of graph.layers) {
    add([operator, attributes]);
    for (const id of inputs) {
      const tensor = graph.tensors[id];
      add([position.get(id) ?? -1, tensor?.dtype, tensor?.shape, tensor?.quantisation]);
      if (tensor?.data !== undefined) hash = crc32(tensor.data, hash);
    }
  }
  add([head.kind, head.classes]);
  for (const [layer, { channels }] of differentiation.trained) add([layer, channels]);
  for (const { name, element, bytes } of learnedLayout(program).trained) add([name, element, bytes]);
  return hash;
}

/** Of the optimiser's state; 0 where it has none. */
export function optimizerHash(program: Program): number {
  const { optimizer } = learnedLayout(program);
  const names = optimizer.map(({ name, bytes }) => `${name} ${bytes}`).join('\n');
  return optimizer.length === 0 ? 0 : crc32(new TextEncoder().encode(names));
}
