import { existsSync, readdirSync, readFileSync } from 'node:fs';

const root = '../shared/data';

/** Real models and vectors that are not part of the repository; tests that need them skip without. */
export const hasSharedData = existsSync(`${root}/models`);

/** `models/mcunetv3/mcunet-5fps.tflite`, ...: all TFLite files of the shared data. */
export function modelFiles(): readonly string[] {
  if (!hasSharedData) return [];
  return ['models', 'golden/ops']
    .flatMap((folder) => readdirSync(`${root}/${folder}`, { recursive: true }).map((file) => `${folder}/${file}`))
    .filter((file) => file.endsWith('.tflite'))
    .sort();
}

export function sharedBytes(file: string): Uint8Array {
  return new Uint8Array(readFileSync(`${root}/${file}`));
}
