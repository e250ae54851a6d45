/**
 * What the model view is sent, and what it sends back. Sizes are in bytes. Nodes of the graph go by ids: `n12` is
 * layer 12, `i0` the model's first input, `o0` its first output, `b3` a block of layers.
 */

import {
  array,
  custom,
  finite,
  type InferOutput,
  literal,
  maxValue,
  minValue,
  nullable,
  number,
  pipe,
  strictObject,
  string,
  variant,
} from 'valibot';

export interface ModelPicture {
  readonly name: string;
  readonly fileBytes: number;
  /** Multiply-accumulates of one inference. */
  readonly macs: number;
  readonly weightBytes: number;
  /** Of all activations alive at once, where most are; whole tensors, nothing in place or streamed. */
  readonly activationPeakBytes: number;
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  readonly layers: readonly ModelLayer[];
  readonly edges: readonly ModelEdge[];
  readonly blocks: readonly ModelBlock[];
  readonly trainableLayers: number;
  /** What stands in the way of training, in words; empty where nothing does. */
  readonly obstacles: readonly ModelObstacle[];
}

export interface ModelObstacle {
  readonly message: string;
  readonly remedy: string;
  /** Names of layers that it is about; may be empty. */
  readonly layers: readonly string[];
}

export interface ModelTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly bytes: number;
  readonly quantisation?: ModelQuantisation;
}

export interface ModelQuantisation {
  /** The only scale, or the smallest and largest of `channels`. */
  readonly scale: readonly number[];
  readonly zeroPoint: number;
  readonly channels: number;
}

export interface ModelLayer {
  readonly name: string;
  /** TFLite's name, and a short word for it. */
  readonly operator: string;
  readonly word: string;
  readonly family: ModelFamily;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly outputType: string;
  readonly macs: number;
  readonly weightBytes: number;
  /** Of all activations alive while the layer runs. */
  readonly activationBytes: number;
  readonly trainable: boolean;
  /** Why it cannot train, run or pass gradients on; absent where there is nothing to say. */
  readonly note?: string;
}

/** What kind of work an operator does: gives a node its colour and its mark. */
export const modelFamilies = ['convolution', 'depthwise', 'dense', 'pool', 'merge', 'shape', 'activation'] as const;
export type ModelFamily = (typeof modelFamilies)[number];

/** An activation on its way; constants have no edges. */
export interface ModelEdge {
  readonly from: string;
  readonly to: string;
}

export interface ModelBlock {
  readonly id: string;
  /** From the layers' names where they agree. */
  readonly title: string;
  /** What it is by its structure. */
  readonly kind: string;
  /** Indices of layers, in execution order. */
  readonly layers: readonly number[];
}

/** Everything of one layer that the list does not show. */
export interface ModelLayerDetails {
  readonly layer: number;
  readonly fullName: string;
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  readonly tensors: readonly ModelOperand[];
  readonly histograms: readonly ModelHistogram[];
}

export interface ModelOperand extends ModelTensor {
  readonly role: 'input' | 'output' | 'weights' | 'bias' | 'constant';
  /** Of a constant of few numbers. */
  readonly values?: readonly number[];
  /** Neighbours along the tensor: names of layers, or of the model's input or output. */
  readonly neighbours: readonly { readonly id: string; readonly name: string }[];
}

export interface ModelHistogram {
  readonly role: 'weights' | 'bias' | 'constant';
  readonly dtype: string;
  readonly count: number;
  /** Of the stored numbers: codes where the tensor is quantised. */
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  readonly deviation: number;
  /** Numbers that are the zero point (float: 0). */
  readonly zeros: number;
  /** Numbers at either end of the type's codes; 0 for float. */
  readonly saturated: number;
  /** Inclusive ends of each bin; float bins: from, up to. */
  readonly bins: readonly { readonly from: number; readonly to: number; readonly count: number }[];
  /** Numbers that are no numbers, or infinite; not in the bins. */
  readonly notFinite: number;
  /** Per-channel scales in the tensor's order; empty where there is one scale or none. At most 256, evenly taken. */
  readonly scales: readonly number[];
}

