/** Plans as the views need them: text to picture, a click to the smallest edit, prices of the other clicks. */

import { URI, UriUtils } from 'langium';
import { type Compilation, compile } from '../../compiler/compile.ts';
import type { Diagnostic, TextEdit } from '../../compiler/diagnostics.ts';
import { type MemoryReport, memoryReport } from '../../compiler/memory/report.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import type { Program } from '../../compiler/program.ts';
import { type Price, priceInBackground } from '../../compiler/search/prices.ts';
import { searchableLayers } from '../../compiler/search/space.ts';
import { frozen, type TrainingPlan, type WeightSelection } from '../../compiler/training/plan.ts';
import { boardsFromSettings } from '../../language/boards.ts';
import { editForToggles } from '../../language/edits.ts';
import { isModelStatement } from '../../language/generated/ast.ts';
import { parsePlan } from '../../language/parse.ts';
import { placeDiagnostics } from '../../language/place.ts';
import { type Resolution, resolveFully } from '../../language/resolve.ts';
import type { LayerChange } from '../../language/resolveUpdate.ts';
import { applyEdits } from '../../language/text.ts';
import {
  type LayerSwitch,
  type PictureDiagnostic,
  type PicturePrice,
  type PlanPicture,
  type WeightPosition,
  weightPositions,
} from '../../webview/messages.ts';
import { parseContributions } from '../data/contributions.ts';
import type { Work } from './channel.ts';
import { modelAt } from './models.ts';
import { planPicture } from './picture.ts';

export interface PlanText {
  readonly uri: string;
  readonly text: string;
  /** The setting `firmtune.boards` as JSON: the editor's own objects cannot be sent to a worker. */
  readonly boards: string;
}

/** The host must give this model first, with `openModel`. */
export interface ModelNeeded {
  readonly kind: 'model-needed';
  readonly uri: string;
}

export interface DrawnPlan {
  readonly kind: 'drawn';
  /** Absent where the text, the model or the compiler has an error. */
  readonly picture?: PlanPicture;
  readonly diagnostics: readonly PictureDiagnostic[];
  /** Absent where the text names none. */
  readonly model?: string;
  /** The line, from 1, that speaks of the layer last. */
  readonly lines: ReadonlyMap<string, number>;
}

export interface CompiledPlan {
  readonly graph: Graph;
  readonly plan: TrainingPlan;
  readonly compilation: Compilation;
  readonly memory: MemoryReport;
}

