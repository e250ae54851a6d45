/** Worker threads that are asked one thing at a time. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';

/** A script beside this bundle; undefined where the sources run as they are. */
export function bundledScript(file: string): URL | undefined {
  const script = new URL(`./${file}`, import.meta.url);
  return existsSync(fileURLToPath(script)) ? script : undefined;
}

/** What an answer is told with; whatever comes first counts. */
export interface Asked<Answer> {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Posts a message and listens until it is answered.
 * @param hear called with each message of the thread: answers it, or takes it for progress
 * @param onExit called if the thread ends meanwhile; default: that is an error
 */
export function askThread<Message, Answer>(
  worker: Worker,
  request: unknown,
  hear: (message: Message, asked: Asked<Answer>) => void,
  onExit = (code: number, asked: Asked<Answer>): void => asked.reject(new Error(`a thread ended with code ${code}`)),
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      worker.off('message', onMessage);
      worker.off('error', asked.reject);
      worker.off('exit', onEnd);
    };
    const asked: Asked<Answer> = {
      resolve(answer) {
        end();
        resolve(answer);
      },
      reject(error) {
        end();
        reject(error);
      },
    };
    const onMessage = (message: Message): void => hear(message, asked);
    const onEnd = (code: number): void => onExit(code, asked);
    worker.on('message', onMessage);
    worker.on('error', asked.reject);
    worker.on('exit', onEnd);
    worker.postMessage(request);
  });
}
