/** Reads a training plan and the model that it names. */
import { dirname, resolve } from 'node:path';
import { type Diagnostic, failure, type Result, success, type TextRange } from '../../../compiler/diagnostics.ts';
import type { Graph } from '../../../compiler/model/graph.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import type { TrainingPlan } from '../../../compiler/training/plan.ts';
import {
  type ParsedPlan,
  parsePlan,
  placeDiagnostics,
  type Resolution,
  resolveFully,
} from '../../../language/index.ts';
import { readInput } from './read.ts';

export interface LoadedPlan {
  /** As the user named it. */
  readonly file: string;
  /** Absolute: paths in the plan are relative to it. */
  readonly directory: string;
  readonly plan: TrainingPlan;
  readonly graph: Graph;
  /** Warnings of plan and model, with their places. */
  readonly diagnostics: readonly Diagnostic[];
  /** Gives diagnostics of later stages their places in the plan. */
  readonly placed: (diagnostics: readonly Diagnostic[]) => readonly Diagnostic[];
  /** The range of a statement: `data`, `model`, ... */
  readonly rangeOf: (statement: 'data' | 'model' | 'target') => TextRange | undefined;
}

export async function loadPlan(file: string): Promise<Result<LoadedPlan>> {
  const bytes = await readInput(file, 'plan');
  if (!bytes.ok) return bytes;
  const parsed = parsePlan(new TextDecoder().decode(bytes.value), file);
  const directory = dirname(resolve(file));
  const modelPath = modelPathOf(parsed);
  const model = modelPath === undefined ? undefined : await loadModel(resolve(directory, modelPath), modelPath);
  const graph = model?.ok ? model.value : undefined;
  const resolution = resolveFully(parsed, graph);
  const ofModel = aboutModel(resolution, file, modelPath, model?.diagnostics ?? []);
  const diagnostics = [...resolution.diagnostics, ...ofModel];
  const { plan, places } = resolution;
  if (plan === undefined || graph === undefined) return failure(...diagnostics);
  const placed = (found: readonly Diagnostic[]): readonly Diagnostic[] =>
    found.map((diagnostic) =>
      diagnostic.file === undefined ? (placeDiagnostics(resolution, file, [diagnostic])[0] ?? diagnostic) : diagnostic,
    );
  const rangeOf = (statement: 'data' | 'model' | 'target'): TextRange | undefined => places[statement];
  return success({ file, directory, plan, graph, diagnostics, placed, rangeOf });
}

/** Reads a model; `shown` is how diagnostics call it. */
export async function loadModel(path: string, shown: string): Promise<Result<Graph>> {
  const bytes = await readInput(path, 'model', shown);
  if (!bytes.ok) return bytes;
  const name = path.replace(/^.*[\\/]/, '').replace(/\.tflite$/, '');
  const graph = readTflite(bytes.value, name);
  const diagnostics = graph.diagnostics.map((diagnostic) => ({ ...diagnostic, file: shown }));
  return graph.ok ? success(graph.value, diagnostics) : failure(...diagnostics);
}

const fileStart: TextRange = { line: 1, column: 1, endLine: 1, endColumn: 1 };

/** Also of a plan with errors elsewhere. */
function modelPathOf({ ast }: ParsedPlan): string | undefined {
  const [statement] = ast.statements.filter(({ $type }) => $type === 'ModelStatement');
  const path: unknown = statement !== undefined && 'path' in statement ? statement.path : undefined;
  return typeof path === 'string' && path.trim() !== '' ? path : undefined;
}

/** What is wrong with the model stands in the plan's line that names it. */
function aboutModel(
  { places }: Resolution,
  file: string,
  modelPath: string | undefined,
  diagnostics: readonly Diagnostic[],
): readonly Diagnostic[] {
  return diagnostics.map((diagnostic) => ({
    ...diagnostic,
    message: `${modelPath}: ${diagnostic.message}`,
    file,
    range: places.model ?? fileStart,
  }));
}
