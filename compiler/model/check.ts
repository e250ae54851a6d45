import { type Diagnostic, DiagnosticError, refuse } from '../diagnostics.ts';
import {
  bytesPerElement,
  type DType,
  elementCount,
  type Graph,
  type Layer,
  type Quantisation,
  type Tensor,
} from './graph.ts';
import { checkLayer } from './operator-rules.ts';
import { shapeText } from './site.ts';

const rankLimit = 8;
const tensorBytesLimit = 256 * 1024 * 1024;
/** More than a reader wants to see; one broken table often breaks all that follows. */
const diagnosticsLimit = 20;

/** Codes of each dtype; a zero point is one of them. */
const codeRange: Readonly<Record<DType, readonly [least: number, most: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [0, 0],
  float32: [0, 0],
  bool: [0, 0],
};

/**
 * Everything by which a graph could contradict itself: tensors (size, content, quantisation), order of the layers, and
 * for the operators that the compiler knows, types and shapes. Empty for a graph that can be compiled and run without
 * reading or writing outside of any tensor. At most 20 are reported; tensors first, since layers depend on them.
 */
export function checkGraph(graph: Graph): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const attempt = (check: () => void) => {
    if (diagnostics.length >= diagnosticsLimit) return;
    try {
      check();
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      diagnostics.push(error.diagnostic);
    }
  };
  graph.tensors.forEach((tensor, id) => {
    attempt(() => checkTensor(tensor, id));
  });
  if (diagnostics.length === 0) attempt(() => checkWiring(graph));
  if (diagnostics.length === 0) for (const layer of graph.layers) attempt(() => checkLayer(graph, layer));
  return diagnostics;
}

function checkTensor(tensor: Tensor, id: number): void {
  const { name, shape, dtype, quantisation, data, variable } = tensor;
  const place = `Tensor ${id} '${name}'`;
  if (tensor.id !== id) inconsistent(`${place} calls itself number ${tensor.id}`, name);
  checkShape(place, tensor);
  const bytes = elementCount(shape) * bytesPerElement[dtype];
  if (data !== undefined && data.length !== bytes) {
    inconsistent(
      `${place} of the shape ${shapeText(shape)} (${dtype}) has ${data.length} bytes, expected ${bytes}`,
      name,
    );
  }
  if (data !== undefined && variable) inconsistent(`${place} is constant and variable at once`, name);
  if (quantisation !== undefined) checkQuantisation(place, tensor, quantisation);
}

function checkShape(place: string, { name, shape, dtype }: Tensor): void {
  if (shape.length > rankLimit) inconsistent(`${place} has ${shape.length} dimensions, more than ${rankLimit}`, name);
  let bytes = bytesPerElement[dtype];
  for (const dimension of shape) {
    if (!Number.isInteger(dimension) || dimension < 0) {
      refuse(
        'dynamic-shape',
        `${place} has the shape ${shapeText(shape)}; every dimension must be known.`,
        'Export the model with a fixed input shape, batch size 1.',
        name,
      );
    }
    // Seen at every factor, so that the product stays exact, and a later 0 hides nothing.
    bytes *= Math.max(dimension, 1);
    if (bytes > tensorBytesLimit) {
      refuse(
        'tensor-too-large',
        `${place} has the shape ${shapeText(shape)} (${dtype}), more than ${tensorBytesLimit} bytes.`,
        'Choose a model that a microcontroller can hold.',
        name,
      );
    }
  }
}

function checkQuantisation(place: string, { name, shape, dtype, data }: Tensor, quantisation: Quantisation): void {
  const { scales, zeroPoints, axis } = quantisation;
  if (zeroPoints.length !== scales.length || scales.length === 0) {
    inconsistent(`${place} has ${scales.length} scales and ${zeroPoints.length} zero points`, name);
  }
  if (scales.length > 1 && shape[axis] !== scales.length) {
    inconsistent(`${place} of the shape ${shapeText(shape)} has ${scales.length} scales along axis ${axis}`, name);
  }
  if (scales.length > 1 && data === undefined) {
    inconsistent(`${place} has ${scales.length} scales, but only constants may have more than one`, name);
  }
  const scale = scales.find((each) => !(each > 0 && each < Number.POSITIVE_INFINITY));
  if (scale !== undefined) inconsistent(`${place} has the scale ${scale}; it must be positive and finite`, name);
  const [least, most] = codeRange[dtype];
  const zeroPoint = zeroPoints.find((each) => !(Number.isInteger(each) && each >= least && each <= most));
  if (zeroPoint !== undefined) inconsistent(`${place} (${dtype}) has the zero point ${zeroPoint}`, name);
}

/** Order of execution: every tensor has one origin, and nothing is read before it is there. */
function checkWiring(graph: Graph): void {
  const { layers, tensors, inputs, outputs } = graph;
  const known = (id: number, user: string): Tensor => {
    const tensor = tensors[id];
    if (tensor === undefined) return inconsistent(`${user} names tensor ${id} of ${tensors.length}`);
    if (tensor.shape.includes(0))
      inconsistent(`${user} uses tensor ${id} '${tensor.name}', which is empty`, tensor.name);
    return tensor;
  };
  const available = new Set(tensors.filter(({ data, variable }) => data !== undefined || variable).map(({ id }) => id));
  const originate = (id: number, user: string) => {
    const { name } = known(id, user);
    if (available.has(id)) inconsistent(`${user} sets tensor ${id} '${name}', which has a content already`, name);
    available.add(id);
  };
  for (const id of inputs) originate(id, "The model's input");
  const computed = new Set<number>();
  const names = new Set<string>();
  layers.forEach((layer, index) => {
    const user = layerPlace(layer);
    if (layer.index !== index) inconsistent(`${user} is number ${index} in order`, layer.name);
    if (names.has(layer.name)) inconsistent(`${user} is not the only layer of this name`, layer.name);
    names.add(layer.name);
    for (const id of layer.inputs) {
      if (id === -1) continue;
      const { name } = known(id, user);
      if (!available.has(id)) inconsistent(`${user} reads tensor ${id} '${name}' before anything sets it`, layer.name);
    }
    for (const id of layer.outputs) {
      originate(id, user);
      computed.add(id);
    }
  });
  if (inputs.length === 0 || outputs.length === 0) inconsistent('The model has no input or no output');
  for (const id of outputs) {
    const { name } = known(id, "The model's output");
    if (!computed.has(id)) inconsistent(`The model's output, tensor ${id} '${name}', is computed by no layer`, name);
  }
}

function layerPlace({ name, operator, index }: Layer): string {
  return `Layer '${name}' (${operator}, operator ${index})`;
}

function inconsistent(what: string, place?: string): never {
  return refuse(
    'inconsistent-model',
    `${what}.`,
    'The file contradicts itself: copy or download it again, or export the model again.',
    place,
  );
}
