/** Syntax tree and graph to training plan: every check that needs no compile. */

import { type Diagnostic, type Fix, failure, type Result, success, type TextRange } from '../compiler/diagnostics.ts';
import type { Graph } from '../compiler/model/graph.ts';
import { defaultTrainSettings, type TrainingPlan, type TrainSettings } from '../compiler/training/plan.ts';
import type { Board } from './boards.ts';
import { isModelStatement, isNameStatement, type NameStatement, type Plan, type Statement } from './generated/ast.ts';
import type { ParsedPlan } from './parse.ts';
import { Report } from './report.ts';
import { resolveData } from './resolveData.ts';
import { resolveInput, resolveTrain } from './resolveSettings.ts';
import { resolveBudget, resolveTarget } from './resolveTarget.ts';
import { resolveUpdate, type UpdateLineMeaning } from './resolveUpdate.ts';
import { fileStart, lineStarts, rangeAt, rangeOf } from './text.ts';

export interface ResolveOptions {
  /** The user's own boards; they win over the built-in ones of the same name. */
  readonly boards?: Readonly<Record<string, Board>>;
}

/** Where in the text the parts stand that later diagnostics and lenses refer to. */
export interface Places {
  readonly model?: TextRange;
  readonly target?: TextRange;
  readonly budget?: TextRange;
  readonly data?: TextRange;
  readonly input?: TextRange;
  readonly train?: TextRange;
  readonly update?: TextRange;
  /** By the setting's keyword; target, data and train blocks together. */
  readonly settings: ReadonlyMap<string, TextRange>;
}

export interface Resolution {
  readonly parsed: ParsedPlan;
  readonly graph: Graph | undefined;
  /** Present if no error was found. */
  readonly plan?: TrainingPlan;
  /** Syntax errors first. */
  readonly diagnostics: readonly Diagnostic[];
  /** As in the plan, even where the plan has errors. */
  readonly update: TrainingPlan['update'];
  /** As in the plan; the defaults where one of them has an error. */
  readonly train: TrainSettings;
  /** One for each line of `update`, in the order of the text; empty without a graph. */
  readonly lines: readonly UpdateLineMeaning[];
  readonly places: Places;
}

/**
 * The plan that the text means. Without a graph, layers are not looked up and the plan's `update` is empty.
 * Fails if the text has any error; warnings come with the plan.
 */
export function resolvePlan(
  parsed: ParsedPlan,
  graph: Graph | undefined,
  options: ResolveOptions = {},
): Result<TrainingPlan> {
  const { plan, diagnostics } = resolveFully(parsed, graph, options);
  return plan === undefined ? failure(...diagnostics) : success(plan, diagnostics);
}

/** As `resolvePlan`, with the places and the meaning of each update line even where the plan has errors. */
export function resolveFully(parsed: ParsedPlan, graph: Graph | undefined, options: ResolveOptions = {}): Resolution {
  const report = new Report(parsed);
  const statements = report.unique(parsed.ast.statements, keywordOf);
  const model = statements.get('model');
  const name = statements.get('name');
  const modelPath =
    model !== undefined && isModelStatement(model) ? resolveModel(report, model.path, model) : undefined;
  if (model === undefined && !report.syntaxBroken) missing(report, 'model', 'model "model.tflite"\n');
  const target = resolveTarget(report, statements.get('target'), options.boards ?? {});
  if (!statements.has('target') && !report.syntaxBroken) missing(report, 'target', 'target stm32f746\n');
  const budgetBytes = resolveBudget(report, statements.get('budget'), target);
  const data = resolveData(report, statements.get('data'));
  const input = resolveInput(report, statements.get('input'));
  const train = resolveTrain(report, statements.get('train'));
  const { update, lines } = resolveUpdate(report, statements.get('update'), graph);
  const unharmed = parsed.diagnostics.length + report.diagnostics.length === 0;
  if (unharmed && graph !== undefined && update.size === 0 && train?.classes === undefined) {
    report.warning({
      at: placeOf(statements, 'update') ?? fileStart,
      code: 'nothing-trains',
      message: 'no layer trains',
      remedy: 'name layers in `update { }`, or set `classes` in `train { }`',
      fixes: [addClasses(report, statements.get('train'))],
    });
  }
  const symbol = resolveName(report, name !== undefined && isNameStatement(name) ? name : undefined, parsed.fileName);
  const diagnostics = [...parsed.diagnostics, ...report.diagnostics];
  const faulty = diagnostics.some((diagnostic) => diagnostic.severity === 'error');
  const complete =
    !faulty && modelPath !== undefined && target !== undefined && budgetBytes !== undefined && train !== undefined;
  return {
    parsed,
    graph,
    ...(complete
      ? {
          plan: {
            name: symbol,
            model: modelPath,
            target,
            budgetBytes,
            ...(data === undefined ? {} : { data }),
            ...(input === undefined ? {} : { input }),
            train,
            update,
          },
        }
      : {}),
    diagnostics,
    update,
    train: train ?? defaultTrainSettings,
    lines,
    places: placesOf(parsed.ast),
  };
}

