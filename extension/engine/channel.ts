/** Typed calls to a worker: one request, any number of progress reports, one answer; each can be cancelled. */

/** What a worker of Node and one of a browser have in common. */
export interface Port {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** `fail` tells that the other side is gone for good. */
  listen(receive: (message: unknown) => void, fail: (error: Error) => void): void;
}

/** What a handler has at hand beside its input. */
export interface Work<Progress> {
  readonly signal: AbortSignal;
  report(progress: Progress): void;
}

/** Handlers that nobody awaits together run interleaved; a long one gives way now and then, or no cancel gets through. */
// biome-ignore lint/suspicious/noExplicitAny: a table of handlers of any types; `call` recovers each one's own.
export type Handlers = Readonly<Record<string, (input: any, work: Work<any>) => unknown>>;

type InputOf<H> = H extends (input: infer I, ...rest: never[]) => unknown ? I : never;
type ProgressOf<H> = H extends (input: never, work: Work<infer P>) => unknown ? P : never;
type OutputOf<H> = H extends (...rest: never[]) => infer O ? Awaited<O> : never;

export interface CallOptions<Progress> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface EngineClient<H extends Handlers> {
  /** Rejects with what the handler threw, with an `AbortError` once cancelled, or when the worker died. */
  call<Name extends keyof H & string>(
    name: Name,
    input: InputOf<H[Name]>,
    options?: CallOptions<ProgressOf<H[Name]>>,
  ): Promise<OutputOf<H[Name]>>;
  /** There is a worker, which may hold what earlier calls gave it. */
  isRunning(): boolean;
  dispose(): void;
}

type ToWorker =
  | { readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly id: number; readonly cancel: true };
type FromWorker =
  | { readonly id: number; readonly progress: unknown }
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } };

/** The worker's side. */
export function serve(port: Port, handlers: Handlers): void {
  const running = new Map<number, AbortController>();
  const perform = async (id: number, name: string, input: unknown): Promise<void> => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const handler = handlers[name];
      if (handler === undefined) throw new Error(`the engine has no '${name}'`);
      const report = (progress: unknown): void => port.post({ id, progress } satisfies FromWorker);
      const output = await handler(input, { signal: controller.signal, report });
      port.post({ id, output } satisfies FromWorker);
    } catch (error) {
      const { name: kind, message } = error instanceof Error ? error : new Error(String(error));
      port.post({ id, error: { name: kind, message } } satisfies FromWorker);
    } finally {
      running.delete(id);
    }
  };
  port.listen(
    (message) => {
      const request = message as ToWorker;
      if ('cancel' in request) running.get(request.id)?.abort();
      else void perform(request.id, request.name, request.input);
    },
    () => {
      for (const controller of running.values()) controller.abort();
    },
  );
}

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress?: ((progress: unknown) => void) | undefined;
}

/** The caller's side. The worker starts with the first call, and anew after it has died. */
export function connect<H extends Handlers>(start: () => Port & { dispose(): void }): EngineClient<H> {
  let nextId = 0;
  let port: (Port & { dispose(): void }) | undefined;
  const waiting = new Map<number, Waiting>();

  const receive = (message: unknown): void => {
    const answer = message as FromWorker;
    const call = waiting.get(answer.id);
    if (call === undefined) return;
    if ('progress' in answer) {
      call.onProgress?.(answer.progress);
      return;
    }
    waiting.delete(answer.id);
    if ('output' in answer) call.resolve(answer.output);
    else call.reject(Object.assign(new Error(answer.error.message), { name: answer.error.name }));
  };
  const fail = (error: Error): void => {
    port = undefined;
    for (const { reject } of [...waiting.values()]) reject(error);
    waiting.clear();
  };
  const started = (): Port => {
    if (port === undefined) {
      const mine = start();
      port = mine;
      // A late word of a worker that was replaced concerns nobody.
      mine.listen(receive, (error) => port === mine && fail(error));
    }
    return port;
  };

  return {
    call(name, input, { signal, onProgress } = {}) {
      return new Promise((resolve, reject) => {
        const id = nextId++;
        const cancelled = (): void => {
          if (!waiting.delete(id)) return;
          port?.post({ id, cancel: true } satisfies ToWorker);
          reject(Object.assign(new Error('cancelled'), { name: 'AbortError' }));
        };
        if (signal?.aborted === true) {
          reject(Object.assign(new Error('cancelled'), { name: 'AbortError' }));
          return;
        }
        signal?.addEventListener('abort', cancelled, { once: true });
        const settle = <T>(done: (value: T) => void) => {
          return (value: T): void => {
            signal?.removeEventListener('abort', cancelled);
            done(value);
          };
        };
        waiting.set(id, {
          resolve: settle((output) => resolve(output as OutputOf<H[typeof name]>)),
          reject: settle(reject),
          onProgress: onProgress as ((progress: unknown) => void) | undefined,
        });
        try {
          started().post({ id, name, input } satisfies ToWorker);
        } catch (error) {
          waiting.delete(id);
          settle(reject)(error instanceof Error ? error : new Error(String(error)));
        }
      });
    },
    isRunning: () => port !== undefined,
    dispose() {
      port?.dispose();
      fail(Object.assign(new Error('the engine was stopped'), { name: 'AbortError' }));
    },
  };
}
