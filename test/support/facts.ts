import type { ModelFacts } from '../../compiler/codegen/facts.ts';

/** For programs that are made without a plan, or that save nothing. */
export const noFacts: ModelFacts = { planHash: 0, classNames: [] };
