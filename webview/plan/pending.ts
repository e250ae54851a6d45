/** Switches that were pressed and not confirmed yet: shown at once, until a picture agrees or too much time has passed. */

import type { LayerSwitch, PictureLayer } from './messages.ts';
import { weightPosition } from './prices.ts';

/** A picture may be of the text before the press; after so many milliseconds it has the last word. */
export const patienceMilliseconds = 4000;

export class PendingSwitches {
  private readonly byLayer = new Map<string, { readonly change: LayerSwitch; readonly at: number }>();

  press(layer: string, change: LayerSwitch, now: number): void {
    this.byLayer.set(layer, { change: { ...this.byLayer.get(layer)?.change, ...change }, at: now });
  }

  of(layer: string): LayerSwitch | undefined {
    return this.byLayer.get(layer)?.change;
  }

  clear(): void {
    this.byLayer.clear();
  }

  /** Drops what the layers agree with, and what has waited too long. True if some still wait. */
  settle(layers: readonly PictureLayer[], now: number): boolean {
    const known = new Map(layers.map((layer) => [layer.name, layer]));
    for (const [name, { change, at }] of this.byLayer) {
      const layer = known.get(name);
      if (layer === undefined || agrees(layer, change) || now - at >= patienceMilliseconds) this.byLayer.delete(name);
    }
    return this.byLayer.size > 0;
  }
}

function agrees(layer: PictureLayer, { bias, weights }: LayerSwitch): boolean {
  const biasAgrees = bias === undefined || layer.bias === bias;
  return biasAgrees && (weights === undefined || weightPosition(layer.weights) === weights);
}
