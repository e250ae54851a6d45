/** What outlives hiding, and the window: by `plan`, the extension knows again which plan the page is of. */

import { boolean, type InferOutput, nullable, number, object, string } from 'valibot';

export const savedState = object({
  plan: string(),
  budgetBytes: nullable(number()),
  /** The point that the author chose; null: the best within the budget. */
  pinned: nullable(number()),
  table: boolean(),
});
export type SavedState = InferOutput<typeof savedState>;

export const freshState: SavedState = { plan: '', budgetBytes: null, pinned: null, table: false };
