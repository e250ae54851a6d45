/** Makes the sample anew. Usage: node run.mjs [FASHION_MNIST_DIRECTORY] */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const make = dirname(fileURLToPath(import.meta.url));
const fashion = process.argv[2] ?? '/usr/share/datasets/fashion-mnist';
if (!existsSync(fashion)) {
  console.error(`no ${fashion}: install Debian's dataset-fashion-mnist, or name the folder of the four IDX files`);
  process.exit(2);
}
const directory = mkdtempSync(join(tmpdir(), 'garments-make-'));
const outfile = join(directory, 'make.mjs');
try {
  await build({ entryPoints: [join(make, 'make.ts')], outfile, bundle: true, platform: 'node', format: 'esm' });
  const { makeSample } = await import(pathToFileURL(outfile).href);
  makeSample(make, fashion);
} finally {
  rmSync(directory, { recursive: true });
}
