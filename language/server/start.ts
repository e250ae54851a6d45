/** Starts the language server on a connection, whoever made it: a process's stdio or a browser worker. */

import { DocumentState } from 'langium';
import { startLanguageServer } from 'langium/lsp';
import { toLspDiagnostic } from './diagnostics.ts';
import { createTrainplanServices, type ServerContext } from './module.ts';

export function startTrainplanServer(context: ServerContext): void {
  const { shared, trainplan } = createTrainplanServices(context);
  const { Diagnostics } = trainplan.trainplan;
  if (context.prices !== undefined) {
    // Errors of the text show at once; what compiling shows follows when it is there.
    shared.workspace.DocumentBuilder.onDocumentPhase(DocumentState.Validated, (document) => {
      void Diagnostics.afterCompile(document).then((diagnostics) => {
        if (diagnostics === undefined) return undefined;
        const { uri } = document.textDocument;
        return context.connection.sendDiagnostics({ uri, diagnostics: diagnostics.map(toLspDiagnostic) });
      });
    });
  }
  shared.workspace.TextDocuments.onDidClose(({ document }) => {
    trainplan.trainplan.Prices.forget(document.uri);
    void context.connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
  });
  startLanguageServer(shared);
}
