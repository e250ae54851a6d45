/** The losses of a run in bounded memory, however long it is. */

import type { LossTail } from '../../webview/messages.ts';

/** Fills a large screen; an even number. */
const mostPoints = 2000;

/** What a page has of a series. */
export interface SeenPoints {
  readonly stride: number;
  readonly count: number;
}

/**
 * Every point is the mean of `stride` losses that follow each other, at the last one's step. When there are too many,
 * pairs become one and the stride doubles; so no loss is left out, and a spike still lifts its point.
 */
export class LossSeries {
  private stride = 1;
  private steps: number[] = [];
  private losses: number[] = [];
  private sum = 0;
  private collected = 0;

  add(step: number, loss: number): void {
    this.sum += loss;
    this.collected++;
    if (this.collected < this.stride) return;
    this.steps.push(step);
    this.losses.push(this.sum / this.stride);
    this.sum = 0;
    this.collected = 0;
    if (this.steps.length >= mostPoints) this.halve();
  }

  get seen(): SeenPoints {
    return { stride: this.stride, count: this.steps.length };
  }

  /** What a page lacks; undefined if nothing. A loss that is no finite number becomes null. */
  tail(seen: SeenPoints | undefined): LossTail | undefined {
    const from = seen?.stride === this.stride ? seen.count : 0;
    if (from === this.steps.length && seen !== undefined) return undefined;
    return {
      stride: this.stride,
      from,
      steps: this.steps.slice(from),
      losses: this.losses.slice(from).map((loss) => (Number.isFinite(loss) ? loss : null)),
    };
  }

  /** @param tail with all points of another series */
  static from({ stride, steps, losses }: LossTail): LossSeries {
    const series = new LossSeries();
    series.stride = stride;
    series.steps = [...steps];
    series.losses = losses.map((loss) => loss ?? Number.NaN);
    return series;
  }

  private halve(): void {
    const pairs = Array.from({ length: this.steps.length / 2 }, (_, pair) => 2 * pair);
    this.losses = pairs.map((index) => ((this.losses[index] ?? 0) + (this.losses[index + 1] ?? 0)) / 2);
    this.steps = pairs.map((index) => this.steps[index + 1] ?? 0);
    this.stride *= 2;
  }
}
