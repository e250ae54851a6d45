/** Diagnostics as the editor takes them, and their fixes as quick fixes. */

import type { Cancellation, LangiumDocument } from 'langium';
import type { CodeActionProvider } from 'langium/lsp';
import type { CodeAction, CodeActionParams, Diagnostic as LspDiagnostic } from 'vscode-languageserver-protocol';
import type { Diagnostic, Fix, Severity } from '../../compiler/diagnostics.ts';
import { placeDiagnostics } from '../place.ts';
import { fileStart, toLspRange } from '../text.ts';
import type { Analyser, Analysis } from './analysis.ts';
import { lighterFixes } from './lighter.ts';
import type { PlanPrice, PriceBook, PriceProvider } from './prices.ts';

const severities: Readonly<Record<Severity, 1 | 2 | 3>> = { error: 1, warning: 2, information: 3 };

/** The protocol's tag that greys text out. */
const unnecessary = 1;

/** The code and the range identify the diagnostic when the editor asks for its fixes. */
export function toLspDiagnostic(diagnostic: Diagnostic): LspDiagnostic {
  return {
    severity: severities[diagnostic.severity],
    code: diagnostic.code,
    source: 'firmtune',
    message: `${sentence(diagnostic.message)}\n${sentence(diagnostic.remedy)}`,
    range: toLspRange(diagnostic.range ?? fileStart),
    ...(diagnostic.code === 'dead-line' ? { tags: [unnecessary] } : {}),
  };
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? upper(text) : `${upper(text)}.`;
}

function upper(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** What the text and the model show at once, and what compiling shows a little later. */
export class PlanDiagnostics {
  private readonly compiled = new WeakMap<object, readonly Diagnostic[]>();

  constructor(
    private readonly analyser: Analyser,
    private readonly prices: PriceBook,
  ) {}

  async immediate(document: LangiumDocument): Promise<readonly Diagnostic[]> {
    const analysis = await this.analyser.analyse(document);
    return [...analysis.diagnostics, ...(this.compiled.get(analysis) ?? [])];
  }

  /** Undefined if the document has changed meanwhile, or nothing compiles. */
  afterCompile(document: LangiumDocument): Promise<readonly Diagnostic[] | undefined> {
    return this.withPrice(document, () => this.prices.priceOf(document));
  }

  /** Where what compiling showed at first can still get better: then after that. */
  afterRefining(document: LangiumDocument): Promise<readonly Diagnostic[] | undefined> {
    return this.withPrice(document, () => this.prices.refine(document));
  }

  private async withPrice(
    document: LangiumDocument,
    ask: () => Promise<PlanPrice | undefined>,
  ): Promise<readonly Diagnostic[] | undefined> {
    const analysis = await this.analyser.analyse(document);
    const price = await ask();
    if (price === undefined || (await this.analyser.analyse(document)) !== analysis) return undefined;
    this.compiled.set(analysis, placeDiagnostics(analysis.resolution, analysis.parsed.fileName, price.diagnostics));
    return this.immediate(document);
  }
}

const limitCodes: readonly unknown[] = ['budget-exceeded', 'sram-exceeded'];

export class PlanCodeActions implements CodeActionProvider {
  private readonly lighter = new WeakMap<Analysis, LighterFixes>();

  constructor(
    private readonly analyser: Analyser,
    private readonly diagnostics: PlanDiagnostics,
    private readonly provider: PriceProvider | undefined,
  ) {}

  async getCodeActions(
    document: LangiumDocument,
    params: CodeActionParams,
    cancelToken?: Cancellation.CancellationToken,
  ): Promise<CodeAction[]> {
    const known = await this.diagnostics.immediate(document);
    const cancelled = (): boolean => cancelToken?.isCancellationRequested === true;
    const actions: CodeAction[] = [];
    for (const shown of params.context.diagnostics) {
      const same = known.find((each) => isSame(toLspDiagnostic(each), shown));
      if (same === undefined) continue;
      const priced = limitCodes.includes(same.code) ? await this.lighterFixes(document, cancelled) : [];
      const fixes = [...(same.fixes ?? []), ...priced];
      actions.push(...fixes.map((fix, index) => toAction(document, shown, fix, index === 0)));
    }
    return actions;
  }

  private async lighterFixes(document: LangiumDocument, cancelled: () => boolean): Promise<readonly Fix[]> {
    if (this.provider === undefined) return [];
    const analysis = await this.analyser.analyse(document);
    const known = this.lighter.get(analysis) ?? this.priceLighter(analysis, this.provider);
    known.asking.push(cancelled);
    const found = await known.fixes;
    // Given up because those who asked before had gone.
    return known.isGivenUp() && !cancelled() ? this.lighterFixes(document, cancelled) : found;
  }

  private priceLighter(analysis: Analysis, provider: PriceProvider): LighterFixes {
    const asking: (() => boolean)[] = [];
    let givenUp = false;
    const giveUp = (): boolean => {
      if (!givenUp && asking.every((cancelled) => cancelled())) {
        givenUp = true;
        this.lighter.delete(analysis);
      }
      return givenUp;
    };
    const fixes = Promise.resolve().then(() => lighterFixes(analysis, provider, giveUp));
    const priced: LighterFixes = { fixes, asking, isGivenUp: () => givenUp };
    this.lighter.set(analysis, priced);
    return priced;
  }
}

/** Fixes that are being priced, for all who ask for them meanwhile. */
interface LighterFixes {
  readonly fixes: Promise<readonly Fix[]>;
  /** Whether each of them has cancelled: an editor asks anew at every move of the cursor, and cancels what it asked before. */
  readonly asking: (() => boolean)[];
  isGivenUp(): boolean;
}

function isSame(a: LspDiagnostic, b: LspDiagnostic): boolean {
  return a.code === b.code && a.message === b.message && JSON.stringify(a.range) === JSON.stringify(b.range);
}

function toAction(document: LangiumDocument, diagnostic: LspDiagnostic, fix: Fix, isPreferred: boolean): CodeAction {
  const edits = fix.edits.map((edit) => ({ range: toLspRange(edit.range), newText: edit.text }));
  return {
    title: fix.title,
    kind: 'quickfix',
    diagnostics: [diagnostic],
    isPreferred,
    edit: { changes: { [document.textDocument.uri]: edits } },
  };
}
