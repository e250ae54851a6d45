/** The prices that came so far, and what they advise. */

import { type LayerSwitch, type PicturePrice, type WeightPosition, weightPositions } from './messages.ts';

/** One switch of one layer in one position: `block1.conv weights 1/4`, `block1.conv bias true`. */
export function switchKey(layer: string, { bias, weights }: LayerSwitch): string {
  return weights === undefined ? `${layer} bias ${bias}` : `${layer} weights ${weights}`;
}

export class PriceBook {
  private readonly byKey = new Map<string, PicturePrice>();
  private complete = false;

  clear(): void {
    this.byKey.clear();
    this.complete = false;
  }

  add(prices: readonly PicturePrice[], done: boolean): void {
    for (const price of prices) this.byKey.set(switchKey(price.layer, price.change), price);
    this.complete = done;
  }

  /** All prices are there: what has none now will get none. */
  get done(): boolean {
    return this.complete;
  }

  priceOf(layer: string, change: LayerSwitch): PicturePrice | undefined {
    return this.byKey.get(switchKey(layer, change));
  }

  /** The change that saves most SRAM: of this layer, or of all. Undefined where none saves any. */
  best(layer?: string): PicturePrice | undefined {
    return this.leastOf(layer, () => true);
  }

  /** The same among those that lower the peak of the arena. */
  bestForPeak(layer?: string): PicturePrice | undefined {
    return this.leastOf(layer, ({ arenaBytes }) => (arenaBytes ?? 0) < 0);
  }

  private leastOf(layer: string | undefined, counts: (price: PicturePrice) => boolean): PicturePrice | undefined {
    let best: PicturePrice | undefined;
    for (const price of this.byKey.values()) {
      if ((layer !== undefined && price.layer !== layer) || price.sramBytes === null || !counts(price)) continue;
      if (price.sramBytes < (best?.sramBytes ?? 0)) best = price;
    }
    return best;
  }
}

/**
 * The position of a layer's switch for what the plan writes: `weights 2/8` stands at 1/4. Undefined for a choice that
 * the switch does not offer, such as `weights channels 16`.
 */
export function weightPosition(weights: string): WeightPosition | undefined {
  const written = weights.replace(/^weights\s+/, '');
  const exact = weightPositions.find((position) => position === written);
  if (exact !== undefined) return exact;
  const [numerator, denominator] = written.split('/').map(Number);
  if (numerator === undefined || denominator === undefined || !/^\d+\/\d+$/.test(written)) return undefined;
  return weightPositions.find((position) => shareOf(position) * denominator === numerator);
}

function shareOf(position: WeightPosition): number {
  if (position === 'none') return 0;
  return position === 'all' ? 1 : 1 / Number(position.slice(2));
}
