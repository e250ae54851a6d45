/** Starts the language server on a connection, whoever made it: a process's stdio or a browser worker. */

import { DocumentState, type LangiumDocument } from 'langium';
import { type LangiumSharedServices, startLanguageServer } from 'langium/lsp';
import type { Connection } from 'vscode-languageserver';
import type { Diagnostic } from '../../compiler/diagnostics.ts';
import { boardsFromSettings } from '../boards.ts';
import type { Analyser } from './analysis.ts';
import { toLspDiagnostic } from './diagnostics.ts';
import { createTrainplanServices, type ServerContext } from './module.ts';

export function startTrainplanServer(context: ServerContext): void {
  const { shared, trainplan } = createTrainplanServices(context);
  const { Diagnostics } = trainplan.trainplan;
  let canRefresh = false;
  shared.lsp.LanguageServer.onInitialize(({ capabilities }) => {
    canRefresh = capabilities.workspace?.codeLens?.refreshSupport === true;
  });
  const show = async ({ textDocument }: LangiumDocument, diagnostics: readonly Diagnostic[]): Promise<void> => {
    const { uri, version } = textDocument;
    await context.connection.sendDiagnostics({ uri, version, diagnostics: diagnostics.map(toLspDiagnostic) });
    if (canRefresh) await context.connection.sendRequest('workspace/codeLens/refresh');
  };
  // Errors of the text show at once; what compiling shows follows when it is there, and once more if more time shows better.
  shared.workspace.DocumentBuilder.onDocumentPhase(DocumentState.Validated, (document) => {
    if (context.prices === undefined) return;
    void Diagnostics.afterCompile(document).then(async (compiled) => {
      if (compiled === undefined) return;
      await show(document, compiled);
      const refined = await Diagnostics.afterRefining(document);
      if (refined !== undefined) await show(document, refined);
    });
  });
  shared.workspace.TextDocuments.onDidClose(({ document }) => {
    trainplan.trainplan.Prices.forget(document.uri);
    void context.connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
  });
  followBoards(context.connection, shared, trainplan.trainplan.Analyser);
  startLanguageServer(shared);
}

/** The user's own boards: asked for at the start, and told by the editor when they change. */
function followBoards(connection: Connection, shared: LangiumSharedServices, analyser: Analyser): void {
  const { ConfigurationProvider, DocumentBuilder, LangiumDocuments, WorkspaceLock } = shared.workspace;
  const use = async (settings: unknown): Promise<void> => {
    const { boards, problems } = boardsFromSettings(settings);
    for (const problem of problems) connection.console.warn(`firmtune.boards: ${problem}`);
    analyser.boards = boards;
    const open = LangiumDocuments.all.map(({ uri }) => uri).toArray();
    await WorkspaceLock.write((token) => DocumentBuilder.update(open, [], token));
  };
  let canAsk = false;
  shared.lsp.LanguageServer.onInitialize(({ capabilities }) => {
    canAsk = capabilities.workspace?.configuration === true;
  });
  shared.lsp.LanguageServer.onInitialized(() => {
    if (canAsk) void connection.workspace.getConfiguration('firmtune.boards').then(use);
  });
  ConfigurationProvider.onConfigurationSectionUpdate(({ section, configuration }) => {
    if (section === 'firmtune') void use(configuration?.boards);
  });
}
