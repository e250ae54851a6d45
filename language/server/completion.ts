/** What may come next: keywords, values, boards, layers with their shapes, fractions with their bytes, files. */

import type { Cancellation, FileSystemProvider, LangiumDocument } from 'langium';
import type { CompletionProvider } from 'langium/lsp';
import type { CompletionItem, CompletionList, CompletionParams, Range } from 'vscode-languageserver-protocol';
import { frozen, type WeightSelection } from '../../compiler/training/plan.ts';
import { boards, cores } from '../boards.ts';
import { layerIndex } from '../layers.ts';
import { layerReference, printWeights } from '../print.ts';
import { dataSettings, type SettingRule, statements, targetSettings, trainSettings } from '../vocabulary.ts';
import type { Analyser, Analysis } from './analysis.ts';
import { type CursorContext, contextAt } from './context.ts';
import {
  bytesText,
  channelsOf,
  describeLayers,
  isNewHead,
  macsText,
  shapeText,
  trainableNamed,
  trainedBytes,
} from './facts.ts';
import { pathItems } from './paths.ts';

/** The protocol's numbers of the kinds that we use. */
const kinds = {
  property: 10,
  value: 12,
  snippet: 15,
  file: 17,
  folder: 19,
  enumMember: 20,
  constant: 21,
  variable: 6,
} as const;

type Item = Omit<CompletionItem, 'label'> & { readonly label: string };

const snippetFormat = 2;

export class PlanCompletions implements CompletionProvider {
  readonly completionOptions = { triggerCharacters: ['.', ':', '"', '/', ' ', ','] };

  constructor(
    private readonly analyser: Analyser,
    private readonly files: FileSystemProvider,
  ) {}

  async getCompletion(
    document: LangiumDocument,
    params: CompletionParams,
    cancelToken?: Cancellation.CancellationToken,
  ): Promise<CompletionList | undefined> {
    const text = document.textDocument.getText();
    const context = contextAt(text, document.textDocument.offsetAt(params.position));
    if (context === undefined) return undefined;
    const analysis = await this.analyser.analyse(document);
    if (cancelToken?.isCancellationRequested) return undefined;
    const range = {
      start: { ...params.position, character: params.position.character - context.prefix.length },
      end: params.position,
    };
    const items = await this.itemsFor(context, analysis, document);
    return { isIncomplete: false, items: items.map((item, index) => finished(item, index, range)) };
  }

  private async itemsFor(context: CursorContext, analysis: Analysis, document: LangiumDocument): Promise<Item[]> {
    const first = context.words[0];
    if (context.quoted !== undefined) {
      if (context.block === 'update') return quotedLayers(analysis);
      const wanted = first === 'data' ? 'data' : 'model';
      return pathItems(this.files, document.uri, context.quoted, wanted);
    }
    switch (context.block) {
      case 'plan':
        return this.topItems(context.words, analysis);
      case 'target':
        return targetItems(context.words, analysis);
      case 'data':
        return dataItems(context.words, analysis);
      case 'train':
        return trainItems(context.words, analysis);
      case 'update':
        return updateItems(context.words, analysis);
    }
  }

  private topItems(words: readonly string[], analysis: Analysis): Item[] {
    const [first, second] = words;
    if (first === undefined) return statementItems(analysis);
    if (first === 'target' && second === undefined) return boardItems(this.analyser);
    if (first === 'budget' && isNumber(words.at(-1))) return unitItems(['KB', 'MB', 'B']);
    return [];
  }
}

/** Keeps our order, and replaces the word under the cursor whatever the editor thinks a word is. */
function finished(item: Item, index: number, range: Range): CompletionItem {
  const { insertText, ...rest } = item;
  return {
    ...rest,
    sortText: String(index).padStart(5, '0'),
    filterText: insertText?.startsWith('"') ? insertText : item.label,
    textEdit: { range, newText: insertText ?? item.label },
  };
}

function isNumber(word: string | undefined): boolean {
  return word !== undefined && /^-?\d/.test(word);
}

const blockSnippets: Readonly<Record<string, string>> = {
  model: 'model "$1"$0',
  data: 'data "$1"$0',
  target: 'target $0',
  train: 'train {\n  $0\n}',
  update: 'update {\n  $0\n}',
};

/** Statements that the plan does not have yet. */
function statementItems({ resolution }: Analysis): Item[] {
  return Object.entries(statements).flatMap(([label, rule]) => {
    if (label in resolution.places) return [];
    const snippet = blockSnippets[label];
    return [
      {
        ...documented(label, rule),
        ...(snippet === undefined ? {} : { insertText: snippet, insertTextFormat: snippetFormat }),
      },
    ];
  });
}

function documented(label: string, rule: SettingRule): Item {
  return {
    label,
    kind: kinds.property,
    detail: rule.example,
    documentation: { kind: 'markdown', value: rule.about },
  };
}

/** Settings of a block that are not there yet. */
function settingItems(settings: Readonly<Record<string, SettingRule>>, { resolution }: Analysis): Item[] {
  return Object.entries(settings)
    .filter(([label]) => !resolution.places.settings.has(label))
    .map(([label, rule]) => documented(label, rule));
}

function boardItems(analyser: Analyser): Item[] {
  return Object.entries({ ...boards, ...analyser.boards }).map(([label, board]) => ({
    label,
    kind: kinds.constant,
    detail: `${board.core}, ${bytesText(board.sramBytes)} SRAM, ${bytesText(board.flashBytes)} flash`,
    documentation: { kind: 'markdown', value: `${board.clockHz / 1e6} MHz. Source: ${board.source}` },
  }));
}

