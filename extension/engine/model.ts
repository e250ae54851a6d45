/** What the engine does for the model view. A model is opened once; what is asked of it later goes by its key. */

import type { Diagnostic } from '../../compiler/diagnostics.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import { readTflite } from '../../compiler/model/tflite.ts';
import type { LayerUpdate, WeightSelection } from '../../compiler/training/plan.ts';
import { isModelStatement } from '../../language/generated/ast.ts';
import { parsePlan, resolveFully } from '../../language/index.ts';
import { printWeights } from '../../language/print.ts';
import type { ModelLayerDetails, ModelLayout, ModelPicture, ModelUpdate } from '../../webview/messages.ts';
import { detailsOf } from './model/details.ts';
import { layOut } from './model/layout.ts';
import { edgesOf, nodesOf, pictureOf } from './model/picture.ts';

export type OpenedModel =
  | { readonly ok: true; readonly picture: ModelPicture }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

interface OpenModel {
  readonly graph: Graph;
  readonly picture: ModelPicture;
}

const models = new Map<string, OpenModel>();

/** @throws Error: the key was never opened, or in a worker that has ended since */
function opened(key: string): OpenModel {
  const model = models.get(key);
  if (model === undefined) throw new Error(`the model ${key} is not open`);
  return model;
}

export const modelHandlers = {
  openModelView({ key, name, bytes }: { key: string; name: string; bytes: Uint8Array }): OpenedModel {
    models.delete(key);
    const graph = readTflite(bytes, name);
    if (!graph.ok) return { ok: false, diagnostics: graph.diagnostics };
    const picture = pictureOf(graph.value, bytes.byteLength);
    models.set(key, { graph: graph.value, picture });
    return { ok: true, picture };
  },

  closeModelView({ key }: { key: string }): void {
    models.delete(key);
  },

  layOutModel({ key, collapsed, aspect }: { key: string; collapsed: readonly string[]; aspect: number }): ModelLayout {
    const { graph, picture } = opened(key);
    return layOut({
      nodes: nodesOf(graph),
      edges: edgesOf(graph),
      blocks: picture.blocks,
      collapsed: new Set(collapsed),
      aspect,
    });
  },

  describeLayer({ key, layer }: { key: string; layer: number }): ModelLayerDetails {
    return detailsOf(opened(key).graph, layer);
  },

  /** The model's path as a plan has it, also where the plan has errors; undefined where it names none. */
  modelOfPlan({ text }: { text: string }): string | undefined {
    return parsePlan(text, '').ast.statements.find(isModelStatement)?.path;
  },

  /** What a plan's text trains of the model. */
  updateOfPlan({ key, plan, text }: { key: string; plan: string; text: string }): ModelUpdate {
    const { graph } = opened(key);
    const { update } = resolveFully(parsePlan(text, plan), graph);
    const layers = [...update].flatMap(([layer, choice]) => (trains(choice) ? [updateRow(layer, choice)] : []));
    return { plan, layers };
  },
} as const;

function trains({ bias, weights }: LayerUpdate): boolean {
  return bias || weights.kind !== 'none';
}

function updateRow(layer: string, { bias, weights }: LayerUpdate): ModelUpdate['layers'][number] {
  const words = weights.kind === 'none' ? undefined : printWeights(weights).replace(/^weights /, '');
  return { layer, bias, share: shareOf(weights), ...(words === undefined ? {} : { weights: words }) };
}

function shareOf(weights: WeightSelection): number {
  if (weights.kind === 'none') return 0;
  return weights.kind === 'fraction' ? weights.numerator / weights.denominator : 0.5;
}
