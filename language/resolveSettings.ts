/** `input` and `train`. */

import {
  defaultTrainSettings,
  type Optimizer,
  type TrainingPlan,
  type TrainSettings,
} from '../compiler/training/plan.ts';
import {
  type DataSetting,
  isInputStatement,
  isTrainStatement,
  type Statement,
  type TrainSetting,
} from './generated/ast.ts';
import type { Report } from './report.ts';
import { rangeOf } from './text.ts';
import { momentumRule, type NumberRule, trainSettings } from './vocabulary.ts';

type Size = NonNullable<TrainingPlan['input']>;

const sideRule: NumberRule = { integer: true, min: 1, max: 4096 };

/** Adam's constants as its authors recommend them. */
const adam: Optimizer = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

export function resolveInput(report: Report, node: Statement | undefined): Size | undefined {
  return node !== undefined && isInputStatement(node) ? resolveSize(report, node) : undefined;
}

/** `96x96` is width x height. */
export function resolveSize(
  report: Report,
  node: Extract<Statement, { size: string }> | DataSetting,
): Size | undefined {
  const [width, height] = (node.size ?? '').split('x').map(Number);
  if (width === undefined || height === undefined) return undefined;
  const at = rangeOf(node, 'size');
  const sides = [
    report.number(at, 'the width', width, sideRule, false),
    report.number(at, 'the height', height, sideRule, false),
  ];
  return sides.includes(undefined) ? undefined : { width, height };
}

/** Undefined if a setting has an error. */
export function resolveTrain(report: Report, node: Statement | undefined): TrainSettings | undefined {
  if (node === undefined || !isTrainStatement(node)) return defaultTrainSettings;
  const settings = report.unique(node.settings, (setting) => setting.key);
  const errorsBefore = report.diagnostics.length;
  const number = (key: string): number | undefined => numberOf(report, settings.get(key), trainSettings[key]?.number);
  const classes = number('classes');
  const word = <T extends string>(key: string, fallback: T, words: readonly T[]): T =>
    wordOf(report, settings.get(key), words) ?? fallback;
  const base = defaultTrainSettings;
  const onOff = (key: string, fallback: boolean): boolean =>
    word(key, fallback ? 'on' : 'off', ['on', 'off'] as const) === 'on';
  const train: TrainSettings = {
    ...(classes === undefined ? {} : { classes }),
    head: word('head', base.head, ['float32', 'int8']),
    loss: word('loss', base.loss, ['cross-entropy', 'mean-squared-error']),
    optimizer: resolveOptimizer(report, settings.get('optimizer')),
    learningRate: number('learning-rate') ?? base.learningRate,
    schedule: resolveSchedule(report, settings.get('schedule')),
    warmUpSteps: number('warm-up') ?? base.warmUpSteps,
    batch: number('batch') ?? base.batch,
    epochs: number('epochs') ?? base.epochs,
    seed: number('seed') ?? base.seed,
    scaling: onOff('scaling', base.scaling),
    weights: word('weights', base.weights, ['int8', 'int8-stochastic', 'int16']),
    gradients: word('gradients', base.gradients, ['float32', 'int16']),
    stream: onOff('stream', base.stream),
  };
  return report.diagnostics.length === errorsBefore ? train : undefined;
}

function numberOf(report: Report, setting: TrainSetting | undefined, rule: NumberRule | undefined): number | undefined {
  if (setting?.number === undefined || rule === undefined) return undefined;
  const at = rangeOf(setting, 'number');
  if (rule.unit !== undefined && setting.unit === undefined) {
    report.unitMissing(at, `\`${setting.key}\``, [rule.unit]);
  }
  return report.number(at, `\`${setting.key}\``, setting.number, rule);
}

function wordOf<T extends string>(
  report: Report,
  setting: TrainSetting | undefined,
  words: readonly T[],
): T | undefined {
  if (setting?.word === undefined) return undefined;
  const at = rangeOf(setting, 'word');
  const { word } = setting;
  return report.oneOf(at, `value of \`${setting.key}\`:`, 'unknown-value', word, words) ? (word as T) : undefined;
}

function resolveOptimizer(report: Report, setting: TrainSetting | undefined): Optimizer {
  const kind = wordOf(report, setting, ['sgd', 'adam'] as const) ?? 'sgd';
  if (setting?.number === undefined) return kind === 'adam' ? adam : { kind: 'sgd', momentum: 0 };
  const at = rangeOf(setting, 'number');
  if (kind === 'adam') {
    report.error({
      at,
      code: 'unexpected-value',
      message: '`adam` takes no momentum',
      remedy: 'leave it out: Adam averages on its own',
      fixes: [{ title: 'Change to `optimizer adam`', edits: [{ range: rangeOf(setting), text: 'optimizer adam' }] }],
    });
    return adam;
  }
  return { kind: 'sgd', momentum: report.number(at, '`momentum`', setting.number, momentumRule) ?? 0 };
}

function resolveSchedule(report: Report, setting: TrainSetting | undefined): TrainSettings['schedule'] {
  const constant = { kind: 'constant' } as const;
  const kind = wordOf(report, setting, ['constant', 'cosine'] as const) ?? 'constant';
  if (setting === undefined) return constant;
  if (kind === 'cosine' && setting.number === undefined) {
    report.error({
      at: rangeOf(setting),
      code: 'value-missing',
      message: '`cosine` needs the number of steps over which the rate falls to zero',
      remedy: 'write for example `schedule cosine 5000 steps`',
      fixes: [report.insertion('Add `5000 steps`', rangeOf(setting), ' 5000 steps')],
    });
  }
  if (kind === 'constant' && setting.number !== undefined) {
    report.error({
      at: rangeOf(setting),
      code: 'unexpected-value',
      message: '`constant` takes no steps',
      remedy: 'leave them out, or use `cosine`',
      fixes: [
        { title: 'Change to `schedule constant`', edits: [{ range: rangeOf(setting), text: 'schedule constant' }] },
      ],
    });
  }
  const steps = numberOf(report, setting, trainSettings.schedule?.number);
  return kind === 'cosine' && steps !== undefined ? { kind, steps } : constant;
}
