/** The language server's services, put together. */

import {
  type Cancellation,
  createDefaultCoreModule,
  DefaultDocumentValidator,
  DefaultWorkspaceManager,
  type DocumentValidator,
  type FileSystemProvider,
  inject,
  type LangiumDocument,
  type Module,
  URI,
} from 'langium';
import {
  createDefaultSharedModule,
  DefaultDocumentUpdateHandler,
  type LangiumLSPServices,
  type LangiumServices,
  type LangiumSharedServices,
} from 'langium/lsp';
import type { Connection, Diagnostic, DidChangeWatchedFilesParams } from 'vscode-languageserver';
import type { Plan } from '../generated/ast.ts';
import { TrainplanGeneratedModule, TrainplanGeneratedSharedModule } from '../generated/module.ts';
import { trainplanParserModule } from '../parse.ts';
import { Analyser, modelOf } from './analysis.ts';
import { PlanCodeLenses } from './codeLens.ts';
import { PlanCompletions } from './completion.ts';
import { PlanCodeActions, PlanDiagnostics, toLspDiagnostic } from './diagnostics.ts';
import { PlanHover } from './hover.ts';
import { PlanFolding, PlanFormatter, PlanSymbols } from './layout.ts';
import { PlanDefinitions, PlanLinks } from './links.ts';
import { ModelStore } from './models.ts';
import { PriceBook, type PriceProvider } from './prices.ts';
import { PlanSemanticTokens } from './semanticTokens.ts';

interface TrainplanAddedServices {
  readonly trainplan: {
    readonly Analyser: Analyser;
    readonly Prices: PriceBook;
    readonly Diagnostics: PlanDiagnostics;
  };
}

type PlanServices = LangiumLSPServices &
  TrainplanAddedServices & { readonly validation: { readonly DocumentValidator: DocumentValidator } };

export type TrainplanServices = LangiumServices & TrainplanAddedServices;

export interface ServerContext {
  readonly connection: Connection;
  readonly files: FileSystemProvider;
  /** Absent: no peaks, no budget diagnostics, all else. */
  readonly prices?: PriceProvider;
}

/** Our diagnostics in place of Langium's: the same that the command line prints. */
class PlanValidator extends DefaultDocumentValidator {
  constructor(private readonly services: TrainplanServices) {
    super(services);
  }

  override async validateDocument(
    document: LangiumDocument,
    _options: unknown,
    cancelToken?: Cancellation.CancellationToken,
  ): Promise<Diagnostic[]> {
    const diagnostics = await this.services.trainplan.Diagnostics.immediate(document);
    return cancelToken?.isCancellationRequested ? [] : diagnostics.map(toLspDiagnostic);
  }
}

/** Plans know nothing of one another: only open ones are read, whatever the size of the workspace. */
class OpenPlansOnly extends DefaultWorkspaceManager {
  protected override traverseFolder(): Promise<void> {
    return Promise.resolve();
  }
}

/** A model that changed re-checks the plans that name it. */
class PlanUpdates extends DefaultDocumentUpdateHandler {
  constructor(
    private readonly shared: LangiumSharedServices,
    private readonly analyser: () => Analyser,
  ) {
    super(shared);
  }

  protected override getWatchers() {
    return [{ globPattern: '**/*.tflite' }];
  }

  override didChangeWatchedFiles(params: DidChangeWatchedFilesParams): void {
    this.onWatchedFilesChangeEmitter.fire(params);
    const changed = new Set(params.changes.map(({ uri }) => URI.parse(uri).toString()));
    for (const uri of changed) this.analyser().models.forget(URI.parse(uri));
    const plans = this.shared.workspace.LangiumDocuments.all.filter((document) => {
      const model = modelOf(document.parseResult.value as Plan, document.uri)?.toString();
      return model !== undefined && changed.has(model);
    });
    this.fireDocumentUpdate(plans.map(({ uri }) => uri).toArray(), []);
  }
}

export function createTrainplanServices(context: ServerContext): {
  readonly shared: LangiumSharedServices;
  readonly trainplan: TrainplanServices;
} {
  const fileSystem = { fileSystemProvider: () => context.files };
  const shared: LangiumSharedServices = inject(
    createDefaultSharedModule({ connection: context.connection, ...fileSystem }),
    TrainplanGeneratedSharedModule,
    {
      lsp: {
        DocumentUpdateHandler: (services: LangiumSharedServices) =>
          new PlanUpdates(services, () => trainplan.trainplan.Analyser),
      },
      workspace: { WorkspaceManager: (services: LangiumSharedServices) => new OpenPlansOnly(services) },
    },
  );
  const trainplan: TrainplanServices = inject(
    createDefaultCoreModule({ shared }),
    TrainplanGeneratedModule,
    trainplanParserModule,
    languageModule(context, shared),
  );
  shared.ServiceRegistry.register(trainplan);
  return { shared, trainplan };
}

/** Langium's default editor services are left out: nothing in a plan can be renamed or referred to. */
function languageModule(
  context: ServerContext,
  shared: LangiumSharedServices,
): Module<TrainplanServices, PlanServices> {
  return {
    shared: () => shared,
    trainplan: {
      Analyser: () => new Analyser(new ModelStore(context.files), context.files),
      Prices: ({ trainplan }) => new PriceBook(trainplan.Analyser, context.prices),
      Diagnostics: ({ trainplan }) => new PlanDiagnostics(trainplan.Analyser, trainplan.Prices),
    },
    validation: { DocumentValidator: (services) => new PlanValidator(services) },
    lsp: {
      CodeActionProvider: ({ trainplan }) =>
        new PlanCodeActions(trainplan.Analyser, trainplan.Diagnostics, context.prices),
      CodeLensProvider: ({ trainplan }) =>
        new PlanCodeLenses(trainplan.Analyser, trainplan.Prices, shared.lsp.LanguageServer),
      CompletionProvider: ({ trainplan }) => new PlanCompletions(trainplan.Analyser, context.files),
      DefinitionProvider: ({ trainplan }) => new PlanDefinitions(trainplan.Analyser),
      DocumentLinkProvider: () => new PlanLinks(),
      DocumentSymbolProvider: () => new PlanSymbols(),
      FoldingRangeProvider: () => new PlanFolding(),
      Formatter: () => new PlanFormatter(),
      HoverProvider: ({ trainplan }) => new PlanHover(trainplan.Analyser, trainplan.Prices),
      SemanticTokenProvider: (services) => new PlanSemanticTokens(services),
    },
  };
}
