/** Operators from one code to one code: a table of 256 entries, made here with the reference's own arithmetic, and one
 * kernel for all of them. */
import type { Graph, Layer } from '../model/graph.ts';
import { elementCount, tensorAt } from '../model/graph.ts';
import type { BufferId, KernelCall } from '../program.ts';
import { at, atOrNull, call, float, int, type ProgramBuilder } from '../schedule/builder.ts';
import { clamp } from './fixed-point.ts';
import { roundHalfAway, scaleOf, zeroPointOf } from './quantisation.ts';
import type { ForwardContext, LoweredForward, OperatorRule } from './rule.ts';

export interface TableEntry {
  /** The code before the clamp. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface LookupTable {
  /** By the input code as an unsigned byte; the output's bytes. */
  readonly codes: Int8Array;
  /** Bit b: the value for code b lies in the clamp's range. */
  readonly inside: Uint8Array;
}

/** `entry` gets the signed code of an int8 input, the unsigned one of a uint8 input. */
export function tableOf(input: 'int8' | 'uint8', entry: (code: number) => TableEntry): LookupTable {
  const codes = new Int8Array(256);
  const inside = new Uint8Array(32);
  for (let byte = 0; byte < 256; byte++) {
    const { value, low, high } = entry(input === 'int8' ? (byte << 24) >> 24 : byte);
    codes[byte] = clamp(value, low, high);
    if (low <= value && value <= high) inside[byte >> 3] = (inside[byte >> 3] ?? 0) | (1 << (byte & 7));
  }
  return { codes, inside };
}

export function lookupCall(
  builder: ProgramBuilder,
  layer: Layer,
  table: LookupTable,
  input: BufferId,
  output: BufferId,
  mask: BufferId | undefined,
  count: number,
): KernelCall {
  const inside = mask === undefined ? undefined : builder.constant(`${layer.name}_inside`, layer.name, table.inside);
  return call('ft_lookup_s8', {
    input: at(input),
    table: at(builder.constant(`${layer.name}_table`, layer.name, table.codes)),
    inside: atOrNull(inside),
    output: at(output),
    mask: atOrNull(mask),
    count: int(count),
  });
}

type MakeTable = (graph: Graph, layer: Layer) => LookupTable;

export function lowerLookup(context: ForwardContext, table: LookupTable): LoweredForward {
  const { graph, layer, builder, input, output, mask } = context;
  const count = elementCount(tensorAt(graph, layer.outputs[0] ?? -1).shape);
  const lookup = lookupCall(builder, layer, table, input(0), output(0), mask, count);
  return { loop: 1, calls: () => [lookup] };
}

/** Straight between its clamps: the gradient needs the mask alone, one bit for each element. */
export function straight(makeTable: MakeTable): OperatorRule {
  return {
    masked: true,
    inPlace: true,
    macs: () => 0,
    forward: (context) => lowerLookup(context, makeTable(context.graph, context.layer)),
    backward: (context) => {
      const { graph, layer, builder, gradient, mask } = context;
      if (!context.needs(0)) return;
      const [input, output] = ends(graph, layer);
      builder.step({
        layer: layer.name,
        phase: 'backward',
        calls: [
          call('ft_mask_f32', {
            gradient: at(gradient),
            output: at(gradient),
            mask: atOrNull(mask),
            factor: float(scaleOf(input) / scaleOf(output)),
            count: int(elementCount(output.shape)),
          }),
        ],
      });
      context.contribute(0, gradient);
    },
  };
}

/** A function of real numbers and its derivative. */
export interface RealFunction {
  f(real: number): number;
  derivative(real: number): number;
}

/** A curve: the gradient looks up its slope by the input's code. */
export function curved(makeTable: MakeTable, realOf: (layer: Layer) => RealFunction): OperatorRule {
  return {
    keeps: [0],
    inPlace: true,
    macs: () => 0,
    forward: (context) => lowerLookup(context, makeTable(context.graph, context.layer)),
    backward: (context) => {
      const { graph, layer, builder, gradient } = context;
      if (!context.needs(0)) return;
      const slopes = slopesOf(graph, layer, realOf(layer));
      builder.step({
        layer: layer.name,
        phase: 'backward',
        calls: [
          call('ft_lookup_gradient_f32', {
            input: at(context.input(0)),
            derivative: at(builder.constant(`${layer.name}_slopes`, layer.name, slopes)),
            gradient: at(gradient),
            count: int(elementCount(tensorAt(graph, layer.outputs[0] ?? -1).shape)),
          }),
        ],
      });
      context.contribute(0, gradient);
    },
  };
}

/** d(output code) / d(input code), by the input code as an unsigned byte; 0 where the output is clamped. */
function slopesOf(graph: Graph, layer: Layer, { f, derivative }: RealFunction): Float32Array {
  const [input, output] = ends(graph, layer);
  return Float32Array.from({ length: 256 }, (_, byte) => {
    const real = scaleOf(input) * (((byte << 24) >> 24) - zeroPointOf(input));
    const code = roundHalfAway(f(real) / scaleOf(output)) + zeroPointOf(output);
    return code < -128 || code > 127 ? 0 : (derivative(real) * scaleOf(input)) / scaleOf(output);
  });
}

function ends(graph: Graph, layer: Layer) {
  return [tensorAt(graph, layer.inputs[0] ?? -1), tensorAt(graph, layer.outputs[0] ?? -1)] as const;
}
