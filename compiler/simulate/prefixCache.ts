/** What the frozen prefixes of samples gave: of each sample they need to run only once, however often it comes. */
import type { Machine } from './machine.ts';
import type { FrozenPrefix } from './prefix.ts';

/** Plain data: on shared memory, workers that train the same plan on the same samples fill one cache together. */
export interface PrefixCache {
  readonly entryBytes: number;
  /** One entry after the other; samples beyond the last are computed each time. */
  readonly bytes: Uint8Array;
  /** 1 where the entry is filled. */
  readonly present: Int32Array;
}

export interface PrefixCaches {
  readonly train: PrefixCache;
  readonly test: PrefixCache;
}

/** 256 MiB hold 100,000 samples of a plan like mcunet-5fps-49kb, which keeps 2,560 bytes of each. */
export const defaultCacheBytes = 256 * 2 ** 20;

export interface CacheNeeds {
  readonly prefix: FrozenPrefix;
  /** 0 where training samples are never the same twice. */
  readonly trainSamples: number;
  readonly testSamples: number;
  /** Of both caches together. */
  readonly limitBytes: number;
  readonly shared?: boolean;
}

/** Test samples come first: they are seen once more than training samples. */
export function prefixCaches({
  prefix,
  trainSamples,
  testSamples,
  limitBytes,
  shared = false,
}: CacheNeeds): PrefixCaches {
  const entryBytes = Math.max(1, prefix.bytes);
  const room = prefix.steps === 0 ? 0 : Math.floor(limitBytes / entryBytes);
  const test = Math.min(testSamples, room);
  const cache = (entries: number): PrefixCache => ({
    entryBytes,
    bytes: new Uint8Array(bufferOf(entries * entryBytes, shared)),
    present: new Int32Array(bufferOf(4 * entries, shared)),
  });
  return { test: cache(test), train: cache(Math.min(trainSamples, room - test)) };
}

function bufferOf(bytes: number, shared: boolean): ArrayBuffer | SharedArrayBuffer {
  return shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}

/** Undefined where the cache has no room for the sample. */
export function cachedPrefix(
  cache: PrefixCache,
  position: number,
  machine: Machine,
  input: Uint8Array,
): Uint8Array | undefined {
  if (position >= cache.present.length) return undefined;
  const entry = cache.bytes.subarray(position * cache.entryBytes, (position + 1) * cache.entryBytes);
  if (Atomics.load(cache.present, position) === 1) return entry;
  const captured = machine.capturePrefix(input);
  // Workers that race here write the same bytes.
  entry.set(captured);
  Atomics.store(cache.present, position, 1);
  return captured;
}