function unitItems(units: readonly string[]): Item[] {
  return units.map((label) => ({ label, kind: kinds.enumMember }));
}

function valueItems(values: readonly string[]): Item[] {
  return values.map((label) => ({ label, kind: kinds.enumMember }));
}

function targetItems(words: readonly string[], analysis: Analysis): Item[] {
  const [first, second] = words;
  if (first === undefined) return settingItems(targetSettings, analysis);
  if (first === 'core' && second === undefined) return valueItems(cores);
  return (first === 'sram' || first === 'flash') && isNumber(words.at(-1)) ? unitItems(['KB', 'MB', 'B']) : [];
}

function dataItems(words: readonly string[], analysis: Analysis): Item[] {
  const [first] = words;
  if (first === undefined) return settingItems(dataSettings, analysis);
  if (first === 'frames' && isNumber(words.at(-1))) return unitItems(['ms']);
  if (first === 'windows' && words.length === 1) return valueItems(['every']);
  if (first === 'windows' && isNumber(words.at(-1))) return unitItems(['ms', 'rows']);
  if (first === 'features' && words.length === 3 && isNumber(words.at(-1))) return unitItems(['bands']);
  // `augment` takes several words, some with a number behind them.
  const several = first === 'augment' && (words.at(-1) === 'flip' || isNumber(words.at(-1)));
  return words.length === 1 || several
    ? valueItems((dataSettings[first]?.words ?? []).filter((word) => !words.includes(word)))
    : [];
}

function trainItems(words: readonly string[], analysis: Analysis): Item[] {
  const [first, second, third] = words;
  if (first === undefined) return settingItems(trainSettings, analysis);
  const rule = trainSettings[first];
  if (rule === undefined) return [];
  if (second === undefined) return valueItems(rule.words ?? []);
  if (first === 'optimizer' && second === 'sgd' && third === undefined) return valueItems(['momentum']);
  const unit = rule.number?.unit;
  return unit !== undefined && isNumber(words.at(-1)) ? unitItems([unit]) : [];
}

function updateItems(words: readonly string[], analysis: Analysis): Item[] {
  const last = words.at(-1);
  const colon = words.indexOf(':');
  if (last === undefined || last === '..') return layerItems(analysis);
  if (colon < 0) return valueItems(['..', ':']);
  const layer = words.includes('..') ? undefined : unquoted(words[0] ?? '');
  if (last === ':' || last === ',') {
    const kept = words.slice(colon).filter((word) => word === 'bias' || word === 'weights');
    return [
      ...changeItems(kept, last === ':'),
      ...(kept.includes('weights') ? [] : weightItems(analysis, layer, true)),
    ];
  }
  if (last === 'weights') {
    return [...weightItems(analysis, layer, false), ...valueItems(['none', 'first'])];
  }
  if (last === 'first') return weightItems(analysis, layer, false).filter(({ label }) => label !== 'all');
  return isNumber(last) && !last.includes('/') ? unitItems(['channels']) : [];
}

function unquoted(word: string): string {
  return word.replace(/^"|"$/g, '');
}

function changeItems(kept: readonly string[], alone: boolean): Item[] {
  return [
    ...(kept.includes('bias') ? [] : [{ label: 'bias', kind: kinds.enumMember, detail: 'train the bias' }]),
    ...(alone ? [{ label: 'none', kind: kinds.enumMember, detail: 'train nothing of it' }] : []),
  ];
}

const selections: readonly WeightSelection[] = [8, 4, 2, 1].map((denominator) => ({
  kind: 'fraction',
  numerator: 1,
  denominator,
  first: false,
}));

/** With the bytes that they would train, where one layer is named. */
function weightItems({ graph, resolution }: Analysis, layer: string | undefined, withKeyword: boolean): Item[] {
  const trainable = graph === undefined || layer === undefined ? undefined : trainableNamed(graph, layer);
  return selections.flatMap((weights) => {
    const text = printWeights(weights);
    const label = withKeyword ? text : text.replace('weights ', '');
    if (graph === undefined || trainable === undefined) return [{ label, kind: kinds.value }];
    const channels = channelsOf(weights, trainable.channels);
    if (channels === 0) return [];
    const bytes = bytesText(trainedBytes(graph, trainable, { ...frozen, weights }, resolution.train));
    const detail = isNewHead(graph, trainable, resolution.train)
      ? `${bytes}: a new head trains as a whole`
      : `${bytes}, ${channels} of ${trainable.channels} channels`;
    return [{ label, kind: kinds.value, detail }];
  });
}

/** Those that can train, in execution order. */
function layerItems({ graph }: Analysis): Item[] {
  if (graph === undefined) return [];
  const facts = describeLayers(graph);
  return [...layerIndex(graph).trainable.keys()].map(({ name }) => {
    const layer = facts.get(name);
    const shapes = layer === undefined ? '' : `${shapeText(layer.inputShape)} to ${shapeText(layer.outputShape)}`;
    return {
      label: name,
      kind: kinds.variable,
      insertText: layerReference(name),
      detail: `${layer?.operator ?? ''} ${shapes}`,
      ...(layer === undefined
        ? {}
        : { documentation: `${macsText(layer.macs)}, ${bytesText(layer.weightBytes)} of weights. ${layer.fullName}` }),
    };
  });
}

function quotedLayers({ graph }: Analysis): Item[] {
  if (graph === undefined) return [];
  return [...layerIndex(graph).trainable.keys()].map(({ name, fullName }) => ({
    label: fullName,
    kind: kinds.variable,
    detail: name,
    insertText: fullName.replace(/["\\]/g, '\\$&'),
  }));
}
