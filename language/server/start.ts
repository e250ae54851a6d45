/** Starts the language server on a connection, whoever made it: a process's stdio or a browser worker. */

import { DocumentState } from 'langium';
import { startLanguageServer } from 'langium/lsp';
import { toLspDiagnostic } from './diagnostics.ts';
import { createTrainplanServices, type ServerContext } from './module.ts';

export function startTrainplanServer(context: ServerContext): void {
  const { shared, trainplan } = createTrainplanServices(context);
  const { Diagnostics } = trainplan.trainplan;
  let canRefresh = false;
  shared.lsp.LanguageServer.onInitialize(({ capabilities }) => {
    canRefresh = capabilities.workspace?.codeLens?.refreshSupport === true;
  });
  // Errors of the text show at once; what compiling shows follows when it is there.
  shared.workspace.DocumentBuilder.onDocumentPhase(DocumentState.Validated, (document) => {
    if (context.prices === undefined) return;
    void Diagnostics.afterCompile(document).then(async (diagnostics) => {
      if (diagnostics === undefined) return;
      const { uri, version } = document.textDocument;
      await context.connection.sendDiagnostics({ uri, version, diagnostics: diagnostics.map(toLspDiagnostic) });
      if (canRefresh) await context.connection.sendRequest('workspace/codeLens/refresh');
    });
  });
  shared.workspace.TextDocuments.onDidClose(({ document }) => {
    trainplan.trainplan.Prices.forget(document.uri);
    void context.connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
  });
  startLanguageServer(shared);
}
