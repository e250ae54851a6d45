/** The text of a new training plan. */

import { type Graph, tensorAt } from '../compiler/model/graph.ts';
import { layerIndex } from '../language/layers.ts';

export interface NewPlan {
  readonly graph: Graph;
  /** Relative to the plan, with forward slashes. */
  readonly modelPath: string;
  readonly board: string;
  /** Of the board; what training may use until the author says less. */
  readonly sramBytes: number;
  /** Samples beside the plan. */
  readonly data?: { readonly path: string; readonly classes: number } | undefined;
}

/**
 * A plan to start from: the classifier trains in full, the last third of the layers their biases, which is cheap.
 * Undefined if the model has no layer that can train.
 */
export function newPlanText({ graph, modelPath, board, sramBytes, data }: NewPlan): string | undefined {
  const trainable = [...layerIndex(graph).trainable.keys()].map(({ name }) => name);
  const last = trainable.at(-1);
  const first = trainable[Math.floor((trainable.length * 2) / 3)];
  if (last === undefined || first === undefined) return undefined;
  const biases = first === last ? `${last}: bias` : `${first} .. ${last}: bias`;
  const dataLine =
    data === undefined
      ? '// data "data"  // a folder with train/<class>/* and test/<class>/*'
      : `data ${quoted(data.path)}`;
  const hasNewClasses = data !== undefined && data.classes > 1 && data.classes !== outputsOf(graph);
  return `// What the device keeps learning, on what, and within what.
model ${quoted(modelPath)}
target ${board}
budget ${sramBytes / 1024} KB

${dataLine}

train {
${hasNewClasses ? `  classes ${data.classes}\n` : ''}  learning-rate 0.001
  epochs 10
}

update {
  ${biases}
  ${last}: weights all
}
`;
}

function outputsOf(graph: Graph): number | undefined {
  const [output] = graph.outputs;
  return output === undefined ? undefined : tensorAt(graph, output).shape.at(-1);
}

function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}
