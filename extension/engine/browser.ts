/// <reference lib="webworker" />
/** The engine as a worker of a browser. */

import { serve } from './channel.ts';
import { handlers } from './handlers.ts';

declare const self: DedicatedWorkerGlobalScope;

serve(
  {
    post: (message, transfer = []) => self.postMessage(message, [...transfer]),
    listen: (receive) => self.addEventListener('message', ({ data }) => receive(data)),
  },
  handlers,
);
