/** The workers behind the views: one answers the author's clicks, the others compute what may take its time. */

import { Uri } from 'vscode';
import type { EngineClient } from '../engine/channel.ts';
import type { Engine } from '../engine/handlers.ts';
import type { ModelNeeded } from '../engine/plans.ts';
import type { Urgency } from '../engine/urgency.ts';
import { readIfThere } from '../files.ts';

export interface Engines {
  /** Short work that somebody waits for. */
  readonly quick: EngineClient<Engine>;
  /** Prices and comparisons: never in the way of a click. */
  readonly background: EngineClient<Engine>;
  /** Searches of minutes. */
  readonly search: EngineClient<Engine>;
  dispose(): void;
}

/** Each starts with its first call. */
export function createEngines(start: (urgency?: Urgency) => EngineClient<Engine>): Engines {
  const [quick, background, search] = [start(), start('patient'), start('patient')];
  return {
    quick,
    background,
    search,
    dispose() {
      for (const engine of [quick, background, search]) engine.dispose();
    },
  };
}

/** A plan names one model, and the text may change to another in between. */
const mostModels = 4;

/** Asks, gives the engine the model that it lacks, and asks again. */
export async function withModel<Answer extends { readonly kind: string }>(
  engine: EngineClient<Engine>,
  ask: () => Promise<Answer | ModelNeeded>,
): Promise<Exclude<Answer, ModelNeeded>> {
  for (let given = 0; ; given++) {
    const answer = await ask();
    if (!isModelNeeded(answer)) return answer as Exclude<Answer, ModelNeeded>;
    if (given === mostModels) throw new Error(`the engine does not take ${answer.uri}`);
    const bytes = await readIfThere(Uri.parse(answer.uri));
    await engine.call('openModel', { uri: answer.uri, ...(bytes === undefined ? {} : { bytes }) });
  }
}

function isModelNeeded(answer: { readonly kind: string }): answer is ModelNeeded {
  return answer.kind === 'model-needed';
}
