/** What the plan view is sent, and what it sends back. Sizes are in bytes, layers go by their names in the plan. */

import {
  array,
  boolean,
  custom,
  type InferOutput,
  literal,
  nullable,
  number,
  optional,
  picklist,
  strictObject,
  string,
  variant,
} from 'valibot';

export const phases = ['forward', 'loss', 'backward', 'update'] as const;
export const roles = ['trained', 'optimizer', 'state', 'activation', 'saved', 'mask', 'gradient', 'scratch'] as const;
export type PictureRole = (typeof roles)[number];

/** What is shown of one compiled plan. Everything in it equals `firmtune plan --json` of the same text. */
export interface PlanPicture {
  readonly name: string;
  /** As the plan names it. */
  readonly model: string;
  readonly target: {
    readonly name: string;
    readonly core: string;
    readonly sramBytes: number;
    readonly flashBytes: number;
    /** Where the board's is known. */
    readonly clockHz?: number;
  };
  readonly budgetBytes: number;
  readonly totals: {
    readonly arenaBytes: number;
    readonly lowerBoundBytes: number;
    readonly provenOptimal: boolean;
    readonly trainableBytes: number;
    readonly stateBytes: number;
    readonly stackBytes: number;
    readonly sramBytes: number;
    readonly flashBytes: number;
    readonly sparseUpdateBytes: number;
    readonly macs: PassFigures;
    /** Of one training step on the target's core, estimated; absent where nothing was measured on such a core. */
    readonly estimatedInstructions?: PassFigures;
  };
  readonly steps: readonly PictureStep[];
  /** Of the arena alone. */
  readonly buffers: readonly PictureBuffer[];
  readonly peak: PicturePeak;
  /** Every layer with weights, in execution order. */
  readonly layers: readonly PictureLayer[];
  readonly chains: readonly PictureChain[];
}

export interface PassFigures {
  readonly forward: number;
  readonly backward: number;
  readonly update: number;
}

export interface PictureStep {
  readonly layer: string;
  readonly phase: (typeof phases)[number];
  readonly kernel: string;
  readonly macs: number;
  /** Bytes of the arena that hold something alive. */
  readonly liveBytes: number;
  /** The same by role, in the order of `roles`; the sum is `liveBytes` (bytes that two buffers share count for the later). */
  readonly byRole: readonly number[];
}

export interface PictureBuffer {
  readonly name: string;
  readonly layer: string;
  readonly role: PictureRole;
  readonly bytes: number;
  /** The dtype of its elements. */
  readonly element: string;
  /** Inclusive numbers of `steps`. */
  readonly first: number;
  readonly last: number;
  readonly offset: number;
  /** In words; may be empty. */
  readonly reason: string;
}

export interface PicturePeak {
  readonly step: number;
  readonly layer: string;
  readonly phase: string;
  readonly bytes: number;
  readonly alive: readonly {
    readonly name: string;
    readonly layer: string;
    readonly role: PictureRole;
    readonly bytes: number;
    readonly reason: string;
    /** The dtype of its elements. */
    readonly element: string;
  }[];
}

export interface PictureLayer {
  readonly name: string;
  readonly operator: string;
  readonly outputShape: readonly number[];
  readonly macs: number;
  readonly weightBytes: number;
  /** Does it have a bias at all, and does that train? */
  readonly bias: boolean | null;
  /** As the plan would write it: `weights none`, `weights 1/4`, `weights all`, `weights channels 3..8`. */
  readonly weights: string;
  /** Trained and all input channels (depthwise: own channels). */
  readonly trainedChannels: number;
  readonly channels: number;
  readonly trainableBytes: number;
  /** False for a new head: it always trains as a whole. */
  readonly switchable: boolean;
  /** The most that its weights gain in accuracy, in points, where that was measured. */
  readonly contribution?: number;
}

export interface PictureChain {
  readonly layers: readonly string[];
  readonly kind: string;
  readonly step: number;
  readonly turns: number;
  readonly heldBytes: number;
}

/** The positions of a layer's switches. */
export const weightPositions = ['none', '1/8', '1/4', '1/2', 'all'] as const;
export type WeightPosition = (typeof weightPositions)[number];

/** What one switch in another position would change; differences. */
export interface PicturePrice {
  readonly layer: string;
  readonly change: LayerSwitch;
  /** Null: with it the plan does not compile, and `reason` says why. */
  readonly sramBytes: number | null;
  readonly arenaBytes: number | null;
  readonly reason?: string;
}

