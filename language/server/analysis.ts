/** What is known of an open plan: its syntax, its model, and what it means. Computed once per text and model. */

import { type AstNode, type FileSystemProvider, type LangiumDocument, type URI, UriUtils } from 'langium';
import type { Diagnostic, Fix, Result } from '../../compiler/diagnostics.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import type { Board } from '../boards.ts';
import { isModelStatement, type Plan } from '../generated/ast.ts';
import { type ParsedPlan, parsedFrom } from '../parse.ts';
import { placeDiagnostics } from '../place.ts';
import { type Resolution, resolveFully } from '../resolve.ts';
import { nearest, quote, rangeOf } from '../text.ts';
import type { ModelStore } from './models.ts';

/** Fixes for a model that is not there. */
const mostOffered = 4;

export interface Analysis {
  readonly parsed: ParsedPlan;
  readonly modelUri: URI | undefined;
  /** Absent while the model is not named, not there or not readable. */
  readonly graph: Graph | undefined;
  readonly resolution: Resolution;
  /** Of the text and of the model, each with a place. */
  readonly diagnostics: readonly Diagnostic[];
}

interface Cached {
  readonly model: Result<Graph> | undefined;
  readonly boards: Readonly<Record<string, Board>>;
  readonly analysis: Analysis;
}

export class Analyser {
  private readonly cache = new WeakMap<AstNode, Cached>();
  /** The user's own, from the settings. */
  boards: Readonly<Record<string, Board>> = {};

  constructor(
    readonly models: ModelStore,
    private readonly files: FileSystemProvider,
  ) {}

  async analyse(document: LangiumDocument): Promise<Analysis> {
    const { parseResult, textDocument, uri } = document as LangiumDocument<Plan>;
    const text = textDocument.getText();
    const modelUri = modelOf(parseResult.value, uri);
    const model = modelUri === undefined ? undefined : await this.models.load(modelUri);
    const known = this.cache.get(parseResult.value);
    if (known !== undefined && known.model === model && known.boards === this.boards) return known.analysis;
    const graph = model?.ok ? model.value : undefined;
    const parsed = parsedFrom(parseResult, text, UriUtils.basename(uri));
    const resolution = resolveFully(parsed, graph, { boards: this.boards });
    const ofModel = placeDiagnostics(resolution, parsed.fileName, await this.withFixes(model, parsed, modelUri));
    const analysis = { parsed, modelUri, graph, resolution, diagnostics: [...resolution.diagnostics, ...ofModel] };
    this.cache.set(parseResult.value, { model, boards: this.boards, analysis });
    return analysis;
  }

  /** A model that is not there: the ones that are. */
  private async withFixes(
    model: Result<Graph> | undefined,
    { ast }: ParsedPlan,
    uri: URI | undefined,
  ): Promise<readonly Diagnostic[]> {
    const diagnostics = model?.diagnostics ?? [];
    const node = ast.statements.find(isModelStatement);
    if (uri === undefined || node === undefined || diagnostics[0]?.code !== 'model-not-found') return diagnostics;
    const folder = node.path.replace(/[^\\/]*$/, '');
    const fixes = (await modelsBeside(this.files, uri)).map((name): Fix => {
      const edit = { range: rangeOf(node, 'path'), text: quote(folder + name) };
      return { title: `Change to \`${name}\``, edits: [edit] };
    });
    return diagnostics.map((diagnostic) => ({ ...diagnostic, fixes }));
  }
}

/** Models in the folder where the plan looks, the most likely one first. */
async function modelsBeside(files: FileSystemProvider, uri: URI): Promise<readonly string[]> {
  try {
    const entries = await files.readDirectory(UriUtils.dirname(uri));
    const names = entries.map((entry) => UriUtils.basename(entry.uri)).filter((name) => name.endsWith('.tflite'));
    const meant = nearest(UriUtils.basename(uri), names);
    return [...new Set([...(meant === undefined ? [] : [meant]), ...names.sort()])].slice(0, mostOffered);
  } catch {
    return [];
  }
}

/** The model that a plan names; undefined without one. */
export function modelOf(plan: Plan, planUri: URI): URI | undefined {
  const path = plan.statements.find(isModelStatement)?.path;
  return path === undefined || path.trim() === '' ? undefined : besidePlan(planUri, path);
}

/** A path as plans write them: relative to the plan, either kind of slash. */
export function besidePlan(planUri: URI, path: string): URI {
  return UriUtils.resolvePath(UriUtils.dirname(planUri), path.replaceAll('\\', '/'));
}
