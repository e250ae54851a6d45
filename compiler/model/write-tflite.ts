import { Builder } from 'flatbuffers';
import { refuse } from '../diagnostics.ts';
import { type Attributes, type Graph, type Layer, type Quantisation, type Tensor, tensorAt } from './graph.ts';
import { type Field, type FieldName, type OptionsLayout, optionsLayouts } from './options.ts';
import {
  activations,
  bufferSlots,
  firstWideOperator,
  identifier,
  modelSlots,
  operatorCodeSlots,
  operatorNames,
  operatorSlots,
  paddings,
  quantizationSlots,
  schemaVersion,
  subgraphSlots,
  tensorSlots,
  tensorTypeCodes,
} from './schema.ts';

/** Position of a finished object in the builder. */
type Offset = number;

/** Slots of a table in BuiltinOptions that hold a vector, which `OptionsLayout` has no fields for. */
const reshapeNewShape = 0;
const squeezeDimensions = 0;

/**
 * The graph as a TensorFlow Lite file: `readTflite` of it gives an equal graph, as far as the layers' names follow from
 * their output tensors' (`names.ts`). Constants are aligned to 16 bytes, as TFLite's interpreters want them.
 *
 * @throws DiagnosticError for an operator whose options the graph does not hold (SVDF, custom ones, ...).
 */
export function writeTflite(graph: Graph): Uint8Array {
  const constantBytes = graph.tensors.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  const builder = new Builder(constantBytes + 1024);
  const buffers = writeBuffers(builder, graph);
  const operators = [...new Set(graph.layers.map(({ operator }) => operator))];
  const operatorCodes = operators.map((operator) => writeOperatorCode(builder, operator));
  const subgraph = writeSubgraph(builder, graph, operators);
  const operatorCodeVector = offsetVector(builder, operatorCodes);
  const subgraphVector = offsetVector(builder, [subgraph]);
  const bufferVector = offsetVector(builder, buffers);
  builder.startObject(5);
  builder.addFieldInt32(modelSlots.version, schemaVersion, 0);
  builder.addFieldOffset(modelSlots.operatorCodes, operatorCodeVector, 0);
  builder.addFieldOffset(modelSlots.subgraphs, subgraphVector, 0);
  builder.addFieldOffset(modelSlots.buffers, bufferVector, 0);
  builder.finish(builder.endObject(), identifier);
  return builder.asUint8Array().slice();
}

function offsetVector(builder: Builder, offsets: readonly Offset[]): Offset {
  builder.startVector(4, offsets.length, 4);
  for (const offset of [...offsets].reverse()) builder.addOffset(offset);
  return builder.endVector();
}

function int32Vector(builder: Builder, values: readonly number[]): Offset {
  builder.startVector(4, values.length, 4);
  for (const value of [...values].reverse()) builder.addInt32(value);
  return builder.endVector();
}

/** Buffer 0 is the empty one, then one for each constant, in the order of the tensors. */
function writeBuffers(builder: Builder, graph: Graph): readonly Offset[] {
  return [undefined, ...constants(graph).map(({ data }) => data)].map((data) => {
    const content = data === undefined ? 0 : byteVector(builder, data, 16);
    builder.startObject(3);
    builder.addFieldOffset(bufferSlots.data, content, 0);
    return builder.endObject();
  });
}

function constants(graph: Graph): readonly Tensor[] {
  return graph.tensors.filter(({ data }) => data !== undefined);
}

function byteVector(builder: Builder, data: Uint8Array, alignment: number): Offset {
  builder.startVector(1, data.length, alignment);
  for (let index = data.length - 1; index >= 0; index--) builder.addInt8(data[index] ?? 0);
  return builder.endVector();
}

function writeOperatorCode(builder: Builder, operator: string): Offset {
  const code = operatorNames.indexOf(operator);
  builder.startObject(4);
  builder.addFieldInt8(operatorCodeSlots.deprecatedBuiltinCode, Math.min(code, firstWideOperator), 0);
  builder.addFieldInt32(operatorCodeSlots.version, 1, 1);
  builder.addFieldInt32(operatorCodeSlots.builtinCode, code, 0);
  return builder.endObject();
}

function writeSubgraph(builder: Builder, graph: Graph, operators: readonly string[]): Offset {
  const held = constants(graph);
  const bufferOf = new Map(held.map(({ id }, index) => [id, index + 1]));
  const tensors = offsetVector(
    builder,
    graph.tensors.map((tensor) => writeTensor(builder, tensor, bufferOf.get(tensor.id) ?? 0)),
  );
  const layers = offsetVector(
    builder,
    graph.layers.map((layer) => writeLayer(builder, graph, layer, operators.indexOf(layer.operator))),
  );
  const inputs = int32Vector(builder, graph.inputs);
  const outputs = int32Vector(builder, graph.outputs);
  builder.startObject(5);
  builder.addFieldOffset(subgraphSlots.tensors, tensors, 0);
  builder.addFieldOffset(subgraphSlots.inputs, inputs, 0);
  builder.addFieldOffset(subgraphSlots.outputs, outputs, 0);
  builder.addFieldOffset(subgraphSlots.operators, layers, 0);
  return builder.endObject();
}

