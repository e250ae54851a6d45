/** What the `update` block says of each layer. */

import type { TextRange } from '../compiler/diagnostics.ts';
import type { Graph, Layer } from '../compiler/model/graph.ts';
import { frozen, type LayerUpdate, type WeightSelection } from '../compiler/training/plan.ts';
import { type Change, isUpdateStatement, type LayerName, type Statement, type UpdateLine } from './generated/ast.ts';
import { isPattern, type LayerIndex, layerIndex, layersNamed, type TrainableLayer } from './layers.ts';
import type { Report } from './report.ts';
import { endOf, nearest, quote, rangeOf } from './text.ts';

/** One line of `update` and what it does. */
export interface UpdateLineMeaning {
  readonly range: TextRange;
  /** Layers with weights that the line names, in execution order, and what the line alone says of each. */
  readonly layers: readonly { readonly layer: string; readonly change: LayerChange }[];
  /** Later lines replace all that it says. */
  readonly dead: boolean;
}

/** Absent: the line leaves it as it was. */
export interface LayerChange {
  readonly bias?: boolean;
  readonly weights?: WeightSelection;
}

interface LayerSelection {
  readonly layers: readonly TrainableLayer[];
  /** One layer, named as such. */
  readonly single: boolean;
}

/** The net effect per layer (layers that train nothing are left out), in execution order. */
export function resolveUpdate(
  report: Report,
  node: Statement | undefined,
  graph: Graph | undefined,
): { update: ReadonlyMap<string, LayerUpdate>; lines: readonly UpdateLineMeaning[] } {
  if (node === undefined || !isUpdateStatement(node)) return { update: new Map(), lines: [] };
  const index = graph === undefined ? undefined : layerIndex(graph);
  const meanings = node.lines.map((line) => readLine(report, line, index));
  if (index === undefined) return { update: new Map(), lines: [] };
  const net = new Map<string, LayerUpdate>();
  for (const { layers } of meanings) {
    for (const { layer, change } of layers) net.set(layer, { ...(net.get(layer) ?? frozen), ...change });
  }
  const dead = deadLines(meanings);
  const lines = meanings.map((meaning, position) => ({ ...meaning, dead: dead.has(position) }));
  for (const { range, dead } of lines) {
    if (dead) reportDead(report, range);
  }
  const update = new Map<string, LayerUpdate>();
  for (const { name } of index.graph.layers) {
    const layerUpdate = net.get(name);
    if (layerUpdate?.bias || (layerUpdate !== undefined && layerUpdate.weights.kind !== 'none')) {
      update.set(name, layerUpdate);
    }
  }
  return { update, lines };
}

type Meaning = Omit<UpdateLineMeaning, 'dead'>;

/** Positions of the lines of which every effect is replaced further down. */
function deadLines(meanings: readonly Meaning[]): Set<number> {
  const dead = new Set<number>();
  const replaced = new Set<string>();
  for (let position = meanings.length - 1; position >= 0; position--) {
    const effects = (meanings[position]?.layers ?? []).flatMap(({ layer, change }) =>
      Object.keys(change).map((facet) => `${facet} ${layer}`),
    );
    if (effects.length > 0 && effects.every((effect) => replaced.has(effect))) dead.add(position);
    for (const effect of effects) replaced.add(effect);
  }
  return dead;
}

function reportDead(report: Report, at: TextRange): void {
  report.warning({
    at,
    code: 'dead-line',
    message: 'later lines replace all that this one says',
    remedy: 'remove it',
    fixes: [report.removal('Remove the line', at)],
  });
}

function readLine(report: Report, line: UpdateLine, index: LayerIndex | undefined): Meaning {
  const range = rangeOf(line);
  const changes = checkChanges(report, line);
  if (index === undefined || line.from === undefined) return { range, layers: [] };
  const selection = line.to === undefined ? selectNamed(report, line.from, index) : selectRange(report, line, index);
  const layers = (selection?.layers ?? []).flatMap((trainable) => {
    const change = changeFor(report, range, changes, trainable, selection?.single ?? false);
    return Object.keys(change).length === 0 ? [] : [{ layer: trainable.layer.name, change }];
  });
  return { range, layers };
}

