import { Worker } from 'node:worker_threads';
import { connect, type EngineClient } from './channel.ts';
import type { Engine } from './handlers.ts';
import type { Urgency } from './urgency.ts';

/** `file`: path of the bundle of `node.ts`. */
export function startEngine(file: string, urgency: Urgency = 'quick'): EngineClient<Engine> {
  return connect<Engine>(() => {
    const worker = new Worker(file, { workerData: urgency });
    worker.unref();
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      listen: (receive, fail) => {
        worker.on('message', receive);
        worker.on('error', fail);
        worker.on('exit', (code) => fail(new Error(`the engine ended with code ${code}`)));
      },
      dispose: () => void worker.terminate(),
    };
  });
}
