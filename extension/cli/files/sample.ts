/**
 * The sample firmware workspace. It has the model, the plan and the pictures of the garments sample, which are shipped
 * once: opening the workspace copies both into one folder.
 */
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface SampleFile {
  /** Relative to the package, with forward slashes. */
  readonly from: string;
  /** Relative to the workspace. */
  readonly to: string;
}

const firmware = 'extension/samples/firmware';
const garments = 'extension/samples/garments';

/** Everything that a workspace consists of. @param packageFolder where package.json lies */
export function sampleFiles(packageFolder: string): readonly SampleFile[] {
  const below = (folder: string): readonly string[] =>
    readdirSync(join(packageFolder, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(packageFolder.length + 1)
          .replaceAll('\\', '/'),
      )
      .sort();
  return [
    ...below(firmware).map((from) => ({ from, to: from.slice(firmware.length + 1) })),
    { from: `${garments}/garments.tflite`, to: 'garments.tflite' },
    { from: `${garments}/garments.trainplan`, to: 'garments.trainplan' },
    { from: `${garments}/LICENSE`, to: 'LICENSE' },
    ...below(`${garments}/data`).map((from) => ({ from, to: from.slice(garments.length + 1) })),
  ];
}

/** Never overwrites. @returns what is in the way: nothing is copied then */
export function copySample(packageFolder: string, workspace: string): readonly string[] {
  const files = sampleFiles(packageFolder);
  const inTheWay = files.map(({ to }) => to).filter((to) => existsSync(join(workspace, to)));
  if (inTheWay.length > 0) return inTheWay;
  for (const { from, to } of files) {
    mkdirSync(dirname(join(workspace, to)), { recursive: true });
    cpSync(join(packageFolder, from), join(workspace, to));
  }
  return [];
}
