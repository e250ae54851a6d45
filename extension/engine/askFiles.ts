/** Files for the engine, which only the host can read: every read is a question to the caller and waits for its answer. */

import type { FileEntry, FileSystem } from '../data/files.ts';

/** Goes to the host as progress of the call that needs the file. */
export interface FileQuestion {
  readonly kind: 'file';
  readonly question: number;
  readonly what: 'list' | 'read';
  /** Relative to the plan, or absolute. */
  readonly path: string;
}

export interface FileAnswer {
  /** The number that the caller gave its call. */
  readonly call: number;
  readonly question: number;
  /** Absent, as `bytes`: there is no such folder or file. */
  readonly entries?: readonly FileEntry[];
  readonly bytes?: Uint8Array;
  /** Why it cannot be read. */
  readonly problem?: string;
}

type Waiting = Map<number, { readonly resolve: (answer: FileAnswer) => void; readonly reject: (error: Error) => void }>;

const calls = new Map<number, Waiting>();

/** The file system of one call, until `close`. */
export function askFiles(
  call: number,
  ask: (question: FileQuestion) => void,
): FileSystem & { readonly close: () => void } {
  const waiting: Waiting = new Map();
  calls.set(call, waiting);
  let next = 0;
  const answerTo = (what: FileQuestion['what'], path: string): Promise<FileAnswer> =>
    new Promise((resolve, reject) => {
      const question = next++;
      waiting.set(question, { resolve, reject });
      ask({ kind: 'file', question, what, path });
    });
  return {
    list: async (path) => (await answerTo('list', path)).entries,
    read: async (path) => (await answerTo('read', path)).bytes,
    close: () => calls.delete(call),
  };
}

/** A handler of the engine. An answer that nobody waits for any more is dropped. */
export function answerFile(answer: FileAnswer): void {
  const waiting = calls.get(answer.call);
  const asker = waiting?.get(answer.question);
  waiting?.delete(answer.question);
  if (answer.problem === undefined) asker?.resolve(answer);
  else asker?.reject(new Error(answer.problem));
}
