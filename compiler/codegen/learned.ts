/** Which bytes of a model's static memory are saved, and the blob that ft_store.c makes of them. */
import { type Diagnostic, failure, type Result, success } from '../diagnostics.ts';
import { staticOrder } from '../memory/place.ts';
import type { Program, ProgramBuffer } from '../program.ts';
import { crc32 } from './crc32.ts';

/** A stretch of the block of static SRAM. */
export interface LearnedPart {
  readonly offset: number;
  readonly bytes: number;
}

export interface LearnedLayout {
  /** What trains, and the count of steps, in memory order. */
  readonly trained: readonly ProgramBuffer[];
  /** Moments, sums of gradients and how far the batch is; empty where nothing of it outlives a step. */
  readonly optimizer: readonly ProgramBuffer[];
}

export function learnedLayout({ buffers, ports }: Program): LearnedLayout {
  const statics = staticOrder(buffers);
  const { training } = ports;
  return {
    trained: statics.filter(({ id, role }) => role === 'trained' || id === training?.stepCount),
    optimizer: statics.filter(
      ({ id, role }) => role === 'optimizer' || (id === training?.batchCount && training.batch > 1),
    ),
  };
}

/** Neighbours in memory become one part. */
export function partsOf(buffers: readonly ProgramBuffer[]): readonly LearnedPart[] {
  const parts: LearnedPart[] = [];
  for (const { offset, bytes } of buffers) {
    const last = parts.at(-1);
    if (last !== undefined && last.offset + last.bytes === offset) {
      parts[parts.length - 1] = { offset: last.offset, bytes: last.bytes + bytes };
    } else {
      parts.push({ offset, bytes });
    }
  }
  return parts;
}

export function bytesOf(parts: readonly LearnedPart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** As in ft_store.h. */
const magic = 0x314c_5446;
const formatVersion = 1;
const headerBytes = 28;
const checksumBytes = 4;
export const blobOverhead = headerBytes + checksumBytes;

function isBlob(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && viewOf(bytes).getUint32(0, true) === magic;
}

/** Where saved states may begin in a dump of flash; 0 alone for a file that is one. */
export function blobOffsets(dump: Uint8Array): readonly number[] {
  const words = Array.from({ length: Math.floor(dump.length / 4) }, (_, word) => 4 * word);
  return words.filter((offset) => isBlob(dump.subarray(offset)));
}

export interface SavedState {
  /** The block of static SRAM that the blob loads into a device in its factory state. */
  readonly memory: Uint8Array;
  /** Counts saves into slots; 0 where it was saved elsewhere. */
  readonly sequence: number;
}

/** The newest good state of a dump; where there is none, what is wrong with the first one. */
export function newestState(
  program: Program,
  planHash: number,
  factory: Uint8Array,
  dump: Uint8Array,
): Result<SavedState> {
  const [first = 0, ...others] = blobOffsets(dump);
  const read = (offset: number): Result<SavedState> => readBlob(program, planHash, factory, dump.subarray(offset));
  return others.map(read).reduce((best, next) => {
    if (!next.ok) return best;
    // Sequence numbers may wrap, as in ft_store.c.
    return !best.ok || (next.value.sequence - best.value.sequence - 1) >>> 0 < 0x7fff_ffff ? next : best;
  }, read(first));
}

/** Bytes behind the blob's end are passed over: a slot of flash may be given whole. */
export function readBlob(
  program: Program,
  planHash: number,
  factory: Uint8Array,
  blob: Uint8Array,
): Result<SavedState> {
  const view = viewOf(blob);
  if (!isBlob(blob)) return refused('not-a-blob', 'the file does not begin with a saved state');
  if (blob.length < blobOverhead) return refused('blob-truncated', 'the saved state ends within its header');
  const version = view.getUint32(4, true);
  if (version !== formatVersion) return refused('blob-version', `the saved state has the unknown format ${version}`);
  const [trainedBytes, optimizerBytes] = [view.getUint32(20, true), view.getUint32(24, true)];
  const end = headerBytes + trainedBytes + optimizerBytes;
  if (blob.length < end + checksumBytes) {
    return refused('blob-truncated', `the saved state has ${end + checksumBytes} bytes, the file ${blob.length}`);
  }
  if (crc32(blob.subarray(0, end)) !== view.getUint32(end, true)) {
    return refused('blob-damaged', 'the checksum of the saved state does not fit');
  }
  const parts = partsOf(learnedLayout(program).trained);
  if (view.getUint32(12, true) !== planHash || trainedBytes !== bytesOf(parts)) {
    return refused('blob-of-another-plan', 'the saved state is of another model or trains other channels');
  }
  const memory = factory.slice();
  let from = headerBytes;
  for (const { offset, bytes } of parts) {
    memory.set(blob.subarray(from, from + bytes), offset);
    from += bytes;
  }
  return success({ memory, sequence: view.getUint32(8, true) });
}

/** The blob that a device with this memory saves, without the optimiser's state. */
export function writeBlob(program: Program, planHash: number, memory: Uint8Array, sequence = 0): Uint8Array {
  const parts = partsOf(learnedLayout(program).trained);
  const blob = new Uint8Array(blobOverhead + bytesOf(parts));
  const view = viewOf(blob);
  [magic, formatVersion, sequence, planHash, 0, bytesOf(parts), 0].forEach((word, index) => {
    view.setUint32(4 * index, word, true);
  });
  let end = headerBytes;
  for (const { offset, bytes } of parts) {
    blob.set(memory.subarray(offset, offset + bytes), end);
    end += bytes;
  }
  view.setUint32(end, crc32(blob.subarray(0, end)), true);
  return blob;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refused(code: string, message: string): Result<never> {
  const remedy = 'give the bytes that NAME_save wrote, or all of NAME_learned, of firmware made from this plan';
  return failure({ severity: 'error', code, message, remedy } satisfies Diagnostic);
}
