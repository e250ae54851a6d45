/** Calls one kernel on typed arrays: in WebAssembly, or as C text for a native compiler. */
import {
  type KernelSignature,
  kernelSignatures,
  kernelStructs,
  kernelWasm,
} from '../../../compiler/kernels/kernels.generated.ts';

export type Memory = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Float32Array;
/** A parameter struct by field names; fields that are left out are 0. */
export type Struct = Readonly<Record<string, number | readonly number[]>>;
/** By C parameter names. Arrays that share an ArrayBuffer overlap in the kernel's memory too. */
export type Arguments = Readonly<Record<string, number | Memory | Struct | null>>;

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly heapBase: number;
  readonly functions: Readonly<Record<string, (...values: number[]) => void>>;
}

const guardBytes = 64;
const guard = 0xa5;

function load(): KernelExports {
  const module = new WebAssembly.Module(Uint8Array.from(Buffer.from(kernelWasm, 'base64')));
  const { memory, __heap_base, ...functions } = new WebAssembly.Instance(module).exports;
  if (!(memory instanceof WebAssembly.Memory) || !(__heap_base instanceof WebAssembly.Global))
    throw new Error('the kernels export neither memory nor __heap_base');
  return { memory, heapBase: __heap_base.value, functions: functions as KernelExports['functions'] };
}

const wasm = load();

export function signatureOf(kernel: string): KernelSignature {
  const signature = kernelSignatures[kernel];
  if (signature === undefined) throw new Error(`no kernel ${kernel}`);
  return signature;
}

function isMemory(value: Arguments[string] | undefined): value is Memory {
  return ArrayBuffer.isView(value);
}

/** The struct's words, in the order of its fields. */
function packStruct(name: string, struct: Struct): Int32Array {
  const fields = kernelStructs[name];
  if (fields === undefined) throw new Error(`no struct ${name}`);
  for (const key of Object.keys(struct))
    if (!fields.some((field) => field.name === key)) throw new Error(`${name} has no field ${key}`);
  return Int32Array.from(
    fields.flatMap(({ name: field, length }) => {
      const value = struct[field] ?? 0;
      return Array.from({ length }, (_, i) => (typeof value === 'number' ? value : (value[i] ?? 0)));
    }),
  );
}

function structName(type: string): string {
  return type.replace(/^const | \*$/g, '');
}

/** What each parameter gets: a number, memory, or null; structs packed. */
function resolve(kernel: string, values: Arguments) {
  const { parameters } = signatureOf(kernel);
  for (const key of Object.keys(values))
    if (!parameters.some((parameter) => parameter.name === key)) throw new Error(`${kernel} has no parameter ${key}`);
  return parameters.map(({ name, type }) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${kernel} needs ${name}`);
    const packed =
      value === null || typeof value === 'number' || isMemory(value) ? value : packStruct(structName(type), value);
    return { name, type, value: packed };
  });
}

/**
 * Runs the kernel in WebAssembly; the arrays hold the results afterwards.
 * @throws Error where it writes before or behind an array, or into one that it takes as const.
 */
export function call(kernel: string, values: Arguments): void {
  const parameters = resolve(kernel, values);
  const places = new Map<ArrayBufferLike, number>();
  let top = wasm.heapBase + guardBytes;
  for (const { value } of parameters)
    if (isMemory(value) && !places.has(value.buffer)) {
      places.set(value.buffer, top);
      top += Math.ceil(value.buffer.byteLength / 16) * 16 + guardBytes;
    }
  const missing = top - wasm.memory.buffer.byteLength;
  if (missing > 0) wasm.memory.grow(Math.ceil(missing / 65536));
  const bytes = new Uint8Array(wasm.memory.buffer);
  bytes.fill(guard, wasm.heapBase, top);
  for (const [buffer, place] of places) bytes.set(new Uint8Array(buffer), place);

  const run = wasm.functions[kernel];
  if (run === undefined) throw new Error(`the module does not export ${kernel}`);
  run(
    ...parameters.map(({ value }) => {
      if (value === null) return 0;
      return isMemory(value) ? (places.get(value.buffer) ?? 0) + value.byteOffset : value;
    }),
  );

  const written = new Set(
    parameters.flatMap(({ type, value }) => (isMemory(value) && !type.startsWith('const') ? [value.buffer] : [])),
  );
  let free = wasm.heapBase;
  for (const [buffer, place] of places) {
    if (bytes.subarray(free, place).some((byte) => byte !== guard)) throw new Error(`${kernel} writes outside`);
    free = place + buffer.byteLength;
    const content = bytes.subarray(place, free);
    if (written.has(buffer)) new Uint8Array(buffer).set(content);
    else if (Buffer.compare(content, new Uint8Array(buffer)) !== 0) throw new Error(`${kernel} writes a const`);
  }
  if (bytes.subarray(free, top).some((byte) => byte !== guard)) throw new Error(`${kernel} writes outside`);
}

/** A C block that calls the kernel on the same values and prints every byte of the memory that it may write. */
export function cBlock(kernel: string, values: Arguments): string {
  const parameters = resolve(kernel, values);
  const names = new Map<ArrayBufferLike, string>();
  const lines: string[] = [];
  for (const { value } of parameters)
    if (isMemory(value) && !names.has(value.buffer)) {
      const name = `memory${names.size}`;
      names.set(value.buffer, name);
      const content = [...new Uint8Array(value.buffer)].join(', ');
      lines.push(`static unsigned char __attribute__((aligned(16))) ${name}[] = {${content}};`);
    }
  const list = parameters.map(({ type, value }) => {
    if (value === null) return 'NULL';
    if (isMemory(value)) return `(${type})(void *)(${names.get(value.buffer)} + ${value.byteOffset})`;
    return type === 'float' ? floatLiteral(value) : value === -(2 ** 31) ? 'INT32_MIN' : String(value);
  });
  lines.push(`${kernel}(${list.join(', ')});`);
  for (const buffer of writable(kernel, values))
    lines.push(`print(${names.get(buffer)}, sizeof ${names.get(buffer)});`);
  return `{\n${lines.join('\n')}\n}`;
}

/** Exact in float32: nine digits. */
function floatLiteral(value: number): string {
  return `(float)${Math.fround(value).toExponential(8)}`;
}

/** The memory that the kernel may write, each once, in the order of the parameters. */
export function writable(kernel: string, values: Arguments): ArrayBufferLike[] {
  const buffers = signatureOf(kernel).parameters.flatMap(({ name, type }) => {
    const value = values[name];
    return isMemory(value) && !type.startsWith('const') ? [value.buffer] : [];
  });
  return [...new Set(buffers)];
}