interface Reading {
  readonly text: string;
  readonly boards: string;
  readonly graph: Graph | undefined;
  readonly resolution: Resolution;
  readonly modelUri: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** How long the search for the least arena may keep the author waiting; `refine` has the command line's time. */
const quickMilliseconds = 150;
const mostKept = 16;

/** The newest of each plan, for the next step with it. */
const readings = new Map<string, Reading>();
const programs = new Map<string, Program>();

export interface DrawInput extends PlanText {
  /** With the time that the command line takes for it. */
  readonly refine?: boolean;
  /** What a file of contributions says; one that is damaged, or of another model, counts as none. */
  readonly contributions?: string | undefined;
}

export function drawPlan(input: DrawInput): DrawnPlan | ModelNeeded {
  const reading = readPlan(input);
  if ('kind' in reading) return reading;
  const { resolution, modelUri } = reading;
  const found = compileReading(input.uri, reading, input.refine === true ? undefined : quickMilliseconds);
  const { compiled } = found;
  return {
    kind: 'drawn',
    ...(compiled === undefined
      ? {}
      : {
          picture: withContributions(
            planPicture(compiled.plan, compiled.graph, compiled.compilation, compiled.memory),
            compiled,
            input.contributions,
          ),
        }),
    diagnostics: [...reading.diagnostics, ...found.diagnostics].map(pictureDiagnostic),
    ...(modelUri === undefined ? {} : { model: modelUri }),
    lines: new Map(resolution.lines.flatMap(({ layers, range }) => layers.map(({ layer }) => [layer, range.line]))),
  };
}

function withContributions(picture: PlanPicture, { graph, plan }: CompiledPlan, text: string | undefined): PlanPicture {
  const read = text === undefined ? undefined : parseContributions(text, searchableLayers(graph, plan), '');
  if (read?.ok !== true) return picture;
  const most = new Map<string, number>();
  for (const { layer, gain } of read.value.weights) most.set(layer, Math.max(gain, most.get(layer) ?? gain));
  const layers = picture.layers.map((layer) => {
    const contribution = most.get(layer.name);
    return contribution === undefined ? layer : { ...layer, contribution };
  });
  return { ...picture, layers };
}

export interface Toggle {
  readonly layer: string;
  readonly change: LayerSwitch;
}

export interface ToggleInput extends PlanText {
  readonly toggles: readonly Toggle[];
  /** As for `drawPlan`. */
  readonly contributions?: string | undefined;
}

/** What one click needs, in one answer. */
export interface ToggledPlan {
  readonly kind: 'edit';
  /** Absent where the plan trains what the switches say already. */
  readonly edit?: TextEdit;
  /** Of the text after the edit. */
  readonly drawn?: DrawnPlan;
}

/** The edit after which the plan trains what the switches say, and the picture of the plan then. */
export function togglePlan(input: ToggleInput): ModelNeeded | ToggledPlan {
  const reading = readPlan(input);
  if ('kind' in reading) return reading;
  const { graph, resolution } = reading;
  if (graph === undefined) return { kind: 'edit' };
  const changes = new Map(
    input.toggles.map(({ layer, change }): [string, LayerChange] => {
      const { weights } = resolution.update.get(layer) ?? frozen;
      const first = weights.kind !== 'none' && weights.first;
      return [
        layer,
        {
          ...(change.bias === undefined ? {} : { bias: change.bias }),
          ...(change.weights === undefined ? {} : { weights: selectionOf(change.weights, first) }),
        },
      ];
    }),
  );
  const edit = editForToggles(input.text, graph, changes);
  if (edit === undefined) return { kind: 'edit' };
  const { uri, boards, contributions } = input;
  const drawn = drawPlan({ uri, text: applyEdits(input.text, [edit]), boards, contributions });
  return { kind: 'edit', edit, ...(drawn.kind === 'drawn' ? { drawn } : {}) };
}

/** Prices go out as progress, in the order of the compiler; what does not compile has none. */
export async function pricePlan(
  input: PlanText,
  { signal, report }: Work<readonly PicturePrice[]>,
): Promise<ModelNeeded | { readonly kind: 'priced' }> {
  const reading = readPlan(input);
  if ('kind' in reading) return reading;
  const { compiled } = compileReading(input.uri, reading, undefined);
  if (compiled === undefined) return { kind: 'priced' };
  const { graph, plan, compilation } = compiled;
  const batch: PicturePrice[] = [];
  let sent = performance.now();
  const send = (): void => {
    if (batch.length > 0) report(batch.splice(0));
    sent = performance.now();
  };
  const collect = (price: Price): void => {
    batch.push(picturePrice(price));
    if (performance.now() - sent > priceReportMilliseconds) send();
  };
  await priceInBackground(graph, plan, compilation, collect, { cancelled: () => signal.aborted });
  send();
  return { kind: 'priced' };
}

/** Each report makes the page redraw: often enough to look alive. */
const priceReportMilliseconds = 100;

export function readPlan({ uri, text, boards }: PlanText): Reading | ModelNeeded {
  const known = readings.get(uri);
  const fileName = uri.replace(/^.*\//, '');
  const same = known?.text === text && known.boards === boards;
  const parsed = same ? known.resolution.parsed : parsePlan(text, fileName);
  const path = parsed.ast.statements.find(isModelStatement)?.path;
  const modelUri = path === undefined || path.trim() === '' ? undefined : besidePlan(uri, path);
  const model = modelUri === undefined ? undefined : modelAt(modelUri);
  if (modelUri !== undefined && model === undefined) return { kind: 'model-needed', uri: modelUri };
  const graph = model?.ok === true ? model.value : undefined;
  if (same && known.graph === graph && graph !== undefined) return known;
  const resolution = resolveFully(parsed, graph, { boards: boardsFromSettings(JSON.parse(boards)).boards });
  const diagnostics = [...resolution.diagnostics, ...placeDiagnostics(resolution, fileName, model?.diagnostics ?? [])];
  const reading = { text, boards, graph, resolution, modelUri, diagnostics };
  keep(readings, uri, reading);
  return reading;
}

/** @param milliseconds of the search for the least arena; undefined: as the command line */
export function compileReading(
  uri: string,
  { graph, resolution }: Reading,
  milliseconds: number | undefined,
): { readonly compiled?: CompiledPlan; readonly diagnostics: readonly Diagnostic[] } {
  const { plan, parsed } = resolution;
  if (plan === undefined || graph === undefined) return { diagnostics: [] };
  const similar = programs.get(uri);
  const result = compile(graph, plan, {
    ...(similar === undefined ? {} : { similar }),
    ...(milliseconds === undefined ? {} : { arenaMilliseconds: milliseconds }),
  });
  const place = (found: readonly Diagnostic[]) => placeDiagnostics(resolution, parsed.fileName, found);
  if (!result.ok) return { diagnostics: place(result.diagnostics) };
  const compilation = result.value;
  keep(programs, uri, compilation.program);
  const memory = memoryReport(compilation, plan);
  const compiled = { graph, plan, compilation, memory };
  return { compiled, diagnostics: place([...result.diagnostics, ...memory.diagnostics]) };
}

function keep<T>(store: Map<string, T>, key: string, value: T): void {
  store.delete(key);
  store.set(key, value);
  for (const old of [...store.keys()].slice(0, -mostKept)) store.delete(old);
}

function besidePlan(plan: string, path: string): string {
  return UriUtils.resolvePath(UriUtils.dirname(URI.parse(plan)), path.replaceAll('\\', '/')).toString();
}

function pictureDiagnostic({ severity, message, remedy, range }: Diagnostic): PictureDiagnostic {
  return {
    severity: severity === 'information' ? 'info' : severity,
    message,
    remedy,
    line: range?.line ?? 1,
    column: range?.column ?? 1,
  };
}

function selectionOf(position: WeightPosition, first: boolean): WeightSelection {
  if (position === 'none') return { kind: 'none' };
  const denominator = position === 'all' ? 1 : Number(position.slice('1/'.length));
  return { kind: 'fraction', numerator: 1, denominator, first };
}

function positionOf(weights: WeightSelection): WeightPosition {
  if (weights.kind === 'none') return 'none';
  const name = weights.kind === 'fraction' ? `${weights.numerator}/${weights.denominator}` : '';
  return weightPositions.find((each) => each === (name === '1/1' ? 'all' : name)) ?? 'all';
}

function picturePrice(price: Price): PicturePrice {
  const { layer } = price;
  const change: LayerSwitch =
    price.change.kind === 'bias' ? { bias: price.change.bias } : { weights: positionOf(price.change.weights) };
  if (price.possible) return { layer, change, sramBytes: price.sramBytes, arenaBytes: price.arenaBytes };
  const [reason] = price.diagnostics;
  return { layer, change, sramBytes: null, arenaBytes: null, ...(reason && { reason: reason.message }) };
}
