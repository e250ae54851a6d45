import { type NewPlan, newPlanText } from '../planText.ts';
import { modelAt } from './models.ts';

/** Of a model that was opened. Without a text where nothing in it can train. */
export function newPlan({ model, ...plan }: Omit<NewPlan, 'graph'> & { readonly model: string }): {
  readonly text: string | undefined;
} {
  const read = modelAt(model);
  return { text: read?.ok === true ? newPlanText({ ...plan, graph: read.value }) : undefined };
}
