import { refuse } from '../diagnostics.ts';
import type { Layer } from '../model/graph.ts';
import { add } from './add.ts';
import { averagePool } from './average-pool.ts';
import { convolution } from './conv.ts';
import { depthwise } from './depthwise.ts';
import { pad } from './pad.ts';
import { reshape } from './reshape.ts';
import type { OperatorRule } from './rule.ts';
import { softmax } from './softmax.ts';

/** All that the compiler knows of operators, by TFLite's name. */
export const operatorRules: Readonly<Record<string, OperatorRule>> = {
  ADD: add,
  AVERAGE_POOL_2D: averagePool,
  CONV_2D: convolution,
  DEPTHWISE_CONV_2D: depthwise,
  EXPAND_DIMS: reshape,
  FULLY_CONNECTED: convolution,
  PAD: pad,
  PADV2: pad,
  RESHAPE: reshape,
  SOFTMAX: softmax,
  SQUEEZE: reshape,
};

export function ruleOf(layer: Layer): OperatorRule {
  return (
    operatorRules[layer.operator] ??
    refuse(
      'unsupported-operator',
      `layer ${layer.name} is a ${layer.operator}, which Firmtune does not run`,
      'use a model without this operator, or ask for it with the model attached',
      layer.name,
    )
  );
}