function writeTensor(builder: Builder, tensor: Tensor, buffer: number): Offset {
  const name = builder.createString(tensor.name);
  const shape = int32Vector(builder, tensor.shape);
  const quantisation = tensor.quantisation === undefined ? 0 : writeQuantisation(builder, tensor.quantisation);
  builder.startObject(8);
  builder.addFieldOffset(tensorSlots.shape, shape, 0);
  builder.addFieldInt8(tensorSlots.type, tensorTypeCodes[tensor.dtype], 0);
  builder.addFieldInt32(tensorSlots.buffer, buffer, 0);
  builder.addFieldOffset(tensorSlots.name, name, 0);
  builder.addFieldOffset(tensorSlots.quantization, quantisation, 0);
  builder.addFieldInt8(tensorSlots.isVariable, tensor.variable === true ? 1 : 0, 0);
  return builder.endObject();
}

function writeQuantisation(builder: Builder, { scales, zeroPoints, axis }: Quantisation): Offset {
  builder.startVector(4, scales.length, 4);
  for (const scale of [...scales].reverse()) builder.addFloat32(scale);
  const scaleVector = builder.endVector();
  builder.startVector(8, zeroPoints.length, 8);
  for (const zeroPoint of [...zeroPoints].reverse()) builder.addInt64(BigInt(zeroPoint));
  const zeroPointVector = builder.endVector();
  builder.startObject(7);
  builder.addFieldOffset(quantizationSlots.scale, scaleVector, 0);
  builder.addFieldOffset(quantizationSlots.zeroPoint, zeroPointVector, 0);
  builder.addFieldInt32(quantizationSlots.quantizedDimension, axis, 0);
  return builder.endObject();
}

function writeLayer(builder: Builder, graph: Graph, layer: Layer, opcodeIndex: number): Offset {
  const layout = optionsLayouts.get(layer.operator);
  if (layout === undefined) {
    return refuse(
      'unwritable-operator',
      `Layer '${layer.name}' is ${layer.operator}, whose options are not kept when a model is read.`,
      'Use a model without this operator, or keep the original file.',
      layer.name,
    );
  }
  const inputs = int32Vector(builder, layer.inputs);
  const outputs = int32Vector(builder, layer.outputs);
  const options = layout.union === 0 ? 0 : writeOptions(builder, graph, layer, layout);
  builder.startObject(5);
  builder.addFieldInt32(operatorSlots.opcodeIndex, opcodeIndex, 0);
  builder.addFieldOffset(operatorSlots.inputs, inputs, 0);
  builder.addFieldOffset(operatorSlots.outputs, outputs, 0);
  builder.addFieldInt8(operatorSlots.optionsType, layout.union, 0);
  builder.addFieldOffset(operatorSlots.options, options, 0);
  return builder.endObject();
}

function writeOptions(builder: Builder, graph: Graph, layer: Layer, layout: OptionsLayout): Offset {
  const vector = dimensionList(graph, layer);
  const vectorOffset = vector === undefined ? 0 : int32Vector(builder, vector.values);
  const values = optionValues(graph, layer);
  builder.startObject(Math.max(1, ...layout.fields.map(({ slot }) => slot + 1)));
  if (vector !== undefined) builder.addFieldOffset(vector.slot, vectorOffset, 0);
  for (const each of layout.fields) writeField(builder, each, values.get(each.name) ?? each.initial);
  return builder.endObject();
}

function writeField(builder: Builder, { slot, type, initial }: Field, value: number): void {
  if (type === 'float32') builder.addFieldFloat32(slot, value, initial);
  else if (type === 'int32') builder.addFieldInt32(slot, value, initial);
  else builder.addFieldInt8(slot, value, initial);
}

/** Options that repeat what the tensors' shapes say, but that interpreters read. */
function dimensionList(
  graph: Graph,
  { operator, inputs, outputs }: Layer,
): { readonly slot: number; readonly values: readonly number[] } | undefined {
  if (operator !== 'RESHAPE' && operator !== 'SQUEEZE') return undefined;
  const output = tensorAt(graph, outputs[0] ?? -1).shape;
  if (operator === 'RESHAPE') return { slot: reshapeNewShape, values: output };
  const removed: number[] = [];
  let kept = 0;
  tensorAt(graph, inputs[0] ?? -1).shape.forEach((dimension, axis) => {
    if (kept < output.length && dimension === output[kept]) kept++;
    else removed.push(axis);
  });
  return { slot: squeezeDimensions, values: removed };
}

function optionValues(graph: Graph, layer: Layer): ReadonlyMap<string, number> {
  const output = graph.tensors[layer.outputs[0] ?? -1];
  const derived: Partial<Record<FieldName, number>> = {
    inputCount: layer.inputs.length,
    outputCount: layer.outputs.length,
    outputType: output === undefined ? 0 : tensorTypeCodes[output.dtype],
  };
  return new Map([...Object.entries(derived), ...attributeValues(layer.attributes)]);
}

const wordCodes = new Map<unknown, number>([
  ...paddings.map((word, code) => [word, code] as const),
  ...activations.map((word, code) => [word, code] as const),
]);

function attributeValues(attributes: Attributes): readonly (readonly [string, number])[] {
  return Object.entries(attributes).map(([name, value]) => [name, wordCodes.get(value) ?? Number(value)]);
}
