import { DiagnosticError, failure, type Result, refuse, success } from '../diagnostics.ts';
import { checkGraph } from './check.ts';
import {
  damaged,
  hasField,
  readBytes,
  readFloat32s,
  readInt8,
  readInt32,
  readInt32s,
  readInt64s,
  readString,
  readTable,
  readTables,
  readUint8,
  readUint32,
  rootTable,
  type Table,
} from './flatbuffer.ts';
import type { DType, Graph, Layer, Quantisation, Tensor } from './graph.ts';
import { nameLayers } from './names.ts';
import { readAttributes } from './options.ts';
import {
  bufferSlots,
  customOperator,
  firstWideOperator,
  identifier,
  modelSlots,
  operatorCodeSlots,
  operatorNames,
  operatorSlots,
  quantizationSlots,
  schemaVersion,
  subgraphSlots,
  tensorSlots,
  tensorTypeCodes,
  tensorTypeNames,
} from './schema.ts';

const tableLimit = 65_536;

const dtypes = new Map(Object.entries(tensorTypeCodes).map(([dtype, code]) => [code, dtype as DType]));

/**
 * Reads a TensorFlow Lite model (schema version 3, one subgraph, all shapes known). The bytes need not be trusted:
 * whatever they hold, the result is a graph that `checkGraph` finds no fault with, or diagnostics. Operators that the
 * compiler does not know are read by name, with attributes `none`. Constants are views of `bytes`, which must therefore
 * not change afterwards. `name` is what the graph is called.
 */
export function readTflite(bytes: Uint8Array, name: string): Result<Graph> {
  try {
    // Node's Buffer is a Uint8Array whose slice() does not copy; later stages rely on one that does.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const graph = readModel(plain, name);
    const diagnostics = checkGraph(graph);
    return diagnostics.some(({ severity }) => severity === 'error')
      ? failure(...diagnostics)
      : success(graph, diagnostics);
  } catch (error) {
    if (error instanceof DiagnosticError) return failure(error.diagnostic);
    throw error;
  }
}

function readModel(bytes: Uint8Array, name: string): Graph {
  if (new TextDecoder().decode(bytes.subarray(4, 8)) !== identifier) {
    refuse(
      'not-tflite',
      `${name} is not a TensorFlow Lite model: bytes 4 to 7 are not "TFL3".`,
      'Choose a .tflite file.',
    );
  }
  const model = rootTable(bytes, 'model');
  const version = readUint32(model, modelSlots.version);
  if (version !== schemaVersion) {
    refuse(
      'unsupported-version',
      `${name} has schema version ${version}; version ${schemaVersion} is read.`,
      'Export the model with a current TensorFlow Lite converter.',
    );
  }
  const subgraphs = readTables(model, modelSlots.subgraphs, 'subgraph', tableLimit);
  const [subgraph] = subgraphs;
  if (subgraph === undefined || subgraphs.length !== 1) {
    return refuse(
      'unsupported-subgraphs',
      `${name} has ${subgraphs.length} subgraphs; exactly one is read.`,
      'Export the model without control flow (IF, WHILE, CALL_ONCE).',
    );
  }
  const buffers = readTables(model, modelSlots.buffers, 'buffer', tableLimit);
  const operators = readTables(model, modelSlots.operatorCodes, 'operator code', tableLimit).map(readOperatorName);
  const tensors = readTables(subgraph, subgraphSlots.tensors, 'tensor', tableLimit).map((table, id) =>
    readTensor(table, id, buffers),
  );
  return {
    name,
    layers: readLayers(subgraph, operators, tensors),
    tensors,
    inputs: readInt32s(subgraph, subgraphSlots.inputs).map((id) => tensorId(id, tensors, "the model's inputs")),
    outputs: readInt32s(subgraph, subgraphSlots.outputs).map((id) => tensorId(id, tensors, "the model's outputs")),
  };
}

function readOperatorName(table: Table): string {
  const narrow = readInt8(table, operatorCodeSlots.deprecatedBuiltinCode);
  const wide = readInt32(table, operatorCodeSlots.builtinCode);
  // Files from before the wide field hold the narrow one only; newer ones hold both, 127 standing for "see there".
  const code = narrow === firstWideOperator ? wide : Math.max(narrow, wide);
  if (code === customOperator) return `CUSTOM:${readString(table, operatorCodeSlots.customCode)}`;
  return operatorNames[code] ?? `BUILTIN_${code}`;
}

