import { refuse } from '../diagnostics.ts';
import { elementCount, type Tensor } from '../model/graph.ts';
import type { BufferId, ElementType } from '../program.ts';
import type { ProgramBuilder } from './builder.ts';

const elementTypes: Readonly<Partial<Record<Tensor['dtype'], ElementType>>> = {
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  int32: 'int32',
  float32: 'float32',
  bool: 'uint8',
};

export function elementTypeOf(tensor: Tensor): ElementType {
  return (
    elementTypes[tensor.dtype] ??
    refuse('unsupported-type', `tensor ${tensor.name} is ${tensor.dtype}`, 'convert the model to int8')
  );
}

/** A constant tensor of the model as a flash buffer. */
export function constantOf(builder: ProgramBuilder, tensor: Tensor): BufferId {
  const name = `tensor${tensor.id}`;
  if (tensor.data === undefined) throw new Error(`${tensor.name} is neither an activation nor a constant`);
  const bytes = tensor.data.slice().buffer;
  const count = elementCount(tensor.shape);
  switch (elementTypeOf(tensor)) {
    case 'int8':
      return builder.constant(name, tensor.name, new Int8Array(bytes, 0, count));
    case 'uint8':
      return builder.constant(name, tensor.name, new Uint8Array(bytes, 0, count));
    case 'int16':
      return builder.constant(name, tensor.name, new Int16Array(bytes, 0, count));
    case 'uint16':
      return builder.constant(name, tensor.name, new Uint16Array(bytes, 0, count));
    case 'int32':
      return builder.constant(name, tensor.name, new Int32Array(bytes, 0, count));
    case 'float32':
      return builder.constant(name, tensor.name, new Float32Array(bytes, 0, count));
  }
}
