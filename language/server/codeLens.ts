/** Prices over the lines: what each update line trains, and the peak over the budget. */

import type { LangiumDocument } from 'langium';
import type { CodeLensProvider, LanguageServer } from 'langium/lsp';
import type { CodeLens } from 'vscode-languageserver-protocol';
import type { TextRange } from '../../compiler/diagnostics.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import { frozen } from '../../compiler/training/plan.ts';
import type { UpdateLineMeaning } from '../resolveUpdate.ts';
import { toLspRange } from '../text.ts';
import type { Analyser, Analysis } from './analysis.ts';
import { bytesText, describeLayers, macsText, trainableNamed, trainedBytes, updateMacs } from './facts.ts';
import type { PlanMemory, PriceBook } from './prices.ts';

/** Commands that the extension registers; an editor without them shows the text all the same. */
export const showLayersCommand = 'firmtune.showLayers';
export const showPlanCommand = 'firmtune.showPlan';

export class PlanCodeLenses implements CodeLensProvider {
  /** The editor asks again when told to: then nothing waits for the compiler. */
  private canRefresh = false;

  constructor(
    private readonly analyser: Analyser,
    private readonly prices: PriceBook,
    server: LanguageServer,
  ) {
    server.onInitialize(({ capabilities }) => {
      this.canRefresh = capabilities.workspace?.codeLens?.refreshSupport === true;
    });
  }

  async provideCodeLens(document: LangiumDocument): Promise<CodeLens[]> {
    const analysis = await this.analyser.analyse(document);
    const uri = document.textDocument.uri;
    const price = this.canRefresh ? this.prices.priceNow(analysis) : await this.prices.priceOf(document);
    const before = price === undefined ? this.prices.memoryBefore(document.uri.toString()) : undefined;
    const memory = price?.memory ?? before;
    const peak =
      memory === undefined ? [] : peakLenses(analysis, memory, uri, before === undefined ? '' : ' (updating)');
    return [...updateLenses(analysis, uri), ...peak];
  }
}

function lens(range: TextRange, title: string, command: string, ...args: readonly unknown[]): CodeLens {
  return { range: toLspRange(range), command: { title, command, arguments: [...args] } };
}

function updateLenses(analysis: Analysis, uri: string): CodeLens[] {
  const { graph, resolution } = analysis;
  if (graph === undefined) return [];
  // A line that names no layer of the model has a diagnostic, no price.
  const lines = resolution.lines.filter(({ layers, dead }) => dead || layers.length > 0);
  return lines.map((line) => {
    const names = line.layers.map(({ layer }) => layer);
    return lens(line.range, lineText(graph, line, analysis), showLayersCommand, uri, names);
  });
}

/** What the line alone trains: parts that other lines give or take are not in it. */
function lineText(graph: Graph, line: UpdateLineMeaning, { resolution }: Analysis): string {
  if (line.dead) return 'no effect: later lines replace it';
  const facts = describeLayers(graph);
  let bytes = 0;
  let macs = 0;
  for (const { layer, change } of line.layers) {
    const trainable = trainableNamed(graph, layer);
    if (trainable === undefined) continue;
    const update = { ...frozen, ...change };
    bytes += trainedBytes(graph, trainable, update, resolution.train);
    macs += updateMacs(graph, trainable, update, resolution.train, facts.get(layer)?.macs ?? 0);
  }
  const count = line.layers.length === 1 ? '' : `${line.layers.length} layers, `;
  return bytes === 0
    ? `${count}frozen`
    : `${count}${bytesText(bytes)} trained${macs === 0 ? '' : `, ${macsText(macs)}`}`;
}

function peakLenses({ resolution }: Analysis, memory: PlanMemory, uri: string, state: string): CodeLens[] {
  const { places, plan } = resolution;
  const place = places.budget ?? places.target;
  if (place === undefined || plan === undefined) return [];
  const bound = memory.provenOptimal ? 'proven least' : `at least ${bytesText(memory.lowerBoundBytes)}`;
  const peak = `peak ${bytesText(memory.peakBytes)} of ${bytesText(plan.budgetBytes)} (${bound})`;
  const flash = `flash ${bytesText(memory.flashBytes)} of ${bytesText(plan.target.flashBytes)}`;
  return [lens(place, `${peak}, ${flash}${state}`, showPlanCommand, uri)];
}