/** Places of everything that is to be seen, in units of CSS pixels at zoom 1; y grows downward. */
export interface ModelLayout {
  readonly width: number;
  readonly height: number;
  /** Nodes and collapsed blocks. */
  readonly boxes: readonly LayoutBox[];
  /** Expanded blocks: frames around their layers. */
  readonly frames: readonly LayoutBox[];
  readonly wires: readonly LayoutWire[];
}

export interface LayoutBox {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A stretch of the way of one node's output; several make an edge where it enters a block or goes on to a new column. */
export interface LayoutWire {
  /** The node that the activation comes from. */
  readonly from: string;
  /** The node that it goes to, where the stretch ends at one: it has an arrow head. */
  readonly to?: string;
  /** x and y in turn. */
  readonly points: readonly number[];
}

export interface ModelPlanChoice {
  readonly uri: string;
  /** As the workspace names it. */
  readonly name: string;
}

/** What a plan trains, by layer. */
export interface ModelUpdate {
  readonly plan: string;
  readonly layers: readonly {
    readonly layer: string;
    readonly bias: boolean;
    /** As the plan writes it: `1/4`, `all`, `channels 8`; undefined where the weights are frozen. */
    readonly weights?: string;
    /** Trained part of the weights, 0 to 1. */
    readonly share: number;
  }[];
}

export interface ModelProblem {
  readonly message: string;
  readonly remedy: string;
}

/** Host to page. `version` grows when the file changes; what comes for an older one is dropped. */
export type ToModelPage =
  | { readonly type: 'loading'; readonly name: string; readonly fileBytes: number; readonly stage: ModelStage }
  | { readonly type: 'model'; readonly version: number; readonly picture: ModelPicture }
  | {
      readonly type: 'layout';
      readonly version: number;
      readonly collapsed: readonly string[];
      readonly layout: ModelLayout;
    }
  | { readonly type: 'details'; readonly version: number; readonly details: ModelLayerDetails }
  | { readonly type: 'plans'; readonly plans: readonly ModelPlanChoice[]; readonly update: ModelUpdate | null }
  | {
      readonly type: 'failed';
      readonly title: string;
      readonly problems: readonly ModelProblem[];
      /** Reading it again may help. */
      readonly canRetry: boolean;
    }
  /** The file was deleted: what is on the screen stays, marked. */
  | { readonly type: 'gone' }
  | { readonly type: 'reveal'; readonly layer: string }
  /** The user's language, as in `vscode.l10n.bundle`; absent: English. */
  | { readonly type: 'settings'; readonly texts?: Readonly<Record<string, string>> };

export const modelStages = ['reading', 'checking', 'layout'] as const;
export type ModelStage = (typeof modelStages)[number];

/** Page to host. */
export const fromModelPage = variant('type', [
  /** `aspect`: width by height of the picture that there is room for. */
  strictObject({
    type: literal('layout'),
    collapsed: array(string()),
    aspect: pipe(number(), finite(), minValue(0.05), maxValue(50)),
  }),
  strictObject({ type: literal('details'), layer: pipe(number(), minValue(0)) }),
  strictObject({ type: literal('choosePlan'), uri: nullable(string()) }),
  strictObject({ type: literal('newPlan') }),
  strictObject({ type: literal('openPlan'), uri: string() }),
  strictObject({ type: literal('cancel') }),
  strictObject({ type: literal('retry') }),
]);
export type FromModelPage = InferOutput<typeof fromModelPage>;

const kinds = ['loading', 'model', 'layout', 'details', 'plans', 'failed', 'gone', 'reveal', 'settings'] as const;

/** Messages of the host come from our own code: the page checks the envelope only. */
export const toModelPage = custom<ToModelPage>(
  (message) => kinds.some((kind) => kind === (message as { type?: unknown } | null)?.type),
  'a message for the model view',
);
