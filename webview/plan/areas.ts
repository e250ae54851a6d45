/**
 * The stacked areas of the timeline, drawn straight onto the chart's canvas: the library's own stacked areas have sloping
 * lower edges between steps, and an element for each point of each part, which is most of the time of a redraw.
 */

import type { Chart } from 'chart.js';
import type { Paint, SeriesKey } from './series.ts';
import { seriesKeys } from './series.ts';
import type { StackedSteps } from './timelineData.ts';

export function drawAreas(
  { ctx, chartArea, scales }: Chart,
  { edges, tops }: StackedSteps,
  paints: Readonly<Record<SeriesKey, Paint>>,
): void {
  const { x, y } = scales;
  if (x === undefined || y === undefined || edges.length < 2) return;
  const { left, top, width, height } = chartArea;
  const across = edges.map((edge) => x.getPixelForValue(edge));
  const ground = y.getPixelForValue(0);
  let below = across.slice(1).map(() => ground);
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.lineWidth = 1;
  seriesKeys.forEach((key, index) => {
    const above = (tops[index] ?? []).map((bytes) => y.getPixelForValue(bytes));
    const isEmpty = above.every((pixel, step) => pixel === below[step]);
    if (!isEmpty) {
      ctx.beginPath();
      above.forEach((height, step) => {
        ctx.lineTo(across[step] ?? 0, height);
        ctx.lineTo(across[step + 1] ?? 0, height);
      });
      for (let step = below.length - 1; step >= 0; step--) {
        ctx.lineTo(across[step + 1] ?? 0, below[step] ?? 0);
        ctx.lineTo(across[step] ?? 0, below[step] ?? 0);
      }
      ctx.fillStyle = paints[key].fill;
      ctx.fill();
      ctx.strokeStyle = paints[key].line;
      strokeTops(ctx, across, above, below);
    }
    below = above;
  });
  ctx.restore();
}

/** Along the upper edge, wherever the part is there at all. */
function strokeTops(
  ctx: CanvasRenderingContext2D,
  across: readonly number[],
  above: readonly number[],
  below: readonly number[],
): void {
  ctx.beginPath();
  above.forEach((height, step) => {
    const isThere = height !== below[step];
    if (!isThere) return;
    const joins = step > 0 && above[step - 1] !== below[step - 1];
    if (joins) ctx.lineTo(across[step] ?? 0, height);
    else ctx.moveTo(across[step] ?? 0, height);
    ctx.lineTo(across[step + 1] ?? 0, height);
  });
  ctx.stroke();
}
