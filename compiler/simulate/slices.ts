/** Long work in slices, so that the host's event loop goes on. */

/** How long the host's event loop may wait. */
const sliceMs = 50;

/** An `AbortSignal` will do. */
export interface CancelSignal {
  readonly aborted: boolean;
}

export interface Slices {
  /** Also once it is cancelled. */
  due(): boolean;
  /** Lets the host do its work; says whether it cancelled. */
  take(): Promise<boolean>;
}

export function slices(signal: CancelSignal | undefined): Slices {
  let started = performance.now();
  return {
    due: () => signal?.aborted === true || performance.now() - started >= sliceMs,
    take: async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      started = performance.now();
      return signal?.aborted === true;
    },
  };
}
