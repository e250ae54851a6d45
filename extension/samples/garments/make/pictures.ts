import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Fashion-MNIST's labels, in its own order. */
export const garmentNames = [
  't-shirt',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle-boot',
] as const;

/** What the sample model is pre-trained on, and what the device learns. */
export const oldClasses: readonly number[] = [0, 1, 2, 3, 4];
export const newClasses: readonly number[] = [5, 6, 7, 8, 9];

export const side = 28;
export const pixels = side * side;

export interface PictureSet {
  /** uint8 [n, 28, 28, 1], 0 = background. */
  readonly images: Uint8Array;
  /** uint8 [n]. */
  readonly labels: Uint8Array;
  /** Where each picture stands in the set it was taken from. */
  readonly origin: readonly number[];
}

export type Part = 'train' | 'test';

/** The content of an IDX file, whose header holds one big-endian dimension per axis. */
function readIdx(path: string): Uint8Array {
  const bytes = gunzipSync(readFileSync(path));
  return new Uint8Array(bytes.subarray(4 + 4 * bytes.readUInt8(3)));
}

/** Fashion-MNIST as Debian's package `dataset-fashion-mnist` or its own site ships it: 60,000 and 10,000 pictures. */
export function readFashion(directory: string, part: Part): PictureSet {
  const prefix = part === 'train' ? 'train' : 't10k';
  const images = readIdx(join(directory, `${prefix}-images-idx3-ubyte.gz`));
  const labels = readIdx(join(directory, `${prefix}-labels-idx1-ubyte.gz`));
  if (images.length !== labels.length * pixels) throw new Error(`${directory}: ${prefix} images and labels differ`);
  return { images, labels, origin: Array.from(labels, (_, index) => index) };
}

/** The pictures at `indices`; labels become positions in `classes`. */
function take(set: PictureSet, indices: readonly number[], classes: readonly number[]): PictureSet {
  const images = new Uint8Array(indices.length * pixels);
  indices.forEach((from, to) => {
    images.set(set.images.subarray(from * pixels, (from + 1) * pixels), to * pixels);
  });
  const labels = Uint8Array.from(indices, (index) => classes.indexOf(set.labels[index] ?? -1));
  return { images, labels, origin: indices.map((index) => set.origin[index] ?? index) };
}

export function takeClasses(set: PictureSet, classes: readonly number[]): PictureSet {
  const indices = Array.from(set.labels.keys()).filter((index) => classes.includes(set.labels[index] ?? -1));
  return take(set, indices, classes);
}

/** `perClass` pictures of each class, drawn and shuffled by `seed`. */
export function drawBalanced(set: PictureSet, classes: readonly number[], perClass: number, seed: number): PictureSet {
  const order = shuffle(Array.from(set.labels.keys()), seed);
  const drawn = classes.flatMap((label) => order.filter((index) => set.labels[index] === label).slice(0, perClass));
  if (drawn.length !== classes.length * perClass) throw new Error(`fewer than ${perClass} pictures of a class`);
  return take(set, shuffle(drawn, seed + 1), classes);
}

/** Fisher-Yates on mulberry32. */
function shuffle(indices: readonly number[], seed: number): number[] {
  const order = [...indices];
  let state = seed >>> 0;
  for (let last = order.length - 1; last > 0; last--) {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    const chosen = Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * (last + 1));
    const [a, b] = [order[last], order[chosen]];
    if (a === undefined || b === undefined) throw new Error('shuffle went out of range');
    order[last] = b;
    order[chosen] = a;
  }
  return order;
}
