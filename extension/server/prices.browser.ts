/// <reference lib="webworker" />
/** The worker that compiles for the language server's prices, in a browser. */

import { servePrices } from '../../language/server/pricePort.ts';

declare const self: DedicatedWorkerGlobalScope;

servePrices({
  post: (message) => self.postMessage(message),
  listen: (receive) => self.addEventListener('message', ({ data }) => receive(data)),
});
