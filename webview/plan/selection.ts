/** Which layers are chosen: like the rows of any list of VS Code. */

export interface Selection {
  readonly chosen: ReadonlySet<string>;
  /** Where a range begins. */
  readonly anchor?: string;
}

export const nothingChosen: Selection = { chosen: new Set() };

/** `one` replaces, `toggle` adds or removes, `range` takes all from the anchor to here; `order` is what is listed. */
export function choose(
  { chosen, anchor }: Selection,
  layer: string,
  how: 'one' | 'toggle' | 'range',
  order: readonly string[],
): Selection {
  if (how === 'one') return { chosen: new Set([layer]), anchor: layer };
  if (how === 'toggle') {
    const next = new Set(chosen);
    if (!next.delete(layer)) next.add(layer);
    return { chosen: next, anchor: layer };
  }
  const from = order.indexOf(anchor ?? layer);
  const to = order.indexOf(layer);
  if (from < 0 || to < 0) return { chosen: new Set([layer]), anchor: layer };
  return { chosen: new Set(order.slice(Math.min(from, to), Math.max(from, to) + 1)), anchor: anchor ?? layer };
}
