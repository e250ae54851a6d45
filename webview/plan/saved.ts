/** What the page remembers while its webview is hidden or the window reloads. */

import { array, boolean, fallback, type InferOutput, nullable, number, picklist, strictObject, string } from 'valibot';
import { comparisons } from './messages.ts';

const range = nullable(strictObject({ min: number(), max: number() }));

export const savedState = strictObject({
  filter: fallback(string(), ''),
  chosen: fallback(array(string()), []),
  step: fallback(nullable(number()), null),
  /** Of the steps, and of the addresses of the arena map. */
  stepRange: fallback(range, null),
  addressRange: fallback(range, null),
  timelineTable: fallback(boolean(), false),
  arenaTable: fallback(boolean(), false),
  compare: fallback(nullable(picklist(comparisons)), 'previous'),
  pageScroll: fallback(number(), 0),
  layersScroll: fallback(number(), 0),
});
export type SavedState = InferOutput<typeof savedState>;

export const freshState: SavedState = {
  filter: '',
  chosen: [],
  step: null,
  stepRange: null,
  addressRange: null,
  timelineTable: false,
  arenaTable: false,
  compare: 'previous',
  pageScroll: 0,
  layersScroll: 0,
};
