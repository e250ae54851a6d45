/** The engine as a thread of Node: compiles and simulates for the views. */

import { parentPort } from 'node:worker_threads';
import { serve } from './channel.ts';
import { handlers } from './handlers.ts';

const port = parentPort;
if (port === null) throw new Error('started outside of a worker thread');
serve(
  {
    post: (message, transfer) => port.postMessage(message, transfer),
    listen: (receive) => port.on('message', receive),
  },
  handlers,
);
