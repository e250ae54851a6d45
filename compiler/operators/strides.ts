/** Which elements of two tensors belong together: the kernels' `ft_strides`. */
import { refuse } from '../diagnostics.ts';
import { elementCount, type Layer } from '../model/graph.ts';
import type { BufferId } from '../program.ts';
import type { ProgramBuilder } from '../schedule/builder.ts';

/** Position p of `shape` is element sum(p[d] * first[d]) of the one tensor and sum(p[d] * second[d]) of the other. */
export interface Strides {
  readonly shape: readonly number[];
  readonly first: readonly number[];
  readonly second: readonly number[];
}

/** Dimensions that the kernels walk. */
const kernelRank = 5;

/** Row-major distances between neighbours along each dimension. */
export function contiguous(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** Distances in a tensor of `shape` for the positions of `target`, to which it is broadcast: 0 where it is repeated. */
export function broadcast(shape: readonly number[], target: readonly number[]): readonly number[] {
  const strides = contiguous(shape);
  return target.map((_, axis) => {
    const own = axis - target.length + shape.length;
    return (shape[own] ?? 1) === 1 ? 0 : (strides[own] ?? 0);
  });
}

/** The same pairs in the same order, in as few dimensions as possible. */
export function merge(strides: Strides): Strides {
  interface Dimension {
    readonly size: number;
    readonly first: number;
    readonly second: number;
  }
  const dimensions: Dimension[] = [];
  strides.shape.forEach((size, axis) => {
    if (size === 1) return;
    const next = { size, first: strides.first[axis] ?? 0, second: strides.second[axis] ?? 0 };
    const last = dimensions[dimensions.length - 1];
    if (last?.first === next.first * size && last.second === next.second * size) {
      dimensions[dimensions.length - 1] = { ...next, size: last.size * size };
    } else {
      dimensions.push(next);
    }
  });
  return {
    shape: dimensions.map(({ size }) => size),
    first: dimensions.map(({ first }) => first),
    second: dimensions.map(({ second }) => second),
  };
}

export function swap({ shape, first, second }: Strides): Strides {
  return { shape, first: second, second: first };
}

/** The `ft_strides` of a layer. Refuses what stays of more than five dimensions. */
export function stridesParameters(builder: ProgramBuilder, layer: Layer, strides: Strides): BufferId {
  const { shape, first, second } = merge(strides);
  if (shape.length > kernelRank) {
    refuse(
      'too-many-dimensions',
      `layer ${layer.name} (${layer.operator}) walks ${shape.length} dimensions, at most ${kernelRank} are possible`,
      'reshape its tensors to fewer dimensions',
      layer.name,
    );
  }
  return builder.parameters(`${layer.name}_strides`, layer.name, 'ft_strides', [
    ...extend(shape, kernelRank, 1),
    ...extend(first, kernelRank, 0),
    ...extend(second, kernelRank, 0),
  ]);
}

/** `rank` entries, those that are missing put in front. */
export function extend(values: readonly number[], rank: number, fill: number): readonly number[] {
  return [...Array.from({ length: rank - values.length }, () => fill), ...values];
}
