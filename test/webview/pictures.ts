/** Real plans as the view gets them. */
import { resolve } from 'node:path';
import { priceInBackground } from '../../compiler/search/prices.ts';
import { compilePlanFile } from '../../extension/cli/compilation.ts';
import { planPicture } from '../../extension/engine/picture.ts';
import type { PicturePrice, PlanPicture, WeightPosition } from '../../webview/messages.ts';

export const garmentsPlan = 'extension/samples/garments/garments.trainplan';

export interface Compiled {
  readonly picture: PlanPicture;
  readonly prices: readonly PicturePrice[];
}

export async function compiledPlan(file: string, priced = true): Promise<Compiled> {
  const compiled = await compilePlanFile(resolve(file));
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('; '));
  const { plan, graph, compilation, memory } = compiled.value;
  const prices: PicturePrice[] = [];
  if (priced) {
    await priceInBackground(graph, plan, compilation, (price) => {
      const { layer, change } = price;
      const weights = change.kind === 'weights' ? change.weights : undefined;
      const position: WeightPosition =
        weights?.kind !== 'fraction'
          ? 'none'
          : weights.denominator === 1
            ? 'all'
            : (`1/${weights.denominator}` as WeightPosition);
      prices.push({
        layer,
        change: change.kind === 'bias' ? { bias: change.bias } : { weights: position },
        sramBytes: price.possible ? price.sramBytes : null,
        arenaBytes: price.possible ? price.arenaBytes : null,
      });
    });
  }
  return { picture: planPicture(plan, graph, compilation, memory), prices };
}
