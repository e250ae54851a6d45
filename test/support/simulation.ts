/** Simulations of the bundled sample as the monitor runs them, with the engine in this thread. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { nodeFiles } from '../../extension/cli/files/data.ts';
import type { FileSystem } from '../../extension/data/files.ts';
import { connect, type EngineClient, serve } from '../../extension/engine/channel.ts';
import { type Engine, handlers } from '../../extension/engine/handlers.ts';
import type { RunStore } from '../../extension/monitor/runStore.ts';
import { Simulation, type SimulationHost } from '../../extension/monitor/simulation.ts';
import { sampleFolder } from './cli.ts';

/** Messages are copied, as between threads. */
export function localEngine(): EngineClient<Engine> {
  return connect<Engine>(() => {
    let toEngine = (_: unknown): void => undefined;
    let toCaller = (_: unknown): void => undefined;
    let open = true;
    serve(
      {
        post: (message) => {
          const copy = structuredClone(message);
          queueMicrotask(() => open && toCaller(copy));
        },
        listen: (receive) => {
          toEngine = receive;
        },
      },
      handlers,
    );
    return {
      post: (message) => {
        const copy = structuredClone(message);
        queueMicrotask(() => toEngine(copy));
      },
      listen: (receive) => {
        toCaller = receive;
      },
      dispose: () => {
        open = false;
      },
    };
  });
}

export const localHost: SimulationHost = {
  startEngine: localEngine,
  async withModel(engine, ask) {
    for (;;) {
      const answer = await ask();
      if (answer.kind !== 'model-needed') return answer;
      const bytes = readIfThere(fileURLToPath(answer.uri));
      await engine.call('openModel', { uri: answer.uri, ...(bytes === undefined ? {} : { bytes }) });
    }
  },
};

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    return undefined;
  }
}

export interface SampleRun {
  readonly text?: string;
  readonly name?: string;
  readonly seed?: number;
  readonly epochs?: number;
  readonly files?: FileSystem;
}

export const sampleText = (): string => readFileSync(`${sampleFolder}/garments.trainplan`, 'utf8');

/** @param text the sample's plan, or a variant of it that stands beside it */
export function sampleSimulation(
  store: RunStore,
  { text = sampleText(), name = 'garments', seed, epochs, files = nodeFiles(sampleFolder) }: SampleRun = {},
): Simulation {
  const uri = pathToFileURL(resolve(sampleFolder, 'garments.trainplan')).toString();
  const run = store.add({ name, source: 'simulation', plan: 'garments.trainplan', canCancel: true, canRunAgain: true });
  return new Simulation(store, run, { plan: { uri, text, boards: '{}' }, files, seed, epochs }, localHost);
}
