/** The arena as a chart: each buffer a rectangle, as long as its life and as high as its bytes. */

import { Chart, type ChartConfiguration, LinearScale, type Plugin } from 'chart.js';
import { MatrixController, type MatrixDataPoint, MatrixElement } from 'chartjs-chart-matrix';
import annotation, { type AnnotationOptions } from 'chartjs-plugin-annotation';
import { bytesText, t } from '../text.ts';
import { mixed, type Theme, withAlpha } from '../theme.ts';
import type { PictureBuffer, PlanPicture } from './messages.ts';
import { type Paint, paintsOf, type SeriesKey, seriesOfRole } from './series.ts';
import { kilobyteLabel, kilobyteTicks } from './timelineChart.ts';
import { type Range, wholeRange } from './timelineData.ts';

Chart.register(MatrixController, MatrixElement, LinearScale, annotation);

interface Block extends MatrixDataPoint {
  readonly x: number;
  readonly y: number;
  readonly buffer: PictureBuffer;
}

export interface ArenaChart {
  readonly chart: Chart<'matrix', Block[]>;
  setTheme(theme: Theme): void;
  draw(picture: PlanPicture, steps: Range | null, addresses: Range | null): void;
}

/** A little above the arena, so that its edge and the bound are seen. */
export function wholeAddresses({ totals }: PlanPicture): Range {
  return { min: 0, max: Math.max(totals.arenaBytes, 1) * 1.06 };
}

export function createArenaChart(canvas: HTMLCanvasElement, firstTheme: Theme): ArenaChart {
  let theme = firstTheme;
  let paints: Readonly<Record<SeriesKey, Paint>> = paintsOf(theme);
  let arenaBytes = 0;
  const annotations: Record<string, AnnotationOptions> = {};
  const unused: Plugin<'matrix'> = {
    id: 'unused',
    beforeDatasetsDraw: (chart) => shadeUnused(chart, arenaBytes, theme),
  };
  const pixels = (chart: Chart, axis: 'x' | 'y', from: number, length: number): number => {
    const scale = chart.scales[axis];
    return scale === undefined ? 0 : Math.abs(scale.getPixelForValue(from + length) - scale.getPixelForValue(from));
  };
  // Asked once without data, for the options that all blocks share.
  const bufferOf = ({ raw }: { raw: unknown }): PictureBuffer | undefined => (raw as Block | undefined)?.buffer;
  const configuration: ChartConfiguration<'matrix', Block[]> = {
    type: 'matrix',
    plugins: [unused],
    data: {
      datasets: [
        {
          data: [],
          anchorX: 'left',
          anchorY: 'bottom',
          borderWidth: () => (theme.highContrast ? 1 : 0.5),
          borderColor: (context) => paints[seriesOfRole(bufferOf(context)?.role ?? 'activation')].outline,
          backgroundColor: (context) => paints[seriesOfRole(bufferOf(context)?.role ?? 'activation')].fill as string,
          width: (context) => {
            const { first = 0, last = 0 } = bufferOf(context) ?? {};
            return Math.max(pixels(context.chart, 'x', first, last - first + 1), 1);
          },
          height: (context) => {
            const { offset = 0, bytes = 0 } = bufferOf(context) ?? {};
            return Math.max(pixels(context.chart, 'y', offset, bytes), 1);
          },
        },
      ],
    },
    options: {
      animation: false,
      parsing: false,
      responsive: true,
      maintainAspectRatio: false,
      events: [],
      scales: {
        // The controller's own defaults would shift the steps and turn the addresses over.
        x: {
          type: 'linear',
          offset: false,
          reverse: false,
          grid: { display: false },
          ticks: { precision: 0, includeBounds: false, maxRotation: 0 },
        },
        y: {
          type: 'linear',
          offset: false,
          reverse: false,
          border: { display: false },
          ticks: {},
          afterBuildTicks: kilobyteTicks,
        },
      },
      plugins: { annotation: { annotations } },
    },
  };
  const chart = new Chart<'matrix', Block[]>(canvas, configuration);
  const setTheme = (next: Theme): void => {
    theme = next;
    paints = paintsOf(theme);
    const font = { family: theme.font, size: 11 };
    for (const scale of Object.values(chart.options.scales ?? {})) {
      Object.assign(scale?.ticks ?? {}, { color: theme.muted, font });
      Object.assign(scale?.grid ?? {}, { color: theme.gridLine });
      Object.assign(scale?.border ?? {}, { color: theme.gridLine });
    }
    Object.assign(chart.options.scales?.y?.ticks ?? {}, { callback: kilobyteLabel });
  };
  setTheme(firstTheme);
  return {
    chart,
    setTheme,
    draw(picture, steps, addresses) {
      arenaBytes = picture.totals.arenaBytes;
      const [dataset] = chart.data.datasets;
      if (dataset !== undefined) {
        dataset.data = picture.buffers.map((buffer) => ({ x: buffer.first - 0.5, y: buffer.offset, buffer }));
      }
      const { x, y } = chart.options.scales ?? {};
      const range = addresses ?? wholeAddresses(picture);
      Object.assign(x ?? {}, steps ?? wholeRange(picture.steps.length));
      Object.assign(y ?? {}, range);
      for (const name of Object.keys(annotations)) delete annotations[name];
      Object.assign(annotations, limitsOf(picture, theme));
      chart.update('none');
    },
  };
}

function limitsOf({ totals }: PlanPicture, theme: Theme): Record<string, AnnotationOptions> {
  const { arenaBytes, lowerBoundBytes, provenOptimal } = totals;
  const label = {
    display: true,
    backgroundColor: withAlpha(theme.background, 0.85),
    color: theme.foreground,
    font: { family: theme.font, size: 11, weight: 'normal' as const },
    padding: 3,
    position: 'end' as const,
  };
  const line = (bytes: number, content: string, dash: number[]): AnnotationOptions => ({
    type: 'line',
    yMin: bytes,
    yMax: bytes,
    borderColor: theme.foreground,
    borderWidth: 1,
    borderDash: dash,
    label: { ...label, content },
  });
  if (provenOptimal) {
    return { arena: line(arenaBytes, t('arena {0}: the least possible', bytesText(arenaBytes)), []) };
  }
  return {
    arena: line(arenaBytes, t('arena {0}', bytesText(arenaBytes)), []),
    bound: line(lowerBoundBytes, t('no packing takes less than {0}', bytesText(lowerBoundBytes)), [6, 4]),
  };
}

/** Below the arena's height, where no buffer is, memory lies idle: thin diagonal lines. */
function shadeUnused({ ctx, chartArea, scales }: Chart, arenaBytes: number, theme: Theme): void {
  const top = Math.max(scales.y?.getPixelForValue(arenaBytes) ?? chartArea.top, chartArea.top);
  const bottom = Math.min(scales.y?.getPixelForValue(0) ?? chartArea.bottom, chartArea.bottom);
  ctx.save();
  ctx.beginPath();
  ctx.rect(chartArea.left, top, chartArea.width, Math.max(bottom - top, 0));
  ctx.clip();
  ctx.fillStyle = mixed(theme.foreground, theme.background, 0.03);
  ctx.fillRect(chartArea.left, top, chartArea.width, bottom - top);
  ctx.strokeStyle = withAlpha(theme.foreground, theme.highContrast ? 0.35 : 0.1);
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let x = chartArea.left - chartArea.height; x < chartArea.right; x += 7) {
    ctx.moveTo(x, bottom);
    ctx.lineTo(x + (bottom - top), top);
  }
  ctx.stroke();
  ctx.restore();
}
