/** The engine as a thread of Node: compiles and simulates for the views. */

import { parentPort, workerData } from 'node:worker_threads';
import { serve } from './channel.ts';
import { handlers } from './handlers.ts';
import { becomePatient, type Urgency } from './urgency.ts';

const port = parentPort;
if (port === null) throw new Error('started outside of a worker thread');
if ((workerData as Urgency) === 'patient') becomePatient();
serve(
  {
    post: (message, transfer) => port.postMessage(message, transfer),
    listen: (receive) => port.on('message', receive),
  },
  handlers,
);