const keywords: Readonly<Record<Statement['$type'], string>> = {
  ModelStatement: 'model',
  NameStatement: 'name',
  TargetStatement: 'target',
  BudgetStatement: 'budget',
  InputStatement: 'input',
  DataStatement: 'data',
  TrainStatement: 'train',
  UpdateStatement: 'update',
};

export function keywordOf(statement: Statement): string {
  return keywords[statement.$type];
}

function missing(report: Report, what: string, text: string): void {
  report.error({
    at: fileStart,
    code: `missing-${what}`,
    message: `the plan names no ${what}`,
    remedy: `add \`${text.trim()}\``,
    fixes: [{ title: `Add a ${what}`, edits: [{ range: fileStart, text }] }],
  });
}

function addClasses(report: Report, train: Statement | undefined): Fix {
  const title = 'Add `classes 10`';
  const brace = train === undefined ? -1 : (train.$cstNode?.text.indexOf('{') ?? -1);
  if (train?.$cstNode === undefined || brace < 0) {
    const starts = lineStarts(report.text);
    const end = rangeAt(starts, report.text.length, report.text.length);
    const gap = /[^\n]$/.test(report.text) ? '\n' : '';
    return { title, edits: [{ range: end, text: `${gap}train {\n  classes 10\n}\n` }] };
  }
  const place = train.$cstNode.offset + brace + 1;
  return { title, edits: [{ range: rangeAt(lineStarts(report.text), place, place), text: '\n  classes 10' }] };
}

function resolveModel(report: Report, path: string | undefined, node: Statement): string | undefined {
  if (path === undefined) return undefined;
  if (path.trim() !== '') return path;
  report.error({
    at: rangeOf(node),
    code: 'missing-model',
    message: 'the path of the model is empty',
    remedy: 'give the path of a .tflite file, relative to this plan',
  });
  return undefined;
}

function resolveName(report: Report, node: NameStatement | undefined, fileName: string): string {
  const fallback = nameOfFile(fileName);
  if (node?.name === undefined) return fallback;
  if (/^[A-Za-z_]\w*$/.test(node.name)) return node.name;
  const at = rangeOf(node, 'name');
  report.error({
    at,
    code: 'invalid-name',
    message: `\`${node.name}\` cannot begin the names of C functions`,
    remedy: 'use letters, digits and underscores',
    fixes: [report.replacement(at, toSymbol(node.name))],
  });
  return fallback;
}

/** A plan without `name` is called as its file is. */
export function nameOfFile(fileName: string): string {
  const base = fileName.replace(/^.*[\\/]/, '').replace(/\.trainplan$/, '');
  return toSymbol(base === '' ? 'plan' : base);
}

function toSymbol(name: string): string {
  const symbol = name.replace(/\W/g, '_');
  return /^\d/.test(symbol) ? `plan_${symbol}` : symbol;
}

function placeOf(statements: ReadonlyMap<string, Statement>, keyword: string): TextRange | undefined {
  const node = statements.get(keyword);
  return node === undefined ? undefined : rangeOf(node);
}

function placesOf(plan: Plan): Places {
  const places: Record<string, TextRange> = {};
  const settings = new Map<string, TextRange>();
  for (const statement of plan.statements) {
    places[keywordOf(statement)] ??= rangeOf(statement);
    const block = 'block' in statement ? statement.block : statement;
    if (block === undefined || !('settings' in block)) continue;
    for (const setting of block.settings) {
      if (setting.key !== undefined && !settings.has(setting.key)) settings.set(setting.key, rangeOf(setting));
    }
  }
  return { ...places, settings };
}
