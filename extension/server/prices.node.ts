/** The thread that compiles for the language server's prices. */

import { parentPort } from 'node:worker_threads';
import { servePrices } from '../../language/server/pricePort.ts';
import { becomePatient } from '../engine/urgency.ts';

const port = parentPort;
if (port === null) throw new Error('started outside of a worker thread');
// A click in the plan view goes first.
becomePatient();
servePrices({
  post: (message) => port.postMessage(message),
  listen: (receive) => port.on('message', receive),
});
