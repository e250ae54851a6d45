/// <reference lib="webworker" />
/** The language server as a worker of a browser; `prices.worker.js` stands beside it. */

import { BrowserMessageReader, BrowserMessageWriter, createConnection } from 'vscode-languageserver/browser';
import { ClientFiles } from '../../language/server/clientFiles.ts';
import { pricesFrom } from '../../language/server/pricePort.ts';
import type { PriceProvider } from '../../language/server/prices.ts';
import { startTrainplanServer } from '../../language/server/start.ts';

declare const self: DedicatedWorkerGlobalScope;

const connection = createConnection(new BrowserMessageReader(self), new BrowserMessageWriter(self));

// A web extension's host starts workers from a blob, which has no neighbours: then there are no prices, all else works.
function startPrices(): PriceProvider | undefined {
  try {
    const compiler = new Worker(new URL('prices.worker.js', self.location.href));
    return pricesFrom({
      post: (message) => compiler.postMessage(message),
      listen: (receive, fail) => {
        compiler.addEventListener('message', ({ data }) => receive(data));
        compiler.addEventListener('error', fail);
      },
    });
  } catch {
    return undefined;
  }
}

const prices = startPrices();
startTrainplanServer({
  connection,
  files: new ClientFiles(connection),
  ...(prices === undefined ? {} : { prices }),
});
