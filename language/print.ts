/** Plans as text, in the one canonical form: a statement or setting per line, two spaces of indentation. */

import {
  type DataSource,
  defaultTrainSettings,
  type LayerUpdate,
  type TrainingPlan,
  type TrainSettings,
  type WeightSelection,
} from '../compiler/training/plan.ts';
import type {
  Bytes,
  Change,
  DataSetting,
  LayerName,
  Plan,
  Statement,
  TargetSetting,
  TrainSetting,
  UpdateLine,
} from './generated/ast.ts';
import type { ParsedPlan } from './parse.ts';
import { quote } from './text.ts';

/**
 * Text that parses to the same tree (comments aside), or that resolves to the same plan. A parsed plan with syntax
 * errors is given back as it was written.
 */
export function printPlan(plan: ParsedPlan | TrainingPlan): string {
  if (!('ast' in plan)) return printMeaning(plan);
  return plan.diagnostics.length > 0 ? plan.text : printTree(plan.ast);
}

function block(head: string, lines: readonly string[]): string {
  return lines.length === 0 ? `${head} {\n}` : `${head} {\n${lines.map((line) => `  ${line}\n`).join('')}}`;
}

function printTree(plan: Plan): string {
  return plan.statements.map((statement) => `${printStatement(statement)}\n`).join('');
}

function printStatement(node: Statement): string {
  switch (node.$type) {
    case 'ModelStatement':
      return `model ${quote(node.path)}`;
    case 'NameStatement':
      return `name ${node.name}`;
    case 'BudgetStatement':
      return `budget ${printSize(node.size)}`;
    case 'InputStatement':
      return `input ${compact(node.size)}`;
    case 'TargetStatement': {
      const head = node.board === undefined ? 'target' : `target ${node.board}`;
      return node.block === undefined ? head : block(head, node.block.settings.map(printTargetSetting));
    }
    case 'DataStatement': {
      const head = `data ${quote(node.path)}`;
      return node.block === undefined ? head : block(head, node.block.settings.map(printDataSetting));
    }
    case 'TrainStatement':
      return block('train', node.settings.map(printTrainSetting));
    case 'UpdateStatement':
      return block('update', node.lines.map(printUpdateLine));
  }
}

function words(...parts: readonly (string | number | undefined | false)[]): string {
  return parts.filter((part) => part !== undefined && part !== false).join(' ');
}

/** `96 x 96` and `1 / 4` without their spaces. */
function compact(text: string | undefined): string | undefined {
  return text?.replace(/[ \t]/g, '');
}

function printSize(size: Bytes): string {
  return words(size.number, size.unit);
}

function printTargetSetting(node: TargetSetting): string {
  return words(node.key, node.core, node.size && printSize(node.size));
}

function printDataSetting(node: DataSetting): string {
  return words(
    ...[node.key, compact(node.size)],
    ...node.changes.map(({ kind, pixels }) => words(kind, pixels)),
    ...[node.mean, node.deviation, node.word, compact(node.fraction)],
    ...[
      node.bands !== undefined && `${node.bands} bands`,
      node.high !== undefined && `from ${node.low} to ${node.high} Hz`,
    ],
    node.key === 'frames' && `${node.length} ms every ${node.hop} ms`,
    node.key === 'windows' && `every ${node.hop} ${node.unit}`,
    node.column !== undefined && printColumn(node.column),
  );
}

function printColumn(column: string): string {
  return /^[A-Za-z_]\w*$/.test(column) ? column : quote(column);
}

function printTrainSetting(node: TrainSetting): string {
  return words(
    node.key,
    node.word,
    node.key === 'optimizer' && node.number !== undefined && 'momentum',
    node.number,
    node.unit,
  );
}

export function printUpdateLine(node: UpdateLine): string {
  const from = printLayerName(node.from);
  const layers = node.to === undefined ? from : `${from} .. ${printLayerName(node.to)}`;
  return `${layers}: ${node.changes.map(printChange).join(', ')}`;
}

function printLayerName(node: LayerName): string {
  return node.word ?? quote(node.quoted ?? '');
}

export function printChange(node: Change): string {
  return words(
    node.kind,
    node.none && 'none',
    node.all && 'all',
    node.first && 'first',
    compact(node.fraction),
    node.count,
    node.unit,
  );
}

const bareName = /^[A-Za-z_*?][\w*?-]*(\.[\w*?-]+)*$/;

/** As a plan calls it: bare where the grammar allows, else in quotes. */
export function layerReference(name: string): string {
  return bareName.test(name) ? name : quote(name);
}

