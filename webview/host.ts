/** The page's line to the extension: typed messages, checked by a schema, and a small state that outlives hiding. */

import { type BaseIssue, type BaseSchema, safeParse } from 'valibot';
import { unpacked } from './packed.ts';

interface WebviewApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): WebviewApi;

export interface Host<FromPage> {
  send(message: FromPage): void;
  /** What `save` was given last, checked by the schema; undefined at first. */
  restore<State>(schema: BaseSchema<unknown, State, BaseIssue<unknown>>): State | undefined;
  save(state: unknown): void;
}

/** Says `ready` once `receive` is listening. */
export function connectHost<ToPage, FromPage>(
  schema: BaseSchema<unknown, ToPage, BaseIssue<unknown>>,
  receive: (message: ToPage) => void,
): Host<FromPage> {
  const api = acquireVsCodeApi();
  window.addEventListener('message', ({ data }) => {
    const parsed = safeParse(schema, unpacked(data));
    if (parsed.success) receive(parsed.output);
    else console.error('not a message of this page', parsed.issues[0]?.message);
  });
  // After the caller has its host: it may answer at once.
  queueMicrotask(() => api.postMessage({ type: 'ready' }));
  return {
    send: (message) => api.postMessage(message),
    restore(state) {
      const parsed = safeParse(state, api.getState());
      return parsed.success ? parsed.output : undefined;
    },
    save: (state) => api.setState(state),
  };
}