/** The line's changes without those that contradict an earlier one of the same line. */
function checkChanges(report: Report, line: UpdateLine): readonly Change[] {
  const complete = line.changes.filter((change) => change.kind !== undefined);
  if (complete.some((change) => change.kind === 'none') && complete.length > 1) {
    const at = rangeOf(line);
    report.error({
      at,
      code: 'duplicate-setting',
      message: '`none` stands beside other changes',
      remedy: '`none` takes bias and weights away: let it stand alone, or remove it',
    });
  }
  // Each change goes with the comma before it; the first of a line is never the one to go.
  const first = report.unique(
    complete,
    (change) => change.kind,
    (change) => {
      const { endLine, endColumn } = rangeOf(change);
      const before = endOf(rangeOf(line.changes[(change.$containerIndex ?? 1) - 1] ?? change));
      return { ...before, endLine, endColumn };
    },
  );
  for (const change of first.values()) {
    if (change.kind === 'weights') checkWeights(report, change);
  }
  return [...first.values()];
}

function checkWeights(report: Report, change: Change): void {
  if (change.fraction !== undefined && fractionOf(change.fraction) === undefined) {
    const at = rangeOf(change, 'fraction');
    report.error({
      at,
      code: 'number-out-of-range',
      message: `\`${change.fraction}\` is not a fraction that can train`,
      remedy: 'use 1/8, 1/4, 1/2, all, or a number of channels',
      fixes: [...fractions, 'all'].map((fraction) => report.replacement(at, fraction)),
    });
  }
  if (change.count === undefined) return;
  const at = rangeOf(change, 'count');
  if (change.unit === undefined) report.unitMissing(at, '`weights`', ['channels']);
  report.number(at, '`weights`', change.count, { integer: true, min: 1, max: 2 ** 24 });
}

const fractions: readonly string[] = ['1/8', '1/4', '1/2'];

function fractionOf(text: string): { numerator: number; denominator: number } | undefined {
  const bare = text.replace(/[ \t]/g, '');
  if (!fractions.includes(bare)) return undefined;
  return { numerator: 1, denominator: Number(bare.slice(2)) };
}

/** Undefined where the weights have an error of their own. */
function selectionOf(change: Change): WeightSelection | undefined {
  if (change.none) return { kind: 'none' };
  if (change.all) return { kind: 'fraction', numerator: 1, denominator: 1, first: false };
  if (change.fraction !== undefined) {
    const fraction = fractionOf(change.fraction);
    return fraction === undefined ? undefined : { kind: 'fraction', ...fraction, first: change.first };
  }
  if (change.count === undefined) return undefined;
  return { kind: 'channels', count: change.count, first: change.first };
}

function changeFor(
  report: Report,
  at: TextRange,
  changes: readonly Change[],
  trainable: TrainableLayer,
  single: boolean,
): LayerChange {
  let result: LayerChange = {};
  for (const change of changes) {
    if (change.kind === 'none') result = { ...result, ...frozen };
    if (change.kind === 'bias') {
      const hasBias = trainable.bias !== undefined;
      if (hasBias || change.none) result = { ...result, bias: !change.none };
      else if (single) reportNoBias(report, at, trainable);
    }
    if (change.kind === 'weights') {
      const weights = selectionOf(change);
      if (weights === undefined) continue;
      result = { ...result, weights };
      checkChannels(report, rangeOf(change), weights, trainable);
    }
  }
  return result;
}

function reportNoBias(report: Report, at: TextRange, { layer }: TrainableLayer): void {
  report.error({
    at,
    code: 'layer-without-bias',
    message: `layer \`${layer.name}\` has no bias`,
    remedy: 'train its weights, or remove the line',
    layer: layer.name,
    fixes: [report.removal('Remove the line', at)],
  });
}

function checkChannels(report: Report, at: TextRange, weights: WeightSelection, trainable: TrainableLayer): void {
  const { channels, layer } = trainable;
  const own = `layer \`${layer.name}\` has ${channels} channel${channels === 1 ? '' : 's'}`;
  if (weights.kind === 'channels' && weights.count > channels) {
    report.error({
      at,
      code: 'channels-out-of-range',
      message: `${own}, not ${weights.count}`,
      remedy: `use at most ${channels} channels, or all`,
      layer: layer.name,
      fixes: [{ title: 'Change to `weights all`', edits: [{ range: at, text: 'weights all' }] }],
    });
  }
  if (weights.kind !== 'fraction') return;
  const trained = Math.floor((channels * weights.numerator) / weights.denominator);
  if (trained > 0) return;
  report.error({
    at,
    code: 'channels-out-of-range',
    message: `${own}: ${weights.numerator}/${weights.denominator} of them is none`,
    remedy: 'use a larger fraction, or all',
    layer: layer.name,
    fixes: [{ title: 'Change to `weights all`', edits: [{ range: at, text: 'weights all' }] }],
  });
}

function nameIn(node: LayerName): { name: string; quoted: boolean } | undefined {
  const name = node.word ?? node.quoted;
  return name === undefined ? undefined : { name, quoted: node.quoted !== undefined };
}

