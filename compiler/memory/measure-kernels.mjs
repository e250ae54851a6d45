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
const flags = ['-std=c99', '-O3', '-ffp-contract=off', '-ffunction-sections', '-fdata-sections', '-fcallgraph-info=su'];
const processor = ['-mcpu=cortex-m7', '-mfpu=fpv5-d16', '-mfloat-abi=hard', '-mthumb'];

/**
 * Every function by its title in GCC's call graph: NAME, or FILE:NAME if it is static, as helpers of kernels are.
 *
 * @type {Map<string, { bytes: number, stack: number, tables: number, callees: Set<string> }>}
 */
const functions = new Map();

/** @param {string} file @param {string} directory */
function measure(file, directory) {
  const object = join(directory, `${file}.o`);
  execFileSync('arm-none-eabi-gcc', [...flags, ...processor, '-c', join(kernels, file), '-o', object]);
  const symbols = execFileSync('arm-none-eabi-nm', ['-S', object], { encoding: 'utf8' });
  const sizes = new Map();
  let tables = 0;
  for (const [, size = '', type = '', symbol = ''] of symbols.matchAll(/^[\da-f]+ ([\da-f]+) (\w) (\S+)$/gm)) {
    const bytes = Number.parseInt(size, 16);
    if (/t/i.test(type)) sizes.set(symbol, bytes);
    else if (/r/i.test(type)) tables += bytes;
  }
  const graph = readFileSync(object.replace(/\.o$/, '.ci'), 'utf8');
  const orphans = new Set();
  // A node says "N bytes" if the file defines the function.
  for (const [, title = '', stack] of graph.matchAll(/^node: \{ title: "([^"]+)" label: "[^"]*\\n(\d+) bytes/gm)) {
    const bytes = sizes.get(title.split(':').at(-1)) ?? 0;
    functions.set(title, { bytes, stack: Number(stack), tables, callees: new Set() });
    orphans.add(title);
  }
  for (const [, from = '', to = ''] of graph.matchAll(/^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/gm)) {
    functions.get(from)?.callees.add(to);
    orphans.delete(to);
  }
  // Helpers that nobody calls by name are called through pointers.
  for (const { callees } of functions.values()) {
    if (!callees.delete('__indirect_call')) continue;
    for (const title of orphans) if (title.includes(':')) callees.add(title);
  }
}

/** @param {string} title @returns {number} */
function stackOf(title) {
  const entry = functions.get(title);
  return entry === undefined ? 0 : entry.stack + Math.max(0, ...[...entry.callees].map(stackOf));
}

/** With the helpers that it calls; other kernels are counted by themselves. @param {string} title @returns {number} */
function codeOf(title, counted = new Set([title])) {
  const { bytes = 0, callees = [] } = functions.get(title) ?? {};
  return [...callees].reduce((sum, callee) => {
    if (!callee.includes(':') || counted.has(callee)) return sum;
    counted.add(callee);
    return sum + codeOf(callee, counted);
  }, bytes);
}

const directory = mkdtempSync(join(tmpdir(), 'firmtune-'));
for (const file of readdirSync(kernels).filter((name) => name.endsWith('.c') && name !== 'wasm_memory.c')) {
  measure(file, directory);
}
rmSync(directory, { recursive: true });
const rows = [...functions]
  .filter(([title]) => !title.includes(':'))
  .map(([title, { tables }]) => `  ${title}: { code: ${codeOf(title) + tables}, stack: ${stackOf(title)} },`);

const version = execFileSync('arm-none-eabi-gcc', ['-dumpversion'], { encoding: 'utf8' }).trim();
writeFileSync(
  join(folder, 'kernel-footprint.ts'),
  `/** Written by measure-kernels.mjs: bytes of each kernel on a Cortex-M7, arm-none-eabi-gcc ${version} -O3. */
export const kernelFootprints: Readonly<Record<string, { readonly code: number; readonly stack: number }>> = {
${rows.sort().join('\n')}
};
`,
);
