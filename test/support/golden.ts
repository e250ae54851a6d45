/** The single-operator models of ../shared/data/golden/ops with their inputs and reference outputs. */

import { existsSync, readFileSync } from 'node:fs';
import type { DType } from '../../compiler/model/graph.ts';
import { bytesPerElement, elementCount } from '../../compiler/model/graph.ts';
import { constantValues } from '../reference/values.ts';

const folder = '../shared/data/golden/ops';

export const hasGoldenOperators = existsSync(`${folder}/index.json`);

export interface GoldenTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export interface GoldenModel {
  readonly model: string;
  readonly operator: string;
  readonly options: string;
  readonly inputs: readonly GoldenTensor[];
  readonly outputs: readonly GoldenTensor[];
  readonly vectors: number;
  readonly inputs_file: string;
  readonly outputs_file: string;
}

export function goldenModels(): readonly GoldenModel[] {
  return hasGoldenOperators ? JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')).models : [];
}

export function goldenModelBytes(golden: GoldenModel): Uint8Array {
  return readFileSync(`${folder}/${golden.model}`);
}

/** vectors[v][t]: the elements of tensor t in vector v. */
function readVectors(file: string, tensors: readonly GoldenTensor[], vectors: number): Float64Array[][] {
  const bytes = readFileSync(`${folder}/${file}`);
  let offset = 0;
  const next = ({ dtype, shape }: GoldenTensor) => {
    const length = elementCount(shape) * bytesPerElement[dtype];
    const data = bytes.subarray(offset, offset + length);
    offset += length;
    return constantValues({ id: -1, name: file, dtype, shape, data });
  };
  return Array.from({ length: vectors }, () => tensors.map(next));
}

export const goldenInputs = (golden: GoldenModel) => readVectors(golden.inputs_file, golden.inputs, golden.vectors);
export const goldenOutputs = (golden: GoldenModel) => readVectors(golden.outputs_file, golden.outputs, golden.vectors);