function selectNamed(report: Report, node: LayerName, index: LayerIndex): LayerSelection | undefined {
  const written = nameIn(node);
  if (written === undefined) return undefined;
  if (!isPattern(written.name)) {
    const layer = lookUp(report, node, index);
    if (layer === undefined) return undefined;
    const trainable = index.trainable.get(layer);
    if (trainable === undefined) reportWeightless(report, node, layer);
    return trainable === undefined ? undefined : { layers: [trainable], single: true };
  }
  const named = layersNamed(index, written.name, written.quoted);
  const layers = withWeights(index, named);
  if (layers.length === 0) {
    reportEmpty(report, rangeOf(node), named.length === 0 ? 'no layer matches' : 'no layer with weights matches');
  }
  return { layers, single: false };
}

function selectRange(report: Report, line: UpdateLine, index: LayerIndex): LayerSelection | undefined {
  const ends = [line.from, line.to].map((node) => {
    const written = node === undefined ? undefined : nameIn(node);
    if (node === undefined || written === undefined) return undefined;
    if (!isPattern(written.name)) return lookUp(report, node, index);
    report.error({
      at: rangeOf(node),
      code: 'pattern-in-range',
      message: `\`${written.name}\` is a pattern: a range goes from one layer to another`,
      remedy: 'name one layer at each end',
    });
    return undefined;
  });
  const [from, to] = ends;
  if (from === undefined || to === undefined) return undefined;
  if (from.index > to.index) {
    reportReversed(report, line, from, to);
    return undefined;
  }
  const layers = withWeights(index, index.graph.layers.slice(from.index, to.index + 1));
  if (layers.length === 0) reportEmpty(report, selectorRange(line), 'no layer with weights lies in the range');
  return { layers, single: false };
}

/** From the first layer's name to the last one's. */
function selectorRange(line: UpdateLine): TextRange {
  const { endLine, endColumn } = rangeOf(line, line.to === undefined ? 'from' : 'to');
  return { ...rangeOf(line, 'from'), endLine, endColumn };
}

function withWeights(index: LayerIndex, layers: readonly Layer[]): TrainableLayer[] {
  return layers.flatMap((layer) => index.trainable.get(layer) ?? []);
}

/** The one layer of that name; reports when there is none, or more than one. */
function lookUp(report: Report, node: LayerName, index: LayerIndex): Layer | undefined {
  const written = nameIn(node);
  if (written === undefined) return undefined;
  const { name, quoted } = written;
  const found = layersNamed(index, name, quoted);
  if (found.length === 1) return found[0];
  const at = rangeOf(node);
  if (found.length > 1) {
    report.error({
      at,
      code: 'ambiguous-layer',
      message: `${found.length} layers are called \`${name}\``,
      remedy: `use one of their short names: ${found.map((layer) => layer.name).join(', ')}`,
      fixes: found.map((layer) => report.replacement(at, layer.name)),
    });
    return undefined;
  }
  const meant = nearest(name, index.byName.keys()) ?? (quoted ? nearest(name, index.byFullName.keys()) : undefined);
  report.error({
    at,
    code: 'unknown-layer',
    message: `the model has no layer \`${name}\``,
    remedy: meant === undefined ? '`firmtune inspect` lists the layers' : `did you mean \`${meant}\`?`,
    layer: name,
    ...(meant === undefined ? {} : { fixes: [report.replacement(at, index.byName.has(meant) ? meant : quote(meant))] }),
  });
  return undefined;
}

function reportWeightless(report: Report, node: LayerName, layer: Layer): void {
  report.error({
    at: rangeOf(node),
    code: 'layer-without-weights',
    message: `layer \`${layer.name}\` (${layer.operator}) has no weights to train`,
    remedy: 'name a convolution or fully connected layer, or remove the line',
    layer: layer.name,
    ...(node.$container === undefined ? {} : { fixes: [report.removal('Remove the line', rangeOf(node.$container))] }),
  });
}

function reportEmpty(report: Report, at: TextRange, message: string): void {
  report.error({ at, code: 'no-layer-matched', message, remedy: '`firmtune inspect` lists the layers' });
}

function reportReversed(report: Report, line: UpdateLine, from: Layer, to: Layer): void {
  report.error({
    at: selectorRange(line),
    code: 'range-reversed',
    message: `\`${to.name}\` comes before \`${from.name}\` in execution order`,
    remedy: `write ${to.name} .. ${from.name}`,
    fixes: [
      {
        title: 'Swap the ends',
        edits: [
          { range: rangeOf(line, 'from'), text: line.to?.$cstNode?.text ?? to.name },
          { range: rangeOf(line, 'to'), text: line.from.$cstNode?.text ?? from.name },
        ],
      },
    ],
  });
}
