/** From a line of generated C to its layer and the plan's line, and from a layer in a plan to its lines of C. */

import {
  type CancellationToken,
  Disposable,
  Hover,
  type HoverProvider,
  type ImplementationProvider,
  Location,
  l10n,
  languages,
  MarkdownString,
  type Position,
  Range,
  type TextDocument,
  Uri,
  workspace,
} from 'vscode';
import { parseTrace, rangeAtLine, rangesOfLayer, type Trace } from '../../compiler/codegen/trace.ts';
import { manifestName, parseManifest } from '../cli/files/manifest.ts';
import { lineOfLayer, nameAt } from './planLine.ts';

const mostTraces = 50;

export function registerTraces(): Disposable {
  return Disposable.from(
    languages.registerHoverProvider([{ language: 'c' }, { language: 'cpp' }], new LayerHover()),
    languages.registerImplementationProvider({ language: 'trainplan' }, new GeneratedLines()),
  );
}

class LayerHover implements HoverProvider {
  async provideHover(document: TextDocument, { line }: Position): Promise<Hover | undefined> {
    if (!document.uri.path.endsWith('.c')) return undefined;
    const trace = await readTrace(document.uri.with({ path: document.uri.path.replace(/\.c$/, '.trace.json') }));
    const range = trace === undefined ? undefined : rangeAtLine(trace, line + 1);
    if (trace === undefined || range === undefined || range.layer === '') return undefined;
    const text = new MarkdownString().appendMarkdown('**').appendText(range.layer).appendMarkdown('** — ');
    text.appendText(range.phase);
    if (range.step !== undefined) {
      text.appendText(`, ${l10n.t('step {0} of {1}', range.step, trace.steps.length)}`);
    }
    const plan = await planOf(document.uri, modelName(trace));
    const planText = plan === undefined ? undefined : await textOf(plan);
    if (plan !== undefined && planText !== undefined) {
      const planLine = lineOfLayer(planText, range.layer, layersOf(trace));
      const target = plan.with({ fragment: `L${planLine}` });
      text.appendMarkdown(`\n\n[${l10n.t('Show in the plan')}](${target.toString()})`);
    }
    return new Hover(text, document.lineAt(line).range);
  }
}

class GeneratedLines implements ImplementationProvider {
  async provideImplementation(
    document: TextDocument,
    { line, character }: Position,
    token: CancellationToken,
  ): Promise<Location[]> {
    const layer = nameAt(document.lineAt(line).text, character);
    if (layer === undefined) return [];
    const found: Location[] = [];
    for (const uri of await workspace.findFiles('**/*.trace.json', '**/node_modules/**', mostTraces, token)) {
      const trace = await readTrace(uri);
      if (trace === undefined) continue;
      const ranges = rangesOfLayer(trace, layer);
      const plan = ranges.length === 0 ? undefined : await planOf(uri, modelName(trace));
      if (plan?.toString() !== document.uri.toString()) continue;
      const source = Uri.joinPath(uri, '..', trace.source);
      found.push(...ranges.map(({ first, last }) => new Location(source, new Range(first - 1, 0, last, 0))));
    }
    return found;
  }
}

async function textOf(uri: Uri): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await workspace.fs.readFile(uri));
  } catch {
    return undefined;
  }
}

async function readTrace(uri: Uri): Promise<Trace | undefined> {
  const text = await textOf(uri);
  return text === undefined ? undefined : parseTrace(text);
}

/** The plan that a generated file was made of, by the manifest beside it. */
async function planOf(generated: Uri, model: string): Promise<Uri | undefined> {
  const folder = Uri.joinPath(generated, '..');
  const text = await textOf(Uri.joinPath(folder, manifestName));
  const plan = text === undefined ? undefined : parseManifest(text)?.models[model]?.plan;
  return plan === undefined ? undefined : Uri.joinPath(folder, plan);
}

function modelName({ source }: Trace): string {
  return source.replace(/\.c$/, '');
}

/** In execution order, those of streamed steps too. */
function layersOf({ ranges }: Trace): readonly string[] {
  return [...new Set(ranges.filter(({ phase }) => phase === 'forward').map(({ layer }) => layer))];
}
