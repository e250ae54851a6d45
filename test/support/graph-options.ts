/** What the graph builder's methods take, and the small shape rules behind them. */

import type { Activation, Attributes, Padding } from '../../compiler/model/graph.ts';

/** One number for both directions, or [rows, columns]. */
export type Pair = number | readonly [number, number];

export interface Named {
  /** The layer's name; by default the operator and a number. */
  readonly name?: string;
}

export interface Fused extends Named {
  readonly activation?: Activation;
}

export interface WindowOptions extends Fused {
  readonly kernel?: Pair;
  readonly stride?: Pair;
  readonly dilation?: Pair;
  readonly padding?: Padding;
}

export interface WeightOptions {
  readonly bias?: boolean;
  /** One weight scale per output channel (the default for convolutions), or one for all. */
  readonly perChannel?: boolean;
}

export interface ResizeOptions extends Named {
  readonly height: number;
  readonly width: number;
  readonly alignCorners?: boolean;
  readonly halfPixelCenters?: boolean;
}

/** The other operand: a layer's or input's name, or a random constant of a shape. */
export type Other = string | { readonly constant: readonly number[] };

export const none: Attributes = { kind: 'none' };
export const pair = (value: Pair): readonly [number, number] => (typeof value === 'number' ? [value, value] : value);

export function outputSize(input: number, kernel: number, stride: number, dilation: number, padding: Padding): number {
  return padding === 'same' ? Math.ceil(input / stride) : Math.ceil((input - (kernel - 1) * dilation) / stride);
}

export const axisAttributes = (axis: number): Attributes => ({ kind: 'axis', axis, activation: 'none' });

export function broadcast(first: readonly number[], second: readonly number[]): readonly number[] {
  const rank = Math.max(first.length, second.length);
  const size = (shape: readonly number[], d: number) => shape[d - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, d) => Math.max(size(first, d), size(second, d)));
}
