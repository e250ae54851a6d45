/** `data` and its block. */

import type { AudioFeatures, Augmentation, DataSource } from '../compiler/training/plan.ts';
import { type DataSetting, isDataStatement, type PictureChange, type Statement } from './generated/ast.ts';
import type { Report } from './report.ts';
import { resolveSize } from './resolveSettings.ts';
import { rangeOf } from './text.ts';
import { bandsRule, dataSettings, frequencyRule, millisecondsRule, type NumberRule } from './vocabulary.ts';

type Settings = ReadonlyMap<string, DataSetting>;

export function resolveData(report: Report, node: Statement | undefined): DataSource | undefined {
  if (node === undefined || !isDataStatement(node) || node.path === undefined) return undefined;
  const settings = report.unique(node.block?.settings ?? [], (setting) => setting.key);
  const resizeNode = settings.get('resize');
  const fitNode = settings.get('fit');
  const label = settings.get('label')?.column;
  const resize = resizeNode === undefined ? undefined : resolveSize(report, resizeNode);
  const fit = fitNode === undefined ? undefined : wordOf(report, fitNode, ['stretch', 'crop'] as const);
  const augment = resolveAugment(report, settings.get('augment'));
  const normalise = resolveNormalise(report, settings.get('normalise'));
  const features = resolveFeatures(report, settings);
  const windows = resolveWindows(report, settings.get('windows'));
  const split = resolveSplit(report, settings.get('split'));
  return {
    path: node.path,
    ...(resize === undefined ? {} : { resize }),
    ...(fit === undefined ? {} : { fit }),
    ...(augment === undefined ? {} : { augment }),
    ...(normalise === undefined ? {} : { normalise }),
    ...(features === undefined ? {} : { features }),
    ...(windows === undefined ? {} : { windows }),
    ...(split === undefined ? {} : { split }),
    ...(label === undefined ? {} : { label }),
    skipBroken: settings.has('skip-broken'),
  };
}

function resolveAugment(report: Report, node: DataSetting | undefined): Augmentation | undefined {
  if (node === undefined) return undefined;
  const rule = dataSettings.augment?.number;
  const changes = report.unique(node.changes, ({ kind }) => kind);
  const pixels = (kind: PictureChange['kind']): number | undefined => {
    const change = changes.get(kind);
    if (change === undefined || rule === undefined) return undefined;
    return report.number(rangeOf(change, 'pixels'), `\`${kind}\``, change.pixels, rule);
  };
  const [shift, crop] = [pixels('shift'), pixels('crop')];
  return { flip: changes.has('flip'), shift: shift ?? 0, ...(crop === undefined ? {} : { crop }) };
}

function resolveNormalise(report: Report, node: DataSetting | undefined): DataSource['normalise'] {
  if (node?.mean === undefined || node.deviation === undefined) return undefined;
  const rule: NumberRule = { integer: false, min: 0, max: 1e6, aboveMin: true };
  report.number(rangeOf(node, 'deviation'), 'the deviation', node.deviation, rule);
  return { mean: node.mean, deviation: node.deviation };
}

function resolveFeatures(report: Report, settings: Settings): Partial<AudioFeatures> | undefined {
  const [features, frames] = [settings.get('features'), settings.get('frames')];
  if (features === undefined && frames === undefined) return undefined;
  const kind = features === undefined ? undefined : wordOf(report, features, ['mfcc', 'log-mel'] as const);
  const number = (
    node: DataSetting | undefined,
    key: 'bands' | 'low' | 'high' | 'length' | 'hop',
    what: string,
    rule: NumberRule,
  ): number | undefined => (node === undefined ? undefined : report.number(rangeOf(node, key), what, node[key], rule));
  const bands = number(features, 'bands', 'the number of bands', bandsRule);
  const lowest = number(features, 'low', 'the lowest frequency', frequencyRule);
  const highest = number(features, 'high', 'the highest frequency', frequencyRule);
  const frameMs = number(frames, 'length', 'the length of a frame', millisecondsRule);
  const hopMs = number(frames, 'hop', 'the time between frames', millisecondsRule);
  if (features !== undefined && lowest !== undefined && highest !== undefined && lowest >= highest) {
    report.error({
      at: rangeOf(features, 'low'),
      code: 'range-reversed',
      message: `${lowest} to ${highest} Hz is no range`,
      remedy: 'write the lower frequency first',
      fixes: [],
    });
  }
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(bands === undefined ? {} : { bands }),
    ...(lowest === undefined ? {} : { lowest }),
    ...(highest === undefined ? {} : { highest }),
    ...(frameMs === undefined ? {} : { frameMs }),
    ...(hopMs === undefined ? {} : { hopMs }),
  };
}

function resolveWindows(report: Report, node: DataSetting | undefined): DataSource['windows'] {
  const rule = dataSettings.windows?.number;
  if (node?.unit === undefined || rule === undefined) return undefined;
  const { unit } = node;
  const every = report.number(rangeOf(node, 'hop'), '`windows`', node.hop, { ...rule, integer: unit === 'rows' });
  return every === undefined ? undefined : { every, unit };
}

function resolveSplit(report: Report, node: DataSetting | undefined): DataSource['split'] {
  const [numerator, denominator] = (node?.fraction ?? '').split('/').map(Number);
  if (node === undefined || numerator === undefined || denominator === undefined) return undefined;
  if (numerator > 0 && numerator < denominator && denominator <= 1000) return { numerator, denominator };
  const at = rangeOf(node, 'fraction');
  report.error({
    at,
    code: 'number-out-of-range',
    message: `\`split\` is ${numerator}/${denominator}`,
    remedy: 'use a share between 0 and 1, such as 1/5',
    fixes: [report.replacement(at, '1/5')],
  });
  return undefined;
}

function wordOf<T extends string>(report: Report, node: DataSetting, words: readonly T[]): T | undefined {
  const { key, word } = node;
  const known = report.oneOf(rangeOf(node, 'word'), `value of \`${key}\`:`, 'unknown-value', word, words);
  return known ? (word as T) : undefined;
}
