/** The points that searches have found so far, by numbers that stay: the front of all of them. */

import type { ParetoPoint } from '../../compiler/search/scheme.ts';
import type { FitPoint } from '../../webview/messages.ts';

export interface NumberedPoint extends ParetoPoint {
  readonly id: number;
}

export class Front {
  private shown: readonly NumberedPoint[] = [];
  private nextId = 0;
  /** Points that are worse stay known: the page may still show one. */
  private readonly known = new Map<string, NumberedPoint>();

  /** By ascending bytes and score. */
  get points(): readonly FitPoint[] {
    return this.shown.map(({ id, sramBytes, score }) => ({ id, sramBytes, score }));
  }

  find(id: number): NumberedPoint | undefined {
    return [...this.known.values()].find((point) => point.id === id);
  }

  clear(): void {
    this.shown = [];
    this.known.clear();
  }

  /** Whether the front is another one now. */
  add(fresh: readonly ParetoPoint[]): boolean {
    const all = [...this.shown, ...fresh.map((point) => this.numbered(point))];
    all.sort((a, b) => a.sramBytes - b.sramBytes || b.score - a.score || a.id - b.id);
    let most = Number.NEGATIVE_INFINITY;
    const front = all.filter(({ score }) => {
      const better = score > most;
      if (better) most = score;
      return better;
    });
    const isNew = front.length !== this.shown.length || front.some((point, index) => point !== this.shown[index]);
    this.shown = front;
    return isNew;
  }

  numbered(point: ParetoPoint): NumberedPoint {
    const key = JSON.stringify([...point.update]);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const numbered = { ...point, id: this.nextId++ };
    this.known.set(key, numbered);
    return numbered;
  }
}