export const layerSwitch = strictObject({
  bias: optional(boolean()),
  weights: optional(picklist(weightPositions)),
});
export type LayerSwitch = InferOutput<typeof layerSwitch>;

export interface PictureDiagnostic {
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly remedy?: string | undefined;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Whether the C code that the workspace has of the plan is that of its text as it is in the editor. */
export interface CodeState {
  /** `looking`: not known yet. `outdated`: the text is another one than the code was generated from. */
  readonly state: 'looking' | 'missing' | 'current' | 'outdated';
  /** Where it is, relative to the workspace folder; if some of it is outdated, where that is. */
  readonly folders: readonly string[];
}

/** Other plans to compare with: the timeline as a ghost line, and the totals. */
export const comparisons = ['previous', 'full-update', 'inference', 'plan'] as const;

export interface GhostPicture {
  readonly kind: (typeof comparisons)[number];
  /** What the legend calls it. */
  readonly title: string;
  /** By step of its own schedule: arena bytes alive, with layer and phase, by which it is laid over this plan's. */
  readonly steps: readonly Pick<PictureStep, 'layer' | 'phase' | 'liveBytes'>[];
  readonly totals: PlanPicture['totals'];
}

/** `tracealloc`: the arena in the open format of Samsung's ONE. */
export const exportFormats = ['png', 'svg', 'csv', 'tracealloc'] as const;

/** Host to page. `version` grows with every text of the plan; what comes for an older one is dropped. */
export type ToPlanPage =
  | { readonly type: 'loading'; readonly title: string }
  | {
      readonly type: 'picture';
      readonly version: number;
      readonly picture: PlanPicture;
      readonly diagnostics: readonly PictureDiagnostic[];
    }
  /** The text has errors: the last picture stays, marked stale; without one this is the error state. */
  | { readonly type: 'stale'; readonly version: number; readonly diagnostics: readonly PictureDiagnostic[] }
  | {
      readonly type: 'prices';
      readonly version: number;
      readonly prices: readonly PicturePrice[];
      readonly done: boolean;
    }
  | { readonly type: 'ghost'; readonly ghost: GhostPicture | null }
  /** What is known of the code; that of a new text follows some time after its picture. Null: nothing, and nothing to wait for. */
  | { readonly type: 'code'; readonly code: CodeState | null }
  /** A lens or the tree asks to show these layers. */
  | { readonly type: 'reveal'; readonly layers: readonly string[] }
  /** The command Export timeline: the page makes the file's content and answers with its own `export`. */
  | { readonly type: 'export'; readonly format: (typeof exportFormats)[number] }
  | {
      readonly type: 'settings';
      readonly canRunTasks: boolean;
      /** Shown with what cannot be run: an untrusted or a virtual workspace. */
      readonly cannotRunReason?: string;
      readonly canEdit: boolean;
      /** The user's language, as in `vscode.l10n.bundle`; absent: English. */
      readonly texts?: Readonly<Record<string, string>>;
    };

const toggles = array(strictObject({ layer: string(), change: layerSwitch }));

/** Page to host. */
export const fromPlanPage = variant('type', [
  /** One edit, one undo step. */
  strictObject({ type: literal('toggle'), toggles }),
  /** Row or step was chosen: the text editor shows its line, where there is one. */
  strictObject({ type: literal('select'), layer: string() }),
  /** Show the layer in the model view. */
  strictObject({ type: literal('openModel'), layer: optional(string()) }),
  strictObject({ type: literal('openText'), line: optional(number()) }),
  strictObject({ type: literal('undo') }),
  strictObject({ type: literal('redo') }),
  strictObject({ type: literal('compare'), kind: nullable(picklist(comparisons)) }),
  strictObject({ type: literal('run'), command: picklist(['simulate', 'generate', 'build', 'emulate', 'fit']) }),
  /** To be saved where the user wants it. `content` is the file's text; of a PNG its bytes as base64. */
  strictObject({ type: literal('export'), format: picklist(exportFormats), content: string() }),
  /** For assistive and timing purposes: the picture of this version is on the screen. */
  strictObject({ type: literal('painted'), version: number() }),
]);
export type FromPlanPage = InferOutput<typeof fromPlanPage>;

const kinds = ['loading', 'picture', 'stale', 'prices', 'ghost', 'code', 'reveal', 'export', 'settings'] as const;

/** Messages of the host come from our own code: the page checks the envelope only, which keeps each redraw fast. */
export const toPlanPage = custom<ToPlanPage>(
  (message) => kinds.some((kind) => kind === (message as { type?: unknown } | null)?.type),
  'a message for the plan view',
);
