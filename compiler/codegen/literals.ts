/** Numbers and arrays as C text. */
import { kernelStructs } from '../kernels/kernels.generated.ts';
import type { ElementType, ProgramBuffer } from '../program.ts';

export const cTypes: Readonly<Record<ElementType, string>> = {
  int8: 'int8_t',
  uint8: 'uint8_t',
  int16: 'int16_t',
  uint16: 'uint16_t',
  int32: 'int32_t',
  float32: 'float',
};

/** A float32 value; nine digits bring back every bit. */
export function floatLiteral(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} has no C literal`);
  if (Object.is(value, -0)) return '-0.0f';
  const text = Number(value.toPrecision(9)).toString();
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

export function intLiteral(value: number): string {
  return value === -2147483648 ? '(-2147483647 - 1)' : `${value}`;
}

/** Text that may stand in a C comment, whatever the model's file put into its names. */
export function commentText(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/g, '?')
    .replace(/\*\//g, '* /')
    .replace(/\/\*/g, '/ *');
}

/** Text of any characters as a C string: UTF-8, everything beyond ASCII in octal, which no following digit can join. */
export function stringLiteral(text: string): string {
  const characters = Array.from(new TextEncoder().encode(text), (byte) => {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e || character === '?') return `\\${byte.toString(8).padStart(3, '0')}`;
    return character === '"' || character === '\\' ? `\\${character}` : character;
  });
  return `"${characters.join('')}"`;
}

export function valuesOf(buffer: Pick<ProgramBuffer, 'data' | 'element' | 'name'>): readonly number[] {
  const { data } = buffer;
  if (data === undefined) throw new Error(`${buffer.name} has no content`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const each = (bytes: number, read: (offset: number) => number): number[] =>
    Array.from({ length: data.byteLength / bytes }, (_, index) => read(index * bytes));
  switch (buffer.element) {
    case 'int8':
      return each(1, (offset) => view.getInt8(offset));
    case 'uint8':
      return each(1, (offset) => view.getUint8(offset));
    case 'int16':
      return each(2, (offset) => view.getInt16(offset, true));
    case 'uint16':
      return each(2, (offset) => view.getUint16(offset, true));
    case 'int32':
      return each(4, (offset) => view.getInt32(offset, true));
    case 'float32':
      return each(4, (offset) => view.getFloat32(offset, true));
  }
}

const lineWidth = 110;

/** The definition of a flash constant: an array, or a kernel's parameter struct with its fields named. */
export function constantDefinition(buffer: Pick<ProgramBuffer, 'name' | 'element' | 'data' | 'struct'>): string {
  const literal = buffer.element === 'float32' ? floatLiteral : intLiteral;
  const values = valuesOf(buffer);
  if (buffer.struct !== undefined) return structDefinition(buffer.name, buffer.struct, values);
  const lines: string[] = [];
  let line = ' ';
  for (const value of values) {
    const text = ` ${literal(value)},`;
    if (line.length + text.length > lineWidth) {
      lines.push(line);
      line = ' ';
    }
    line += text;
  }
  lines.push(line);
  return `static const ${cTypes[buffer.element]} ${buffer.name}[${values.length}] = {\n${lines.join('\n')}\n};`;
}

function structDefinition(name: string, struct: string, values: readonly number[]): string {
  const fields = kernelStructs[struct];
  if (fields === undefined) throw new Error(`no struct ${struct}`);
  let position = 0;
  const parts = fields.map(({ name: field, length }) => {
    const own = values.slice(position, position + length).map(intLiteral);
    position += length;
    return `/* ${field} */ ${length === 1 ? own[0] : `{${own.join(', ')}}`}`;
  });
  if (position !== values.length) throw new Error(`${name}: ${struct} takes ${position} values, not ${values.length}`);
  const lines: string[] = [];
  let line = ' ';
  for (const part of parts) {
    if (line.length + part.length > lineWidth - 2) {
      lines.push(line);
      line = ' ';
    }
    line += ` ${part},`;
  }
  lines.push(line);
  return `static const ${struct} ${name} = {\n${lines.join('\n')}\n};`;
}
