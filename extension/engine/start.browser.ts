import { connect, type EngineClient } from './channel.ts';
import type { Engine } from './handlers.ts';

/** `load`: starts a worker with the bundle of `browser.ts`. */
export function startEngine(load: () => Promise<Worker>): EngineClient<Engine> {
  return connect<Engine>(() => {
    const loaded = load();
    return {
      // In order: each message waits for the same promise. Whoever listens learns of its failure.
      post: (message, transfer = []) =>
        void loaded.then((worker) => worker.postMessage(message, [...transfer])).catch(() => undefined),
      listen: (receive, fail) =>
        void loaded.then((worker) => {
          worker.addEventListener('message', ({ data }) => receive(data));
          worker.addEventListener('error', ({ message }) => fail(new Error(message)));
        }, fail),
      dispose: () => void loaded.then((worker) => worker.terminate()).catch(() => undefined),
    };
  });
}
