/**
 * Measures code and stack of every kernel and writes kernel-footprint.ts, from which the memory report estimates what
 * it cannot count. Run it when kernels have changed: node compiler/memory/measure-kernels.mjs (needs arm-none-eabi-gcc).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const kernels = join(folder, '..', 'kernels');
const flags = ['-std=c99', '-O3', '-ffp-contract=off', '-ffunction-sections', '-fdata-sections', '-fstack-usage'];
const processor = ['-mcpu=cortex-m7', '-mfpu=fpv5-d16', '-mfloat-abi=hard', '-mthumb'];

/** Of one file: name to { bytes, stack } of its functions, and the bytes of its constant tables. */
function measure(file, directory) {
  const object = join(directory, `${file}.o`);
  execFileSync('arm-none-eabi-gcc', [...flags, ...processor, '-c', join(kernels, file), '-o', object]);
  const functions = new Map();
  for (const line of readFileSync(object.replace(/\.o$/, '.su'), 'utf8').trim().split('\n')) {
    const [place, stack] = line.split('\t');
    functions.set(place?.split(':').at(-1), { bytes: 0, stack: Number(stack) });
  }
  let tables = 0;
  const symbols = execFileSync('arm-none-eabi-nm', ['-S', object], { encoding: 'utf8' });
  for (const [, size = '', type = '', name] of symbols.matchAll(/^[\da-f]+ ([\da-f]+) (\w) (\S+)$/gm)) {
    const bytes = Number.parseInt(size, 16);
    const entry = functions.get(name);
    if (entry !== undefined && /t/i.test(type)) entry.bytes = bytes;
    else if (/r/i.test(type)) tables += bytes;
  }
  return { functions, tables };
}

const directory = mkdtempSync(join(tmpdir(), 'firmtune-'));
const rows = [];
for (const file of readdirSync(kernels).filter((name) => name.endsWith('.c') && name !== 'wasm_memory.c')) {
  const { functions, tables } = measure(file, directory);
  const helpers = [...functions].filter(([name]) => !name.startsWith('ft_')).map(([, entry]) => entry);
  const shared = tables + helpers.reduce((sum, { bytes }) => sum + bytes, 0);
  const below = Math.max(0, ...helpers.map(({ stack }) => stack));
  for (const [name, { bytes, stack }] of functions) {
    if (name.startsWith('ft_')) rows.push(`  ${name}: { code: ${bytes + shared}, stack: ${stack + below} },`);
  }
}
rmSync(directory, { recursive: true });

const version = execFileSync('arm-none-eabi-gcc', ['-dumpversion'], { encoding: 'utf8' }).trim();
writeFileSync(
  join(folder, 'kernel-footprint.ts'),
  `/** Written by measure-kernels.mjs: bytes of each kernel on a Cortex-M7, arm-none-eabi-gcc ${version} -O3. */
export const kernelFootprints: Readonly<Record<string, { readonly code: number; readonly stack: number }>> = {
${rows.sort().join('\n')}
};
`,
);
