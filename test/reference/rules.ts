/** The table: one row per operator. */

import type { Layer } from '../../compiler/model/graph.ts';
import { arithmeticRules } from './arithmetic.ts';
import { denseRules } from './dense.ts';
import { movementRules } from './movement.ts';
import type { Rule } from './rule.ts';
import { windowRules } from './window.ts';

export const rules: Readonly<Record<string, Rule>> = {
  ...windowRules,
  ...denseRules,
  ...arithmeticRules,
  ...movementRules,
};

export function ruleOf(layer: Layer): Rule {
  const rule = rules[layer.operator];
  if (rule === undefined) throw new Error(`${layer.name}: the reference has no rule for ${layer.operator}`);
  return rule;
}
