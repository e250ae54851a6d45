/** The front as a chart: SRAM in KB across, score up; plans as marks. */

import {
  Chart,
  type ChartDataset,
  LinearScale,
  LineController,
  LineElement,
  type Plugin,
  PointElement,
} from 'chart.js';
import { t } from '../text.ts';
import { type Theme, withAlpha } from '../theme.ts';
import type { FitMark, FitPoint } from './messages.ts';

Chart.register(LineController, LineElement, PointElement, LinearScale);

type XY = { x: number; y: number };

export interface ParetoState {
  readonly points: readonly FitPoint[];
  readonly now: FitMark;
  readonly others: readonly FitMark[];
  readonly budgetBytes: number;
  /** The point that is looked at. */
  readonly chosen: number | null;
}

export interface ParetoChart {
  draw(state: ParetoState, theme: Theme): void;
  /** The point nearest to a place in the canvas, in pixels. */
  nearest(x: number, y: number): FitPoint | undefined;
}

export function createParetoChart(canvas: HTMLCanvasElement): ParetoChart {
  let state: ParetoState | undefined;
  let theme: Theme | undefined;
  const marks: Plugin<'line'> = {
    id: 'marks',
    beforeDatasetsDraw: (chart) => drawBudget(chart, state, theme),
    afterDatasetsDraw: (chart) => drawNames(chart, state, theme),
  };
  const chart = new Chart<'line', XY[]>(canvas, {
    type: 'line',
    data: { datasets: [] },
    plugins: [marks],
    options: {
      ...{ animation: false, parsing: false, normalized: true, responsive: true, maintainAspectRatio: false },
      // The page listens itself.
      events: [],
      layout: { padding: { top: 14, right: 14 } },
      // Marks at an edge are whole.
      clip: 10,
    },
  });
  return {
    draw(next, nextTheme) {
      state = next;
      theme = nextTheme;
      chart.data.datasets = datasetsOf(next, nextTheme);
      chart.options.scales = scalesOf(next, nextTheme);
      chart.update('none');
    },
    nearest(left, top) {
      const { x, y } = chart.scales;
      if (state === undefined || x === undefined || y === undefined) return undefined;
      const distance = ({ sramBytes, score }: FitPoint): number =>
        Math.hypot(x.getPixelForValue(sramBytes / 1024) - left, y.getPixelForValue(score) - top);
      return state.points.reduce<FitPoint | undefined>(
        (best, point) => (best === undefined || distance(point) < distance(best) ? point : best),
        undefined,
      );
    },
  };
}

function placeOf({ sramBytes, score }: Pick<FitPoint, 'sramBytes' | 'score'>): XY {
  return { x: sramBytes / 1024, y: score };
}

function datasetsOf({ points, now, others, chosen }: ParetoState, theme: Theme): ChartDataset<'line', XY[]>[] {
  const { blue, yellow, green } = theme.charts;
  const ring = points.filter(({ id }) => id === chosen);
  const border = { borderColor: theme.foreground, borderWidth: 1 };
  return [
    {
      data: ring.map(placeOf),
      ...{ showLine: false, pointStyle: 'circle', pointRadius: 8, pointBorderWidth: 2 },
      pointBackgroundColor: 'transparent',
      pointBorderColor: theme.foreground,
    },
    {
      data: [placeOf(now)],
      ...{ showLine: false, pointStyle: 'rectRot', pointRadius: 7, ...border },
      pointBackgroundColor: yellow,
    },
    {
      data: others.map(placeOf),
      ...{ showLine: false, pointStyle: 'triangle', pointRadius: 6, ...border },
      pointBackgroundColor: green,
    },
    {
      data: points.map(placeOf),
      // Up to the next point, more memory gives nothing more.
      ...{ stepped: 'before', borderWidth: 1.5, borderColor: withAlpha(blue, 0.8) },
      ...{ pointStyle: 'circle', pointRadius: 3.5, pointBackgroundColor: blue, pointBorderColor: blue },
    },
  ];
}

function scalesOf({ points, now, others, budgetBytes }: ParetoState, theme: Theme) {
  const font = { family: theme.font, size: 11 };
  const all = [...points, now, ...others];
  const bytes = [...all.map(({ sramBytes }) => sramBytes), budgetBytes].map((each) => each / 1024);
  const [least, most] = [Math.min(...bytes), Math.max(...bytes)];
  const room = Math.max(1, (most - least) * 0.05);
  const scores = all.map(({ score }) => score);
  const lowest = Math.min(0, ...scores);
  const axis = (text: string) => ({
    title: { display: true, text, color: theme.muted, font },
    border: { color: theme.highContrast ? theme.border : theme.gridLine },
    grid: { color: theme.gridLine },
    ticks: { color: theme.muted, font, maxRotation: 0, includeBounds: false },
  });
  return {
    x: { type: 'linear' as const, min: Math.max(0, least - room), max: most + room, ...axis(t('SRAM in KB')) },
    y: {
      ...{ type: 'linear' as const, suggestedMax: Math.max(1, ...scores) * 1.08 },
      ...(lowest < 0 ? { suggestedMin: lowest } : { min: 0 }),
      ...axis(t('Score in points')),
    },
  };
}

function drawBudget({ ctx, chartArea, scales }: Chart, state: ParetoState | undefined, theme: Theme | undefined): void {
  const x = scales.x;
  if (state === undefined || theme === undefined || x === undefined) return;
  const at = Math.round(x.getPixelForValue(state.budgetBytes / 1024)) + 0.5;
  ctx.save();
  ctx.strokeStyle = theme.foreground;
  ctx.setLineDash([6, 4]);
  ctx.beginPath();
  ctx.moveTo(at, chartArea.top - 4);
  ctx.lineTo(at, chartArea.bottom);
  ctx.stroke();
  ctx.fillStyle = theme.foreground;
  ctx.font = `11px ${theme.font}`;
  ctx.textAlign = at > (chartArea.left + chartArea.right) / 2 ? 'right' : 'left';
  ctx.fillText(t('budget'), at + (ctx.textAlign === 'right' ? -4 : 4), chartArea.top + 2);
  ctx.restore();
}

/** Beside the marks of plans, towards the middle. */
function drawNames({ ctx, chartArea, scales }: Chart, state: ParetoState | undefined, theme: Theme | undefined): void {
  const { x, y } = scales;
  if (state === undefined || theme === undefined || x === undefined || y === undefined) return;
  ctx.save();
  ctx.font = `11px ${theme.font}`;
  ctx.textBaseline = 'middle';
  for (const mark of [{ ...state.now, name: t('this plan') }, ...state.others]) {
    const [left, top] = [x.getPixelForValue(mark.sramBytes / 1024), y.getPixelForValue(mark.score)];
    const toLeft = left > (chartArea.left + chartArea.right) / 2;
    const width = ctx.measureText(mark.name).width;
    const from = toLeft ? left - 12 - width : left + 12;
    ctx.fillStyle = withAlpha(theme.background, 0.8);
    ctx.fillRect(from - 2, top - 1, width + 4, 16);
    ctx.fillStyle = theme.foreground;
    ctx.fillText(mark.name, from, top + 7);
  }
  ctx.restore();
}