export function printWeights(weights: WeightSelection): string {
  switch (weights.kind) {
    case 'none':
      return 'weights none';
    case 'channels':
      return words('weights', weights.first && 'first', weights.count, 'channels');
    case 'fraction':
      return weights.numerator === weights.denominator
        ? 'weights all'
        : words('weights', weights.first && 'first', `${weights.numerator}/${weights.denominator}`);
  }
}

function printUpdate([name, update]: readonly [string, LayerUpdate]): string {
  const changes = [
    ...(update.bias ? ['bias'] : []),
    ...(update.weights.kind === 'none' ? [] : [printWeights(update.weights)]),
  ];
  return `${layerReference(name)}: ${changes.join(', ')}`;
}

/** In the largest unit that keeps the number whole. */
export function printBytes(bytes: number): string {
  if (bytes % (1024 * 1024) === 0) return `${bytes / (1024 * 1024)} MB`;
  return bytes % 1024 === 0 ? `${bytes / 1024} KB` : `${bytes} B`;
}

function printMeaning(plan: TrainingPlan): string {
  const { target, data } = plan;
  const memory = [`sram ${printBytes(target.sramBytes)}`, `flash ${printBytes(target.flashBytes)}`];
  const settings = [`core ${target.core}`, ...memory];
  const dataLines = data === undefined ? [] : printData(data);
  const dataHead = data === undefined ? '' : `data ${quote(data.path)}`;
  const statements = [
    `model ${quote(plan.model)}`,
    `name ${plan.name}`,
    block(target.board === undefined ? 'target' : `target ${target.board}`, settings),
    `budget ${printBytes(plan.budgetBytes)}`,
    ...(plan.input === undefined ? [] : [`input ${plan.input.width}x${plan.input.height}`]),
    ...(data === undefined ? [] : [dataLines.length === 0 ? dataHead : block(dataHead, dataLines)]),
    block('train', printTrain(plan.train)),
    block('update', [...plan.update].map(printUpdate)),
  ];
  return statements.map((statement) => `${statement}\n`).join('');
}

function printData({
  resize,
  fit,
  augment,
  normalise,
  features = {},
  windows,
  split,
  label,
  skipBroken,
}: DataSource): string[] {
  const { kind, bands, lowest, highest, frameMs, hopMs } = features;
  const lines: (string | false)[] = [
    resize !== undefined && `resize ${resize.width}x${resize.height}`,
    fit !== undefined && `fit ${fit}`,
    augment !== undefined &&
      words(
        ...['augment', augment.flip && 'flip', 'shift', augment.shift],
        augment.crop !== undefined && `crop ${augment.crop}`,
      ),
    normalise !== undefined && words('normalise', normalise.mean, normalise.deviation),
    kind !== undefined &&
      words(
        ...['features', kind, bands !== undefined && `${bands} bands`],
        lowest !== undefined && highest !== undefined && `from ${lowest} to ${highest} Hz`,
      ),
    frameMs !== undefined && hopMs !== undefined && `frames ${frameMs} ms every ${hopMs} ms`,
    windows !== undefined && `windows every ${windows.every} ${windows.unit}`,
    split !== undefined && `split ${split.numerator}/${split.denominator}`,
    label !== undefined && `label ${printColumn(label)}`,
    skipBroken && 'skip-broken',
  ];
  return lines.filter((line) => line !== false);
}

/** The learning rate, and what differs from the defaults. */
function printTrain(train: TrainSettings): string[] {
  const base = defaultTrainSettings;
  const { optimizer, schedule } = train;
  const lines: (string | false)[] = [
    train.classes !== undefined && `classes ${train.classes}`,
    train.head !== base.head && `head ${train.head}`,
    train.loss !== base.loss && `loss ${train.loss}`,
    optimizer.kind === 'adam' && 'optimizer adam',
    optimizer.kind === 'sgd' && optimizer.momentum !== 0 && `optimizer sgd momentum ${optimizer.momentum}`,
    `learning-rate ${train.learningRate}`,
    schedule.kind === 'cosine' && `schedule cosine ${schedule.steps} steps`,
    train.warmUpSteps !== base.warmUpSteps && `warm-up ${train.warmUpSteps} steps`,
    train.batch !== base.batch && `batch ${train.batch}`,
    train.epochs !== base.epochs && `epochs ${train.epochs}`,
    train.seed !== base.seed && `seed ${train.seed}`,
    train.scaling !== base.scaling && `scaling ${train.scaling ? 'on' : 'off'}`,
    train.weights !== base.weights && `weights ${train.weights}`,
    train.gradients !== base.gradients && `gradients ${train.gradients}`,
    train.stream !== base.stream && `stream ${train.stream ? 'on' : 'off'}`,
  ];
  return lines.filter((line) => line !== false);
}
