/** From steps over named buffers to offsets: lifetimes, the arena, and the block of static SRAM. */
import type { BufferId, KernelCall, ProgramBuffer, Step } from '../program.ts';
import { type DraftBuffer, type DraftStep, elementBytes } from '../schedule/builder.ts';
import { type ArenaOverlap, type ArenaSolution, packArena } from './arena.ts';

export interface Placement {
  readonly buffers: readonly ProgramBuffer[];
  readonly arenaBytes: number;
  readonly sramBytes: number;
  readonly solution: ArenaSolution;
}

export interface PlaceOptions {
  /** Buffers that live from the first step on (the input) or to the last (results). */
  readonly fromStart: readonly BufferId[];
  readonly toEnd: readonly BufferId[];
  /** Every arena buffer lives throughout. */
  readonly keepAll: boolean;
  readonly milliseconds?: number;
  readonly cancelled?: () => boolean;
  /** Buffers of a similar program as placed: where they lie is tried first. */
  readonly similar?: readonly ProgramBuffer[];
}

/** Float data in the arena and every static buffer start at a multiple of this. */
const wordBytes = 4;

export function placeBuffers(
  drafts: readonly DraftBuffer[],
  steps: readonly DraftStep[],
  options: PlaceOptions,
): Placement {
  const lives = lifetimes(drafts.length, steps, options);
  const inArena = drafts.filter((draft) => draft.home === 'arena' && (lives[draft.id]?.last ?? -1) >= 0);
  const index = new Map(inArena.map((draft, position) => [draft.id, position]));
  const items = inArena.map((draft) => ({
    size: draft.bytes,
    first: lives[draft.id]?.first ?? 0,
    last: lives[draft.id]?.last ?? 0,
    align: draft.element === 'int8' || draft.element === 'uint8' ? 1 : wordBytes,
  }));
  const overlaps = usableOverlaps(steps, lives, index);
  const solution = packArena(
    { items, overlaps },
    {
      ...(options.milliseconds === undefined ? {} : { milliseconds: options.milliseconds }),
      ...(options.cancelled === undefined ? {} : { cancelled: options.cancelled }),
      ...(options.similar === undefined ? {} : { order: similarOrder(inArena, options.similar) }),
    },
  );
  const statics = placeStatics(drafts);
  const buffers = drafts.map((draft): ProgramBuffer => {
    const fixed = statics.offsets.get(draft.id);
    if (fixed !== undefined) return { ...draft, offset: fixed };
    const position = index.get(draft.id);
    const life = lives[draft.id];
    if (position === undefined || life === undefined) return draft;
    return { ...draft, ...life, offset: solution.offsets[position] ?? -1 };
  });
  return { buffers, arenaBytes: solution.height, sramBytes: statics.bytes, solution };
}

/** From the bottom up as in the similar program; buffers that it does not have last, the largest first. */
function similarOrder(inArena: readonly DraftBuffer[], similar: readonly ProgramBuffer[]): readonly number[] {
  const offsets = new Map<string, number>();
  for (const { home, name, offset } of similar) if (home === 'arena') offsets.set(name, offset);
  const keys = inArena.map(({ name, bytes }, item) => ({
    item,
    offset: offsets.get(name) ?? Number.MAX_SAFE_INTEGER,
    bytes,
  }));
  return keys.sort((a, b) => a.offset - b.offset || b.bytes - a.bytes).map(({ item }) => item);
}

/** Wide elements first, so that the generated C struct needs no padding and has these very offsets. */
function placeStatics(drafts: readonly DraftBuffer[]): { offsets: ReadonlyMap<BufferId, number>; bytes: number } {
  const offsets = new Map<BufferId, number>();
  let bytes = 0;
  for (const draft of staticOrder(drafts)) {
    offsets.set(draft.id, bytes);
    bytes += draft.bytes;
  }
  return { offsets, bytes: Math.ceil(bytes / wordBytes) * wordBytes };
}

/** Buffers of static SRAM in the order of the struct. */
export function staticOrder<T extends Pick<DraftBuffer, 'home' | 'element'>>(buffers: readonly T[]): readonly T[] {
  return buffers
    .filter((buffer) => buffer.home === 'sram')
    .sort((a, b) => elementBytes[b.element] - elementBytes[a.element]);
}

interface Life {
  readonly first: number;
  readonly last: number;
}

/** Inclusive step numbers; last -1: never used. */
function lifetimes(count: number, steps: readonly Step[], options: PlaceOptions): readonly Life[] {
  const first = new Array<number>(count).fill(Number.POSITIVE_INFINITY);
  const last = new Array<number>(count).fill(-1);
  steps.forEach((step, number) => {
    for (const call of step.calls) {
      for (const id of buffersOf(call)) {
        first[id] = Math.min(first[id] ?? 0, number);
        last[id] = number;
      }
    }
  });
  const end = Math.max(0, steps.length - 1);
  for (const id of options.fromStart) {
    first[id] = 0;
    last[id] = Math.max(0, last[id] ?? 0);
  }
  for (const id of options.toEnd) last[id] = end;
  if (options.keepAll) {
    first.fill(0);
    last.forEach((value, id) => {
      if (value >= 0) last[id] = end;
    });
  }
  return first.map((value, id) => ({ first: value, last: last[id] ?? -1 }));
}

export function buffersOf(call: KernelCall): readonly BufferId[] {
  const buffers: BufferId[] = [];
  for (const argument of Object.values(call.arguments)) {
    if (argument.kind === 'buffer') buffers.push(argument.buffer);
  }
  return buffers;
}

/** An output may only grow into an input that dies there, and whose own life the output does not outdate. */
function usableOverlaps(
  steps: readonly DraftStep[],
  lives: readonly Life[],
  index: ReadonlyMap<BufferId, number>,
): readonly ArenaOverlap[] {
  return steps.flatMap((step, number) =>
    step.overlaps.flatMap(({ below, above, distance }) => {
      const [lower, upper] = [index.get(below), index.get(above)];
      const usable = lives[above]?.last === number && lives[below]?.first === number && below !== above;
      return usable && lower !== undefined && upper !== undefined ? [{ below: lower, above: upper, distance }] : [];
    }),
  );
}
