/** What the page of Fit to Budget is sent, and what it sends back. Sizes are in bytes, scores in percentage points. */

import { boolean, custom, type InferOutput, literal, number, picklist, strictObject, variant } from 'valibot';

/** A plan as it is, among the points. */
export interface FitMark {
  readonly name: string;
  readonly sramBytes: number;
  readonly score: number;
  /** What trains is none of the choices that have a known gain: the score is that of the largest choice in it. */
  readonly atLeast: boolean;
}

export interface FitFigures {
  readonly sramBytes: number;
  readonly arenaBytes: number;
  readonly trainableBytes: number;
  readonly flashBytes: number;
  /** Of a training step. */
  readonly macs: number;
}

export interface FitPlan {
  readonly name: string;
  readonly model: string;
  readonly target: { readonly name: string; readonly sramBytes: number; readonly flashBytes: number };
  readonly budgetBytes: number;
  /** SRAM of training as little as possible, and of all that has a gain, at most the target's. */
  readonly leastBytes: number;
  readonly mostBytes: number;
  readonly now: FitMark;
  readonly figures: FitFigures;
  /** Other plans of the model. */
  readonly others: readonly FitMark[];
  readonly gains: 'measured' | 'prior';
}

/** Where gains come from. */
export interface FitEvidence {
  /** Of a file of contributions; null: there is none. */
  readonly file: string | null;
  /** Why the file is not used. */
  readonly problem?: string;
  /** Terminals may run here. */
  readonly canMeasure: boolean;
  /** What measures them, as typed into a terminal. */
  readonly command: string;
}

/** What no other choice is better than in both. */
export interface FitPoint {
  readonly id: number;
  readonly sramBytes: number;
  readonly score: number;
}

export interface FitLayer {
  readonly name: string;
  /** As the plan would say it; empty: frozen. */
  readonly trains: string;
  /** Of the weights that train. */
  readonly gain: number;
  /** Of the best choice of the layer's weights; 0: none is known. */
  readonly mostGain: number;
  /** In words. */
  readonly why?: string;
}

export interface FitDiffLine {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

export interface FitChoice {
  readonly id: number;
  readonly score: number;
  readonly figures: FitFigures;
  /** Of the choice as a whole. */
  readonly why: readonly string[];
  readonly layers: readonly FitLayer[];
  /** Of the plan's text; empty: the plan trains this already. */
  readonly diff: readonly FitDiffLine[];
}

/** How a search ended. */
export interface FitEnd {
  readonly cancelled: boolean;
  readonly provenOptimal: boolean;
  readonly complete: boolean;
  /** Null: not known. */
  readonly scoreBound: number | null;
  readonly evaluations: number;
}

export interface FitProblem {
  readonly message: string;
  readonly remedy: string;
}

/** Host to page. */
export type ToFitPage =
  | {
      readonly type: 'settings';
      /** Of the plan: to be saved, so that the page finds its plan again. */
      readonly plan: string;
      readonly title: string;
      readonly canEdit: boolean;
      readonly texts?: Readonly<Record<string, string>>;
    }
  /** `isNew`: points and choices of before hold no more, and the page asks for a search. */
  | { readonly type: 'plan'; readonly plan: FitPlan; readonly isNew: boolean }
  | { readonly type: 'evidence'; readonly evidence: FitEvidence }
  /** There is nothing to search in. */
  | { readonly type: 'problems'; readonly problems: readonly FitProblem[] }
  | { readonly type: 'points'; readonly points: readonly FitPoint[] }
  | {
      readonly type: 'searching';
      readonly budgetBytes: number;
      readonly evaluations: number;
      readonly ofEvaluations: number;
    }
  | { readonly type: 'found'; readonly budgetBytes: number; readonly best: number; readonly end: FitEnd }
  | { readonly type: 'failed'; readonly budgetBytes: number; readonly problem: FitProblem }
  | { readonly type: 'choice'; readonly choice: FitChoice }
  | { readonly type: 'applied' };

/** Page to host. */
export const fromFitPage = variant('type', [
  /** Instead of the one that is running. */
  strictObject({ type: literal('search'), budgetBytes: number() }),
  /** What was found stays. */
  strictObject({ type: literal('stop') }),
  /** Describe this point. */
  strictObject({ type: literal('choose'), id: number() }),
  /** One edit, one undo step. */
  strictObject({ type: literal('apply'), id: number() }),
  strictObject({ type: literal('contributions'), use: picklist(['file', 'none']) }),
  strictObject({ type: literal('measure'), copy: boolean() }),
  strictObject({ type: literal('openPlan') }),
]);
export type FromFitPage = InferOutput<typeof fromFitPage>;

const kinds = [
  ...['settings', 'plan', 'evidence', 'problems', 'points', 'searching', 'found', 'failed', 'choice', 'applied'],
] as const;

/** Messages of the host come from our own code: only the envelope is checked. */
export const toFitPage = custom<ToFitPage>(
  (message) => kinds.some((kind) => kind === (message as { type?: unknown } | null)?.type),
  'a message for the page of Fit to Budget',
);
