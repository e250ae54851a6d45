/**
 * Compiles the kernels to WebAssembly and writes kernels.generated.ts: the module, the C texts, and the signatures and
 * structs of the headers. Needs no C toolchain: the compiler is an npm package, which takes some 15 s; the result is
 * kept in .cache/ under the hash of everything that it depends on.
 *
 * With "scalar" it compiles them without SIMD instead and prints the module's path: what a benchmark compares with.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const cacheFolder = join(folder, '..', '..', '.cache');
const generatedFile = join(folder, 'kernels.generated.ts');

/** Where kernels and their structs are declared. */
const headers = ['ft_kernels.h', 'ft_operators.h'];
/** Only for the WebAssembly build; a firmware has a C library. */
const wasmOnly = 'wasm_memory.c';
/** Without bulk memory: wasm_memory.c says why, and switches it on for itself. */
const flags = [
  ...['-std=c99', '-O3', '-mno-bulk-memory', '-mno-bulk-memory-opt', '-ffp-contract=off'],
  ...['-Wall', '-Wextra', '-Wconversion', '-Werror'],
  ...['-nostdlib', '-Wl,--no-entry', '-Wl,--stack-first', '-Wl,--export=__heap_base'],
];

/** The kernels' parameters and structs, as the header declares them. */
function readHeader(header) {
  const text = header.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/\s+/g, ' ');
  const parameters = {};
  for (const [, name, list] of text.matchAll(/\bvoid (ft_\w+)\(([^)]*)\);/g))
    parameters[name] = list.split(',').map((parameter) => {
      const match = /^\s*(.*[\s*])(\w+)\s*$/.exec(parameter);
      if (match === null) throw new Error(`the headers: cannot read "${parameter}" of ${name}`);
      return { name: match[2], type: match[1].trim() };
    });
  const structs = {};
  for (const [, fields, name] of text.matchAll(/typedef struct \w+ \{([^}]*)\} (\w+);/g))
    structs[name] = fields
      .split(';')
      .filter((declaration) => declaration.trim() !== '')
      .flatMap((declaration) => {
        const match = /^\s*(int32_t|float) (.*)$/.exec(declaration);
        if (match === null) throw new Error(`the headers: cannot read "${declaration}" of ${name}`);
        return match[2].split(',').map((declarator) => {
          const [, field, length] = /^\s*(\w+)\s*(?:\[(\d+)\])?\s*$/.exec(declarator) ?? [];
          if (field === undefined) throw new Error(`the headers: cannot read "${declarator}" of ${name}`);
          return { name: field, type: match[1], length: Number(length ?? 1) };
        });
      });
  return { parameters, structs };
}

/** Which file defines each kernel of the header; exactly one must. */
function findDefinitions(kernels, sources) {
  const signatures = {};
  for (const [kernel, parameters] of Object.entries(kernels)) {
    const files = Object.keys(sources).filter(
      (file) => file.endsWith('.c') && new RegExp(`^void ${kernel}\\(`, 'm').test(sources[file]),
    );
    if (files.length !== 1) throw new Error(`${kernel} is defined in ${files.length} files: ${files.join(', ')}`);
    signatures[kernel] = { file: files[0], parameters };
  }
  return signatures;
}

async function compileToWasm(sources, kernels, simd) {
  const { runClang, runLLVM } = await import('@yowasp/clang');
  await runLLVM(null, {}, { fetchProgress: () => {} }); // loads the compiler; runClang would report it in numbers
  let messages = '';
  const collect = (bytes) => {
    if (bytes !== null) messages += new TextDecoder().decode(bytes);
  };
  const units = Object.keys(sources).filter((file) => file.endsWith('.c'));
  const exported = Object.keys(kernels).map((kernel) => `-Wl,--export=${kernel}`);
  try {
    const files = await runClang(
      ['clang', ...flags, ...(simd ? ['-msimd128'] : []), ...exported, '-o', 'kernels.wasm', ...units],
      sources,
      {
        stdout: collect,
        stderr: collect,
      },
    );
    return Buffer.from(files['kernels.wasm']);
  } catch (error) {
    throw new Error(`the kernels do not compile:\n${messages}`, { cause: error });
  }
}

function typescriptOf(wasm, sources, signatures, structs) {
  const json = (value) => JSON.stringify(value, null, 2);
  return `/** Written by build.mjs from the C files beside it. */

export interface KernelSignature {
  readonly file: string;
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
}

export interface StructField {
  readonly name: string;
  readonly type: 'int32_t' | 'float';
  readonly length: number;
}

/** By kernel name. */
export const kernelSignatures: Readonly<Record<string, KernelSignature>> = ${json(signatures)};

/** Fields of the parameter structs, in order; every element has four bytes. */
export const kernelStructs: Readonly<Record<string, readonly StructField[]>> = ${json(structs)};

/** The C texts by file name, for generated projects. */
export const kernelSources: Readonly<Record<string, string>> = ${json(sources)};

/** The WebAssembly module, base64. It exports the kernels, its memory, and __heap_base, from where memory is free. */
export const kernelWasm =
  '${wasm.toString('base64')}';
`;
}

function writeWhole(file, text) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}

const sources = Object.fromEntries(
  readdirSync(folder)
    .filter((file) => /\.[ch]$/.test(file))
    .sort()
    .map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
);
const compiler = createRequire(import.meta.url).resolve('@yowasp/clang');
const compilerVersion = readFileSync(join(dirname(compiler), '..', 'package.json'), 'utf8');
const inputs = [readFileSync(fileURLToPath(import.meta.url), 'utf8'), compilerVersion, sources];
const hash = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 32);
const { parameters, structs } = readHeader(headers.map((file) => sources[file]).join('\n'));
const signatures = findDefinitions(parameters, sources);
mkdirSync(cacheFolder, { recursive: true });

async function writeGenerated() {
  const cached = join(cacheFolder, `kernels-${hash}.ts`);
  if (!existsSync(cached)) {
    const wasm = await compileToWasm(sources, parameters, true);
    const { [wasmOnly]: _, ...portable } = sources;
    writeWhole(cached, typescriptOf(wasm, portable, signatures, structs));
  }
  const generated = readFileSync(cached, 'utf8');
  if (!existsSync(generatedFile) || readFileSync(generatedFile, 'utf8') !== generated)
    writeWhole(generatedFile, generated);
}

async function writeScalar() {
  const cached = join(cacheFolder, `kernels-scalar-${hash}.wasm`);
  if (!existsSync(cached)) writeWhole(cached, await compileToWasm(sources, parameters, false));
  process.stdout.write(`${cached}\n`);
}

if (process.argv[2] === 'scalar') await writeScalar();
else await writeGenerated();
