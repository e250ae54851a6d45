/** The timeline as a chart: stacked areas, lines for budget and reserved SRAM, the peak, the ghost. */

import {
  Chart,
  type ChartConfiguration,
  LinearScale,
  LineController,
  LineElement,
  type Plugin,
  PointElement,
  type Scale,
} from 'chart.js';
import annotation, { type AnnotationOptions } from 'chartjs-plugin-annotation';
import { bytesText, figure, t } from '../text.ts';
import { mixed, type Theme, withAlpha } from '../theme.ts';
import { drawAreas } from './areas.ts';
import { ghostPoints } from './ghost.ts';
import type { GhostPicture, PlanPicture } from './messages.ts';
import { paintsOf } from './series.ts';
import {
  type Band,
  bandsOf,
  heightAt,
  type Point,
  type Range,
  type StackedSteps,
  stackedSteps,
  topOf,
  wholeRange,
} from './timelineData.ts';

Chart.register(LineController, LineElement, PointElement, LinearScale, annotation);

/** Above the plot: the headings of the phases. */
const bandHeight = 18;

export interface TimelineChart {
  readonly chart: Chart<'line', Point[]>;
  setTheme(theme: Theme): void;
  draw(picture: PlanPicture, ghost: GhostPicture | null, range: Range | null): void;
}

export function createTimelineChart(canvas: HTMLCanvasElement, firstTheme: Theme): TimelineChart {
  let theme = firstTheme;
  let bands: readonly Band[] = [];
  let areas: StackedSteps = { edges: [], tops: [] };
  let paints = paintsOf(theme);
  const annotations: Record<string, AnnotationOptions> = {};

  const phases: Plugin<'line'> = {
    id: 'phases',
    beforeDatasetsDraw(chart) {
      drawBands(chart, bands, theme);
      drawAreas(chart, areas, paints);
    },
  };
  const configuration: ChartConfiguration<'line', Point[]> = {
    type: 'line',
    plugins: [phases],
    // The ghost; the plan itself is drawn as areas.
    data: { datasets: [{ data: [], borderWidth: 1.5, borderDash: [4, 3] }] },
    options: {
      animation: false,
      parsing: false,
      normalized: true,
      responsive: true,
      maintainAspectRatio: false,
      // The page listens itself: hovering costs no redraw.
      events: [],
      layout: { padding: { top: bandHeight } },
      datasets: { line: { pointRadius: 0, stepped: 'middle' } },
      scales: {
        x: { type: 'linear', grid: { display: false }, ticks: { precision: 0, includeBounds: false, maxRotation: 0 } },
        y: {
          type: 'linear',
          min: 0,
          border: { display: false },
          ticks: {},
          afterBuildTicks: kilobyteTicks,
        },
      },
      plugins: { annotation: { annotations } },
    },
  };
  const chart = new Chart<'line', Point[]>(canvas, configuration);
  const setTheme = (next: Theme): void => {
    theme = next;
    paints = paintsOf(theme);
    applyTheme(chart, theme);
  };
  setTheme(firstTheme);

  return {
    chart,
    setTheme,
    draw(picture, ghost, range) {
      const whole = wholeRange(picture.steps.length);
      const seen = range ?? whole;
      areas = stackedSteps(picture, seen);
      bands = bandsOf(picture.steps);
      const [ghostLine] = chart.data.datasets;
      if (ghostLine !== undefined) ghostLine.data = ghost === null ? [] : ghostPoints(ghost, picture.steps);
      const top = topOf(picture, ghost?.totals.sramBytes);
      const { x, y } = chart.options.scales ?? {};
      Object.assign(x ?? {}, seen);
      Object.assign(y ?? {}, { max: top.bytes });
      for (const name of Object.keys(annotations)) delete annotations[name];
      Object.assign(annotations, marksOf(picture, theme, top.showsBudget));
      chart.update('none');
    },
  };
}

/** At round numbers of kilobytes of 1,024 bytes; the library's own are round in bytes. */
export function kilobyteTicks(scale: Scale): void {
  const { min, max } = scale;
  const step = kilobyteStep(max - min);
  const first = Math.ceil(min / step);
  scale.ticks = Array.from({ length: Math.max(Math.floor(max / step) - first + 1, 0) }, (_, index) => ({
    value: (first + index) * step,
  }));
}

