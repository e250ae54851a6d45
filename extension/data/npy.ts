/** NumPy's array files (`.npy`, versions 1 to 3): header and values, checked against each other. */

/** Without its values' type: booleans are 0 and 1. */
export interface NumberArray {
  readonly shape: readonly number[];
  /** As NumPy writes it, without the byte order: `u1`, `i8`, `f4`, ... */
  readonly type: string;
  /** In C order. */
  readonly values: ArrayLike<number>;
}

type Reader = (view: DataView, offset: number, little: boolean) => number;

/** By NumPy's kind and size in bytes. 64-bit integers lose their exactness beyond 2^53 only. */
const readers: Readonly<Record<string, Reader>> = {
  b1: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1),
  u1: (view, offset) => view.getUint8(offset),
  i1: (view, offset) => view.getInt8(offset),
  u2: (view, offset, little) => view.getUint16(offset, little),
  i2: (view, offset, little) => view.getInt16(offset, little),
  u4: (view, offset, little) => view.getUint32(offset, little),
  i4: (view, offset, little) => view.getInt32(offset, little),
  u8: (view, offset, little) => Number(view.getBigUint64(offset, little)),
  i8: (view, offset, little) => Number(view.getBigInt64(offset, little)),
  f4: (view, offset, little) => view.getFloat32(offset, little),
  f8: (view, offset, little) => view.getFloat64(offset, little),
};

const magic = '\x93NUMPY';
/** More than any header that describes numbers of one type. */
const longestHeader = 65_536;
const mostDimensions = 8;

/** @throws Error that says what is wrong: no file is trusted to be as long as it says */
export function readNpy(bytes: Uint8Array): NumberArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
  if (text(0, 6) !== magic) throw new Error('not a NumPy array file');
  const [major = 0] = bytes.subarray(6, 7);
  if (bytes.length < 12) throw new Error('the file ends within its header');
  if (major < 1 || major > 3) throw new Error(`version ${major} of the format; 1 to 3 are known`);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > longestHeader || start + length > bytes.length) throw new Error('the file ends within its header');
  const header = text(start, start + length);
  const { order, type, shape } = parseHeader(header);
  const read = readers[type];
  if (read === undefined) throw new Error(`values of type '${type}'; numbers are needed (u1, i1, ... i8, f4, f8)`);
  const size = type === 'b1' ? 1 : Number(type.slice(1));
  const count = shape.reduce((product, side) => product * side, 1);
  const given = bytes.length - start - length;
  if (!Number.isSafeInteger(count) || count * size !== given) {
    throw new Error(`${given} bytes of values; [${shape.join(', ')}] of ${type} takes ${count * size}`);
  }
  return { shape, type, values: valuesOf(bytes, view, { start: start + length, count, size, type, order, read }) };
}

interface Layout {
  readonly start: number;
  readonly count: number;
  readonly size: number;
  readonly type: string;
  readonly order: string;
  readonly read: Reader;
}

function valuesOf(bytes: Uint8Array, view: DataView, layout: Layout): ArrayLike<number> {
  const { start, count, size, type, order, read } = layout;
  if (type === 'u1') return bytes.subarray(start, start + count);
  if (type === 'i1') return new Int8Array(bytes.buffer, bytes.byteOffset + start, count);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) values[index] = read(view, start + index * size, order !== '>');
  return values;
}

/** A Python dictionary of known keys: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. */
function parseHeader(header: string): { readonly order: string; readonly type: string; readonly shape: number[] } {
  const descr = /'descr'\s*:\s*'([<>|=]?)([a-zA-Z]\d+)'/.exec(header);
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const tuple = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header);
  if (descr === null || fortran === null || tuple === null) {
    throw new Error('a header that does not describe an array of plain numbers');
  }
  const sides = (tuple[1] ?? '').split(',').filter((side) => side.trim() !== '');
  const shape = sides.map(Number);
  if (shape.length > mostDimensions || !shape.every(Number.isSafeInteger)) {
    throw new Error(`a shape of (${tuple[1]})`);
  }
  if (fortran[1] === 'True' && shape.filter((side) => side > 1).length > 1) {
    throw new Error('the array is in Fortran order: save it with np.ascontiguousarray');
  }
  return { order: descr[1] ?? '', type: descr[2] ?? '', shape };
}
