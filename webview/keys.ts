/** Where a key of a slider leads from `here`: up and right are more. Within 0 and `last`; undefined for any other key. */
export function sliderTarget(key: string, here: number, last: number, page: number): number | undefined {
  const targets: Readonly<Record<string, number>> = {
    ArrowLeft: here - 1,
    ArrowDown: here - 1,
    ArrowRight: here + 1,
    ArrowUp: here + 1,
    PageDown: here - page,
    PageUp: here + page,
    Home: 0,
    End: last,
  };
  const target = targets[key];
  return target === undefined ? undefined : Math.min(Math.max(target, 0), last);
}

/** A tenth of all, for the keys that move by a page. */
export function tenthOf(count: number): number {
  return Math.max(1, Math.round(count / 10));
}
