/** What stands under the pointer: layers with their figures, boards with their source, keywords with their meaning. */

import { type CstNode, CstUtils, type LangiumDocument } from 'langium';
import type { HoverProvider } from 'langium/lsp';
import type { Hover, HoverParams } from 'vscode-languageserver-protocol';
import type { QuantisationDescription } from '../../compiler/model/describe.ts';
import type { Graph, Layer } from '../../compiler/model/graph.ts';
import { frozen } from '../../compiler/training/plan.ts';
import { boards } from '../boards.ts';
import { isLayerName, isTargetStatement, type LayerName } from '../generated/ast.ts';
import { isPattern, layerIndex, layersNamed } from '../layers.ts';
import { printWeights } from '../print.ts';
import { settingsOfRule } from '../vocabulary.ts';
import type { Analyser, Analysis } from './analysis.ts';
import {
  bytesText,
  describeLayers,
  isNewHead,
  macsText,
  shapeText,
  trainableNamed,
  trainedBytes,
  updateMacs,
} from './facts.ts';
import type { PriceBook } from './prices.ts';

export class PlanHover implements HoverProvider {
  constructor(
    private readonly analyser: Analyser,
    private readonly prices: PriceBook,
  ) {}

  async getHoverContent(document: LangiumDocument, params: HoverParams): Promise<Hover | undefined> {
    const root = document.parseResult.value.$cstNode;
    if (root === undefined) return undefined;
    const offset = document.textDocument.offsetAt(params.position);
    const leaf = CstUtils.findLeafNodeAtOffset(root, offset);
    if (leaf === undefined || leaf.hidden) return undefined;
    const analysis = await this.analyser.analyse(document);
    const value = (await this.budgetText(leaf, document, analysis)) ?? textFor(leaf, analysis, this.analyser);
    return value === undefined ? undefined : { contents: { kind: 'markdown', value }, range: leaf.range };
  }

  private async budgetText(leaf: CstNode, document: LangiumDocument, analysis: Analysis): Promise<string | undefined> {
    if (leaf.text !== 'budget' || leaf.astNode.$type !== 'BudgetStatement') return undefined;
    const memory = (await this.prices.priceOf(document))?.memory;
    if (memory === undefined || analysis.resolution.plan === undefined) return undefined;
    const { budgetBytes, target } = analysis.resolution.plan;
    return table([
      ['peak', `${bytesText(memory.peakBytes)} of ${bytesText(budgetBytes)}`],
      [
        'lower bound',
        `${bytesText(memory.lowerBoundBytes)}${memory.provenOptimal ? ', reached: no plan of addresses needs less' : ''}`,
      ],
      ['flash', `${bytesText(memory.flashBytes)} of ${bytesText(target.flashBytes)}`],
    ]);
  }
}

function textFor(leaf: CstNode, analysis: Analysis, analyser: Analyser): string | undefined {
  const node = leaf.astNode;
  if (isLayerName(node)) return analysis.graph === undefined ? undefined : layerText(node, analysis, analysis.graph);
  if (isTargetStatement(node) && leaf.text === node.board) {
    const board = { ...boards, ...analyser.boards }[leaf.text];
    if (board === undefined) return undefined;
    return table([
      ['core', board.core],
      ['SRAM', bytesText(board.sramBytes)],
      ['flash', bytesText(board.flashBytes)],
      ['clock', `${board.clockHz / 1e6} MHz`],
      ['source', board.source],
    ]);
  }
  const home = node.$container === undefined || !/Setting$/.test(node.$type) ? 'Plan' : node.$type;
  const rule = settingsOfRule[home]?.[leaf.text];
  return rule === undefined ? undefined : `${rule.about}\n\n\`${rule.example}\``;
}

function layerText(node: LayerName, analysis: Analysis, graph: Graph): string | undefined {
  const name = node.word ?? node.quoted ?? '';
  const layers = layersNamed(layerIndex(graph), name, node.quoted !== undefined);
  const [only] = layers;
  if (only === undefined) return undefined;
  if (isPattern(name) || layers.length > 1) {
    const shown = layers.slice(0, 20).map((layer) => `- ${layer.name}`);
    const rest = layers.length > shown.length ? [`- and ${layers.length - shown.length} more`] : [];
    return [`${layers.length} layers`, '', ...shown, ...rest].join('\n');
  }
  return oneLayer(only, analysis, graph);
}

function oneLayer({ name, fullName }: Layer, { resolution }: Analysis, graph: Graph): string | undefined {
  const layer = describeLayers(graph).get(name);
  if (layer === undefined) return undefined;
  const trainable = trainableNamed(graph, name);
  const update = resolution.update.get(name) ?? frozen;
  const trains = [
    ...(update.bias ? ['bias'] : []),
    ...(update.weights.kind === 'none' ? [] : [printWeights(update.weights)]),
  ];
  const rows: [string, string][] = [
    ['operator', layer.operator],
    ['shape', `${shapeText(layer.inputShape)} to ${shapeText(layer.outputShape)}`],
    ...(layer.quantisation === undefined ? [] : [['output', quantisationText(layer.quantisation)] as [string, string]]),
    ...(layer.weightQuantisation === undefined
      ? []
      : [['weights', quantisationText(layer.weightQuantisation)] as [string, string]]),
    ['forward', `${macsText(layer.macs)}, ${bytesText(layer.weightBytes)} of weights`],
  ];
  if (trainable !== undefined) {
    const { train } = resolution;
    const bytes = bytesText(trainedBytes(graph, trainable, update, train));
    const macs = macsText(updateMacs(graph, trainable, update, train, layer.macs));
    const what = isNewHead(graph, trainable, train)
      ? `a new head of ${train.classes} classes, which trains as a whole`
      : trains.join(', ');
    rows.push(['trains', what === '' ? 'nothing: frozen' : `${what}: ${bytes}, ${macs} for the weight gradient`]);
  }
  const full = fullName === name ? '' : `\n\n${fullName.replace(/[\\`*_{}[\]<>|]/g, '\\$&')}`;
  return `**${name}**${full}\n\n${table(rows)}`;
}

function quantisationText({ scale, zeroPoint, channels }: QuantisationDescription): string {
  const scales = scale.map((each) => Number(each.toPrecision(4))).join(' to ');
  return `scale ${scales}${channels > 1 ? ` over ${channels} channels` : ''}, zero point ${zeroPoint}`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  return ['| | |', '|---|---|', ...rows.map(([key, value]) => `| ${key} | ${value} |`)].join('\n');
}