function readTensor(table: Table, id: number, buffers: readonly Table[]): Tensor {
  const name = readString(table, tensorSlots.name);
  const place = `tensor ${id} '${name}'`;
  const type = readInt8(table, tensorSlots.type);
  const dtype = dtypes.get(type);
  if (dtype === undefined) {
    return refuse(
      'unsupported-dtype',
      `${place} has the type ${tensorTypeNames[type] ?? type}, which is not supported.`,
      `Export the model fully quantised to int8. Types read: ${[...dtypes.values()].join(', ')}.`,
      name,
    );
  }
  if (hasField(table, tensorSlots.sparsity)) {
    refuse('unsupported-sparse', `${place} is stored sparse.`, 'Export the model with dense weights.', name);
  }
  const shape = readInt32s(table, tensorSlots.shape);
  const quantisation = readQuantisation(table, place, shape);
  const data = readData(table, place, buffers);
  const variable = readUint8(table, tensorSlots.isVariable) !== 0;
  return {
    id,
    name,
    shape,
    dtype,
    ...(quantisation === undefined ? {} : { quantisation }),
    ...(data === undefined ? {} : { data }),
    ...(variable ? { variable } : {}),
  };
}

function readQuantisation(tensor: Table, place: string, shape: readonly number[]): Quantisation | undefined {
  const table = readTable(tensor, tensorSlots.quantization, `quantisation of ${place}`);
  if (table === undefined) return undefined;
  if (readUint8(table, quantizationSlots.detailsType) !== 0) {
    refuse(
      'unsupported-quantisation',
      `${place} has a custom quantisation.`,
      'Export the model with scales and zero points.',
    );
  }
  const scales = readFloat32s(table, quantizationSlots.scale);
  if (scales.length === 0) return undefined;
  const zeroPoints = readInt64s(table, quantizationSlots.zeroPoint);
  const axis = readInt32(table, quantizationSlots.quantizedDimension);
  return {
    scales,
    zeroPoints: zeroPoints.length === 0 ? scales.map(() => 0) : zeroPoints,
    axis: axis < 0 ? axis + shape.length : axis,
  };
}

function readData(tensor: Table, place: string, buffers: readonly Table[]): Uint8Array | undefined {
  const index = readUint32(tensor, tensorSlots.buffer);
  // Buffer 0 is the empty one by convention, and files without constants may have none at all.
  if (index === 0) return undefined;
  const buffer = buffers[index];
  if (buffer === undefined) return damaged(place, `it names buffer ${index} of ${buffers.length}`);
  if (hasField(buffer, bufferSlots.offset) || hasField(buffer, bufferSlots.size)) {
    refuse(
      'unsupported-external-data',
      `${place} keeps its content behind the model's tables, as files above 2 GB do.`,
      'Export the model in the ordinary form.',
    );
  }
  const data = readBytes(buffer, bufferSlots.data);
  return data.length === 0 ? undefined : data;
}

function tensorId(id: number, tensors: readonly Tensor[], place: string): number {
  return tensors[id] === undefined ? damaged(place, `tensor ${id} of ${tensors.length} does not exist`) : id;
}

function readLayers(subgraph: Table, operators: readonly string[], tensors: readonly Tensor[]): readonly Layer[] {
  const tables = readTables(subgraph, subgraphSlots.operators, 'operator', tableLimit);
  const unnamed = tables.map((table, index) => readLayer(table, index, operators, tensors));
  const names = nameLayers(unnamed);
  return unnamed.map((layer, index) => ({ ...layer, name: names[index] ?? '' }));
}

function readLayer(table: Table, index: number, operators: readonly string[], tensors: readonly Tensor[]): Layer {
  const code = readUint32(table, operatorSlots.opcodeIndex);
  const operator =
    operators[code] ?? damaged(table.place, `operator code ${code} of ${operators.length} does not exist`);
  const place = `${table.place} (${operator})`;
  const inputs = readInt32s(table, operatorSlots.inputs).map((id) => (id === -1 ? id : tensorId(id, tensors, place)));
  const outputs = readInt32s(table, operatorSlots.outputs).map((id) => tensorId(id, tensors, place));
  const outputTensors = outputs.flatMap((id) => tensors[id] ?? []);
  const attributes = readAttributes({
    operator,
    place,
    union: readUint8(table, operatorSlots.optionsType),
    table: readTable(table, operatorSlots.options, `options of ${place}`),
    inputs: inputs.map((id) => tensors[id]),
    outputs: outputTensors,
  });
  return { index, name: '', fullName: outputTensors[0]?.name ?? '', operator, inputs, outputs, attributes };
}
