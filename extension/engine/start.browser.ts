import { connect, type EngineClient } from './channel.ts';
import type { Engine } from './handlers.ts';

/** `url`: of the bundle of `browser.ts`. */
export function startEngine(url: string): EngineClient<Engine> {
  return connect<Engine>(() => {
    const worker = new Worker(url);
    return {
      post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
      listen: (receive, fail) => {
        worker.addEventListener('message', ({ data }) => receive(data));
        worker.addEventListener('error', ({ message }) => fail(new Error(message)));
      },
      dispose: () => worker.terminate(),
    };
  });
}