/** About five lines. */
export function kilobyteStep(top: number): number {
  const raw = top / 1024 / 5;
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(raw, 0.1)));
  const round = [1, 2, 5, 10].find((factor) => factor * magnitude >= raw) ?? 10;
  return round * magnitude * 1024;
}

export function kilobyteLabel(value: number | string): string {
  return `${figure(Number((Number(value) / 1024).toFixed(2)))} KB`;
}

function applyTheme(chart: Chart<'line', Point[]>, theme: Theme): void {
  const [ghost] = chart.data.datasets;
  if (ghost !== undefined) Object.assign(ghost, { borderColor: theme.foreground });
  const font = { family: theme.font, size: 11 };
  for (const scale of Object.values(chart.options.scales ?? {})) {
    if (scale === undefined) continue;
    Object.assign(scale.ticks ?? {}, { color: theme.muted, font });
    Object.assign(scale.grid ?? {}, { color: theme.gridLine });
    Object.assign(scale.border ?? {}, { color: theme.gridLine });
  }
  Object.assign(chart.options.scales?.y?.ticks ?? {}, { callback: kilobyteLabel });
}

function marksOf(picture: PlanPicture, theme: Theme, showsBudget: boolean): Record<string, AnnotationOptions> {
  const { totals, budgetBytes, peak } = picture;
  const over = totals.sramBytes > budgetBytes;
  const font = { family: theme.font, size: 11, weight: 'normal' as const };
  const label = {
    display: true,
    backgroundColor: withAlpha(theme.background, 0.85),
    color: theme.foreground,
    font,
    padding: 3,
  };
  const peakTotal = heightAt(picture, peak.step);
  const early = peak.step < picture.steps.length / 2;
  return {
    ...(showsBudget
      ? {
          budget: {
            type: 'line',
            yMin: budgetBytes,
            yMax: budgetBytes,
            borderColor: over ? theme.error : theme.foreground,
            borderWidth: over ? 2 : 1,
            borderDash: [6, 4],
            label: { ...label, content: t('budget {0}', bytesText(budgetBytes)), position: early ? 'end' : 'start' },
          } satisfies AnnotationOptions,
        }
      : {}),
    reserved: {
      type: 'line',
      yMin: totals.sramBytes,
      yMax: totals.sramBytes,
      borderColor: withAlpha(theme.foreground, 0.6),
      borderWidth: 1,
    },
    peak: {
      type: 'point',
      pointStyle: 'triangle',
      rotation: 180,
      radius: 5,
      xValue: peak.step,
      yValue: peakTotal,
      yAdjust: -6,
      backgroundColor: theme.foreground,
      borderColor: theme.background,
      borderWidth: 1,
    },
  };
}

function drawBands({ ctx, chartArea, scales }: Chart, bands: readonly Band[], theme: Theme): void {
  const x = scales.x;
  if (x === undefined) return;
  const titles = { forward: t('forward'), loss: t('loss'), backward: t('backward and update') };
  ctx.save();
  ctx.font = `11px ${theme.font}`;
  ctx.textBaseline = 'middle';
  for (const { phase, first, last } of bands) {
    const left = Math.max(x.getPixelForValue(first - 0.5), chartArea.left);
    const right = Math.min(x.getPixelForValue(last + 0.5), chartArea.right);
    if (right <= left) continue;
    if (phase === 'backward') {
      ctx.fillStyle = mixed(theme.foreground, theme.background, 0.04);
      ctx.fillRect(left, chartArea.top, right - left, chartArea.height);
    }
    ctx.strokeStyle = withAlpha(theme.foreground, 0.25);
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(Math.round(left) + 0.5, chartArea.top - bandHeight + 2);
    ctx.lineTo(Math.round(left) + 0.5, chartArea.bottom);
    ctx.stroke();
    const title = titles[phase];
    if (ctx.measureText(title).width + 10 > right - left) continue;
    ctx.fillStyle = theme.muted;
    ctx.fillText(title, left + 6, chartArea.top - bandHeight / 2);
  }
  ctx.restore();
}
