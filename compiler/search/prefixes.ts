/** Frozen prefixes shared by runs of different plans: where the first steps of two programs are the same, what they gave
 * of a sample serves both. */
import { buffersOf } from '../memory/place.ts';
import type { Program } from '../program.ts';
import type { DataSet } from '../simulate/data.ts';
import type { Machine } from '../simulate/machine.ts';
import { type PrefixCaches, prefixCaches } from '../simulate/prefixCache.ts';

/** Of one data set. */
export interface SharedPrefixes {
  cachesFor(machine: Machine, data: DataSet): PrefixCaches;
}

/** Prefixes kept at a time: those of the head alone, of the shared depth, of the depth that is measured now. */
const kept = 3;
const limitBytes = 192 * 2 ** 20;

export function sharedPrefixes(): SharedPrefixes {
  const known = new Map<string, PrefixCaches>();
  return {
    cachesFor: (machine, data) => {
      const signature = prefixSignature(machine.program, machine.prefix);
      const caches =
        known.get(signature) ??
        prefixCaches({
          prefix: machine.prefix,
          trainSamples: data.train.length,
          testSamples: data.test.length,
          limitBytes,
        });
      // The newest is last.
      known.delete(signature);
      known.set(signature, caches);
      for (const oldest of [...known.keys()].slice(0, -kept)) known.delete(oldest);
      return caches;
    },
  };
}

/**
 * Equal where the prefix steps make the same calls on the same constants and leave the same buffers, wherever these lie.
 * Of one model alone: constants count by name, size and a checksum.
 */
export function prefixSignature(program: Program, { steps, buffers }: Machine['prefix']): string {
  const shown = program.steps.slice(0, steps);
  const used = new Set([...shown.flatMap(({ calls }) => calls.flatMap(buffersOf)), ...buffers]);
  const described = new Map(
    [...used].map((id) => {
      const buffer = program.buffers[id];
      const sum = buffer?.data === undefined ? '' : checksum(buffer.data);
      return [id, `${buffer?.name} ${buffer?.home} ${buffer?.bytes} ${sum}`] as const;
    }),
  );
  const text = JSON.stringify(shown, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('buffer' in value)) return value;
    const { buffer } = value;
    return typeof buffer === 'number' ? { ...value, buffer: described.get(buffer) } : value;
  });
  return `${text} ${buffers.map((id) => described.get(id)).join()}`;
}

/** FNV-1a, 32 bits. */
function checksum(data: ArrayBufferView): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let hash = 0x811c_9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return (hash >>> 0).toString(16);
}
