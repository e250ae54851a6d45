/** Where an arrow key leads. */

import type { LayoutBox, ModelLayout } from './messages.ts';
import type { Network } from './network.ts';

export type Direction = 'up' | 'down' | 'left' | 'right' | 'first' | 'last';

export interface Steppable {
  readonly network: Network;
  readonly layout: ModelLayout;
  readonly collapsed: ReadonlySet<string>;
}

/**
 * Up and down go along the connections, step by step as the model runs: a short cut is never taken over its block. Left and
 * right lead to what is beside, another branch or the next column. Undefined: there is nothing.
 */
export function step(graph: Steppable, from: string | undefined, direction: Direction): string | undefined {
  const { boxes } = graph.layout;
  if (direction === 'last') return boxes.at(-1)?.id;
  const start = boxes.find(({ id }) => id === from);
  if (direction === 'first' || start === undefined) {
    // An expanded block's own frame was selected: its first layer is the nearest thing.
    const inside = direction === 'first' || from === undefined ? undefined : firstInside(graph, from);
    return inside ?? boxes[0]?.id;
  }
  if (direction === 'up' || direction === 'down') {
    const ids = graph.network.neighbours(start.id, direction === 'up' ? 'sources' : 'readers', graph.collapsed);
    const beyond = boxes.filter(({ id }) => ids.includes(id));
    return (direction === 'up' ? beyond.at(-1) : beyond[0])?.id;
  }
  const sign = direction === 'left' ? -1 : 1;
  const beside = boxes.filter((box) => sign * (middleX(box) - middleX(start)) > start.width / 2);
  // Level first: what is far above or below is not beside.
  return least(beside, (box) => Math.abs(middleX(box) - middleX(start)) + 3 * Math.abs(middleY(box) - middleY(start)))
    ?.id;
}

function firstInside({ network, layout }: Steppable, block: string): string | undefined {
  const members = network.membersOf(block);
  return layout.boxes.find(({ id }) => members.has(id))?.id;
}

function least(boxes: readonly LayoutBox[], cost: (box: LayoutBox) => number): LayoutBox | undefined {
  let best: LayoutBox | undefined;
  for (const box of boxes) if (best === undefined || cost(box) < cost(best)) best = box;
  return best;
}

function middleX({ x, width }: LayoutBox): number {
  return x + width / 2;
}

function middleY({ y, height }: LayoutBox): number {
  return y + height / 2;
}
