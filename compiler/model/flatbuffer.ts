import { refuse } from '../diagnostics.ts';

/**
 * Reading of FlatBuffers that nobody vouches for: every offset, vtable and length is checked before it is followed.
 * Format: https://flatbuffers.dev/internals/. All functions refuse damaged input with a `DiagnosticError`.
 */
interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes that strings and vectors may still take; shared by all tables of a file. */
  readonly allowance: { left: number };
}

export interface Table {
  readonly source: Source;
  /** What it is in words, for messages: `operator 12`. */
  readonly place: string;
  readonly position: number;
  readonly size: number;
  readonly vtable: number;
  readonly vtableSize: number;
}

interface Span {
  /** Of the first element. */
  readonly position: number;
  readonly length: number;
}

/** Tables may share one vector or string; without a limit, a small file could name gigabytes. */
const decodedBytesLimit = 16 * 1024 * 1024;

export function damaged(place: string, what: string): never {
  return refuse(
    'damaged-model',
    `The model file is damaged: ${place}: ${what}.`,
    'Copy or download the file again, or export the model again.',
  );
}

/** The root table. `identifier`: the four characters at byte 4, checked by the caller. */
export function rootTable(bytes: Uint8Array, place: string): Table {
  if (bytes.length < 8) damaged(place, `the file ends after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return tableAt({ bytes, view, allowance: { left: decodedBytesLimit } }, view.getUint32(0, true), place);
}

function tableAt(source: Source, position: number, place: string): Table {
  const { view } = source;
  const end = view.byteLength;
  if (position + 4 > end) damaged(place, `its table at ${position} lies beyond the end of the file (${end} bytes)`);
  const vtable = position - view.getInt32(position, true);
  if (vtable < 0 || vtable + 4 > end) damaged(place, `its vtable at ${vtable} lies outside of the file`);
  const vtableSize = view.getUint16(vtable, true);
  const size = view.getUint16(vtable + 2, true);
  if (vtableSize < 4 || vtable + vtableSize > end) damaged(place, `its vtable at ${vtable} has ${vtableSize} bytes`);
  if (size < 4 || position + size > end) damaged(place, `its table at ${position} has ${size} bytes`);
  return { source, place, position, size, vtable, vtableSize };
}

/** Position of a field's content; undefined where the file leaves it at its default. */
function fieldPosition(table: Table, slot: number, bytes: number): number | undefined {
  const entry = 4 + 2 * slot;
  if (entry + 2 > table.vtableSize) return undefined;
  const offset = table.source.view.getUint16(table.vtable + entry, true);
  if (offset === 0) return undefined;
  if (offset < 4 || offset + bytes > table.size) damaged(table.place, `field ${slot} lies outside of its table`);
  return table.position + offset;
}

export function hasField(table: Table, slot: number): boolean {
  return fieldPosition(table, slot, 1) !== undefined;
}

export function readUint8(table: Table, slot: number, initial = 0): number {
  const position = fieldPosition(table, slot, 1);
  return position === undefined ? initial : table.source.view.getUint8(position);
}

export function readInt8(table: Table, slot: number, initial = 0): number {
  const position = fieldPosition(table, slot, 1);
  return position === undefined ? initial : table.source.view.getInt8(position);
}

export function readInt32(table: Table, slot: number, initial = 0): number {
  const position = fieldPosition(table, slot, 4);
  return position === undefined ? initial : table.source.view.getInt32(position, true);
}

export function readUint32(table: Table, slot: number, initial = 0): number {
  const position = fieldPosition(table, slot, 4);
  return position === undefined ? initial : table.source.view.getUint32(position, true);
}

export function readFloat32(table: Table, slot: number, initial = 0): number {
  const position = fieldPosition(table, slot, 4);
  return position === undefined ? initial : table.source.view.getFloat32(position, true);
}

/** Where an offset field points; undefined where it is absent. */
function target(table: Table, slot: number): number | undefined {
  const position = fieldPosition(table, slot, 4);
  return position === undefined ? undefined : position + table.source.view.getUint32(position, true);
}

function span(table: Table, slot: number, elementBytes: number): Span | undefined {
  const position = target(table, slot);
  if (position === undefined) return undefined;
  const { view } = table.source;
  const end = view.byteLength;
  if (position + 4 > end) damaged(table.place, `field ${slot} points to ${position}, beyond the end of the file`);
  const length = view.getUint32(position, true);
  if (length * elementBytes > end - position - 4) {
    damaged(table.place, `field ${slot} claims ${length} elements, more than the file holds`);
  }
  return { position: position + 4, length };
}

/** A span whose content will be copied, which counts against the file's allowance. */
function copiedSpan(table: Table, slot: number, elementBytes: number): Span {
  const found = span(table, slot, elementBytes) ?? { position: 0, length: 0 };
  const { allowance } = table.source;
  allowance.left -= found.length * elementBytes;
  if (allowance.left < 0) {
    damaged(table.place, `names, shapes and scales add up to more than ${decodedBytesLimit} bytes`);
  }
  return found;
}

function collect<T>({ length }: Span, read: (index: number) => T): readonly T[] {
  return Array.from({ length }, (_, index) => read(index));
}

/** Empty where the field is absent, as for all vectors below. */
export function readInt32s(table: Table, slot: number): readonly number[] {
  const found = copiedSpan(table, slot, 4);
  return collect(found, (index) => table.source.view.getInt32(found.position + 4 * index, true));
}

export function readFloat32s(table: Table, slot: number): readonly number[] {
  const found = copiedSpan(table, slot, 4);
  return collect(found, (index) => table.source.view.getFloat32(found.position + 4 * index, true));
}

/** 64-bit integers as numbers: inexact beyond 2^53, far out of any range that is accepted later. */
export function readInt64s(table: Table, slot: number): readonly number[] {
  const found = copiedSpan(table, slot, 8);
  return collect(found, (index) => Number(table.source.view.getBigInt64(found.position + 8 * index, true)));
}

export function readString(table: Table, slot: number): string {
  const { position, length } = copiedSpan(table, slot, 1);
  return new TextDecoder().decode(table.source.bytes.subarray(position, position + length));
}

/** A view of the file's bytes, not a copy. */
export function readBytes(table: Table, slot: number): Uint8Array {
  const { position, length } = span(table, slot, 1) ?? { position: 0, length: 0 };
  return table.source.bytes.subarray(position, position + length);
}

export function readTable(table: Table, slot: number, place: string): Table | undefined {
  const position = target(table, slot);
  return position === undefined ? undefined : tableAt(table.source, position, place);
}

/** At most `limit` tables: each costs more memory than the four bytes by which the file names it. */
export function readTables(table: Table, slot: number, place: string, limit: number): readonly Table[] {
  const found = copiedSpan(table, slot, 4);
  if (found.length > limit) damaged(table.place, `${found.length} ${place}s, more than ${limit}`);
  return collect(found, (index) => {
    const position = found.position + 4 * index;
    return tableAt(table.source, position + table.source.view.getUint32(position, true), `${place} ${index}`);
  });
}
