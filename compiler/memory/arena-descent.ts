/** From a first packing down to the least height: asks the complete search for ever lower capacities. */

import type { ItemOrders, Packing } from './arena-greedy.ts';
import { climb, randomNumbers } from './arena-greedy.ts';
import type { PreparedArena } from './arena-problem.ts';
import type { SearchOutcome, Strategy } from './arena-search.ts';
import { PackingSearch } from './arena-search.ts';
import { orderTies, tabulate } from './arena-tables.ts';

/** What is known of the least height: `packing` has one, none is below `lowerBound`. */
export interface Incumbent {
  readonly packing: Packing;
  readonly lowerBound: number;
}

/** The search recurses once or twice per item; more items than this are left to the climb, like circles of ties. */
const maximumItems = 1000;
const climbTries = 100;
/** Each round gives a search so many times the nodes of the last. */
const growth = 1.5;
/** Without a search more rounds of climbing find little. */
const climbRounds = 20;
/** What is asked for, from the goal (0) to the least progress (1). */
const questions = [0, 0.4, 0.8, 0.95] as const;
const noises = [0, 0.1, 0.3] as const;
/** What leads straight to the goal has fewer. */
const diveFailures = 24;

function strategies(orders: ItemOrders, noise: number): Strategy[] {
  const { pressure, width, size, area } = orders;
  return [
    { choice: 'tight', order: pressure, noise },
    { choice: 'troubled', order: width, noise },
    { choice: 'tight', order: size, noise },
    { choice: 'troubled', order: area, noise },
    { choice: 'tight', order: width, noise },
    { choice: 'tight-troubled', order: width, noise },
    { choice: 'troubled', order: pressure, noise },
  ];
}

/**
 * Lowers the packing and raises the bound until they meet, the height is at most `capacity`, or `proceed` says no.
 * Short searches with several strategies come first, for what one finds at once can take another forever; they grow
 * from round to round, so that in the end each question is answered.
 * @param similar the order of a similar problem's offsets: which item lay below another there mostly is right here too,
 * so before all else the goal is looked for along it, with little patience
 */
export function descend(
  arena: PreparedArena,
  orders: ItemOrders,
  start: Incumbent,
  capacity: number,
  seed: number,
  proceed: () => boolean,
  similar?: readonly number[],
): Incumbent {
  let { packing, lowerBound } = start;
  const done = () => packing.height <= Math.max(lowerBound, capacity);
  if (done()) return start;
  const count = arena.sizes.length;
  const useful = (height: number) => Math.ceil(height / arena.unit) * arena.unit;
  const tables = count <= maximumItems ? orderTies(tabulate(arena)) : undefined;
  const search = tables && new PackingSearch(tables, packing.height, seed);
  const random = randomNumbers(seed);

  const ask = (question: number, strategy: Strategy, nodes: number, failures?: number): SearchOutcome => {
    const outcome = search?.search(question, strategy, nodes, proceed, failures) ?? 'stopped';
    if (outcome === 'impossible') lowerBound = useful(question + 1);
    if (outcome === 'packed') packing = packingOf(arena, search?.offsets ?? []);
    return outcome;
  };

  if (similar !== undefined && search !== undefined) {
    const guided: Strategy = { choice: 'tight', order: similar, noise: 0 };
    const goal = useful(Math.max(lowerBound, capacity));
    for (const strategy of [guided, ...strategies(orders, 0)]) {
      if (!proceed() || ask(goal, strategy, 2 * count, diveFailures) !== 'stopped') break;
    }
  }

  let nodes = 2 * count + 100;
  for (let round = 0; !done() && proceed(); round++) {
    if (search === undefined && round === climbRounds) break;
    for (const strategy of search === undefined ? [] : strategies(orders, noises[round % noises.length] ?? 0)) {
      for (const part of round === 0 ? [0] : questions) {
        const goal = Math.max(lowerBound, capacity);
        const below = packing.height - arena.unit;
        const question = Math.min(useful(goal + part * (below - goal)), below);
        if (!proceed() || search === undefined) break;
        ask(question, strategy, nodes);
        if (done()) return { packing, lowerBound };
      }
    }
    nodes = Math.ceil(nodes * growth);
    packing = climb(arena, packing, Math.max(lowerBound, capacity), climbTries, random, proceed);
  }
  return { packing, lowerBound };
}

function packingOf(arena: PreparedArena, offsets: readonly number[]): Packing {
  const height = offsets.reduce((top, offset, item) => Math.max(top, offset + (arena.sizes[item] ?? 0)), 0);
  return { offsets, height };
}
