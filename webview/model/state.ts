/** What the page remembers while its tab is hidden, or VS Code closed. */

import { array, type InferOutput, nullable, number, picklist, strictObject, string } from 'valibot';

export const tints = ['kind', 'activations', 'macs', 'weights', 'update'] as const;
export type Tint = (typeof tints)[number];

export const viewState = strictObject({
  /** The graph's point in the middle of the window, and the zoom. Null: as large as fits. */
  camera: nullable(strictObject({ x: number(), y: number(), zoom: number() })),
  selected: nullable(string()),
  /** Null: as the size of the model suggests. */
  collapsed: nullable(array(string())),
  tint: picklist(tints),
  /** Which plan gives the update choice. */
  plan: nullable(string()),
  search: string(),
  mode: picklist(['graph', 'table']),
  details: picklist(['open', 'closed']),
});
export type ViewState = InferOutput<typeof viewState>;

export const initialState: ViewState = {
  camera: null,
  selected: null,
  collapsed: null,
  tint: 'kind',
  plan: null,
  search: '',
  mode: 'graph',
  details: 'closed',
};
