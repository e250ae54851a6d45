/** From the runs that are shown to the lines of both charts. */

import { figure, t } from '../text.ts';
import type { Theme } from '../theme.ts';
import type { ChartContent, Line } from './chart.ts';
import type { EpochPoint, RunPicture } from './messages.ts';
import { bestAccuracy, type Curve, type Model, type Smoothing, selectedRun, shownRuns, smoothed } from './model.ts';
import { type RunStyle, runStyle } from './runStyle.ts';
import { accuracyText, lossText } from './words.ts';

/** Markers along a smoothed line: enough to tell it by, few enough to see it. */
const markersPerLine = 8;
const mostTableRows = 50;
/** More than a line has pixels; the cursor and the table have all. */
const mostDrawnPoints = 500;
/** Markers on the edge are drawn whole; the losses of single samples end at the top. */
const outside = 8;
const inside = { left: 0, right: 0, top: 0, bottom: 0 };

interface ShownCurve {
  readonly run: RunPicture;
  readonly steps: readonly number[];
  readonly raw: readonly (number | null)[];
  readonly smooth: readonly (number | null)[];
  /** What the axis must reach. */
  readonly top: number;
  readonly style: RunStyle;
}

type Computed = Pick<ShownCurve, 'smooth' | 'top'> & { readonly smoothing: Smoothing };

/** Of many runs only one changes. */
const computed = new WeakMap<Curve, Computed>();

function computedFor(curve: Curve, smoothing: Smoothing): Computed {
  const known = computed.get(curve);
  if (known?.smoothing === smoothing) return known;
  const smooth = smoothed(curve, smoothing);
  const made = { smooth, top: topOf(curve.losses, smooth), smoothing };
  computed.set(curve, made);
  return made;
}

export function lossContent(model: Model, theme: Theme): ChartContent {
  const { smoothing } = model.choices;
  const curves = shownRuns(model).flatMap((run): readonly ShownCurve[] => {
    const curve: Curve | undefined = model.curves.get(run.id);
    if (curve === undefined || curve.steps.length === 0) return [];
    const style = runStyle(run, theme);
    return [{ run, steps: curve.steps, raw: curve.losses, ...computedFor(curve, smoothing), style }];
  });
  const selected = selectedRun(model)?.id;
  const stops = unionOf(curves.map(({ steps }) => steps));
  const value = ({ steps, smooth }: ShownCurve, step: number): number | null | undefined => {
    const index = lastUpTo(steps, step);
    return index < 0 ? undefined : smooth[index];
  };
  const read = (step: number): string => {
    const values = curves.map((curve) => `${curve.run.name} ${lossText(value(curve, step)) || '–'}`);
    return [t('Step {0}', figure(step)), ...values].join(' · ');
  };
  const lines = curves.flatMap(({ run, steps, raw, smooth, style }): Line[] => {
    const point = (values: readonly (number | null)[], index: number) => ({
      x: steps[index] ?? 0,
      y: values[index] ?? null,
    });
    // The losses of single samples jump; of several runs only the selected one's are shown behind its line.
    const background: Line[] =
      smoothing > 0 && run.id === selected
        ? [
            {
              data: raw.map((_, index) => point(raw, index)),
              showLine: false,
              pointRadius: 1.25,
              pointBorderWidth: 0,
              backgroundColor: style.faint,
              order: 2,
              clip: inside,
            },
          ]
        : [];
    const drawn = thinned(steps, mostDrawnPoints);
    const every = Math.max(1, Math.ceil(drawn.length / markersPerLine));
    const offset = (run.id * 3) % every;
    return [
      ...background,
      {
        data: drawn.map((index) => point(smooth, index)),
        borderColor: style.colour,
        backgroundColor: style.colour,
        borderWidth: run.id === selected ? 2.5 : 1.75,
        borderDash: [...style.dash],
        pointStyle: style.marker,
        pointRadius: drawn.map((_, index) => (index % every === offset ? 4 : 0)),
        order: 1,
        clip: outside,
      },
    ];
  });
  const end = stops.at(-1);
  return {
    lines,
    xTitle: t('training step'),
    yTitle: t('loss'),
    yMax: axisTop(Math.max(0, ...curves.map(({ top }) => top))),
    yTick: (tick) => String(Number(tick.toPrecision(3))),
    stops,
    read,
    summary: end === undefined ? t('No losses yet.') : read(end),
    table: () => ({
      head: [t('Step'), ...curves.map(({ run }) => run.name)],
      rows: thinned(stops, mostTableRows)
        .map((index) => stops[index] ?? 0)
        .map((step) => [figure(step), ...curves.map((curve) => lossText(value(curve, step)))]),
    }),
  };
}

/** Room for the smoothed line and for all but the wildest single losses, which would press the rest flat. */
function topOf(losses: readonly (number | null)[], smooth: readonly (number | null)[]): number {
  const finite = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
  const highest = finite(smooth).reduce((a, b) => Math.max(a, b), 0);
  const raw = Float64Array.from(finite(losses)).sort();
  return Math.max(1.1 * highest, raw[Math.floor(0.97 * raw.length)] ?? 0);
}

/** A round number; undefined leaves it to the chart. */
function axisTop(top: number): number | undefined {
  if (top === 0) return undefined;
  const unit = 10 ** Math.floor(Math.log10(top)) / 2;
  return Math.ceil(top / unit) * unit;
}

export function epochContent(model: Model, theme: Theme): ChartContent {
  const runs = shownRuns(model).filter(({ results }) => results.length > 0);
  const { metric } = model.choices;
  const stops = unionOf(runs.map(({ results }) => results.map(({ epoch }) => epoch)));
  const at = ({ results }: RunPicture, epoch: number): EpochPoint | undefined =>
    results.find((each) => each.epoch === epoch);
  const values = (run: RunPicture, epoch: number): string => {
    const { loss, testAccuracy, trainAccuracy } = at(run, epoch) ?? {};
    if (metric === 'loss') return lossText(loss);
    const parts = [
      testAccuracy === undefined ? '' : t('test {0}', accuracyText(testAccuracy)),
      trainAccuracy === undefined ? '' : t('training {0}', accuracyText(trainAccuracy)),
    ];
    return parts.filter((part) => part !== '').join(', ');
  };
  const read = (epoch: number): string => {
    const before = epoch === 0 ? t('Before training') : t('Epoch {0}', epoch);
    return [before, ...runs.map((run) => `${run.name} ${values(run, epoch) || '–'}`)].join(' · ');
  };
  const selected = selectedRun(model)?.id;
  const line = (run: RunPicture, key: 'loss' | 'testAccuracy' | 'trainAccuracy'): Line => {
    const style = runStyle(run, theme);
    const secondary = key === 'trainAccuracy';
    return {
      data: run.results.flatMap(({ epoch, [key]: y }) => (y === undefined ? [] : [{ x: epoch, y }])),
      borderColor: style.colour,
      backgroundColor: secondary ? theme.background : style.colour,
      pointBorderColor: style.colour,
      borderWidth: secondary ? 1 : run.id === selected ? 2.5 : 1.75,
      borderDash: [...style.dash],
      pointStyle: style.marker,
      pointRadius: secondary ? 3.5 : 4.5,
      clip: outside,
    };
  };
  const best = runs
    .map((run) => ({ run, best: bestAccuracy(run) }))
    .filter((each): each is { run: RunPicture; best: number } => each.best !== undefined)
    .map((each) => `${each.run.name} ${accuracyText(each.best)}`);
  return {
    lines: runs.flatMap((run) =>
      metric === 'loss' ? [line(run, 'loss')] : [line(run, 'testAccuracy'), line(run, 'trainAccuracy')],
    ),
    xTitle: t('epoch'),
    yTitle: metric === 'loss' ? t('mean loss') : t('accuracy'),
    yMax: metric === 'accuracy' ? 1 : undefined,
    yTick: (tick) => (metric === 'accuracy' ? `${Math.round(100 * tick)} %` : String(Number(tick.toPrecision(3)))),
    stops,
    read,
    summary: best.length > 0 ? t('Best test accuracy: {0}', best.join(' · ')) : t('No epoch is complete yet.'),
    table: () => ({
      head: [
        t('Epoch'),
        ...runs.flatMap(({ name }) => [
          t('{0}: mean loss', name),
          t('{0}: training accuracy', name),
          t('{0}: test accuracy', name),
        ]),
      ],
      rows: stops.map((epoch) => [
        String(epoch),
        ...runs.flatMap((run) => {
          const { loss, trainAccuracy, testAccuracy } = at(run, epoch) ?? {};
          return [lossText(loss), accuracyText(trainAccuracy), accuracyText(testAccuracy)];
        }),
      ]),
    }),
  };
}

function unionOf(lists: readonly (readonly number[])[]): readonly number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

/** The position of the last value that is not above; -1 if there is none. */
function lastUpTo(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Positions of at most so many; first and last are among them. */
function thinned({ length }: readonly number[], most: number): readonly number[] {
  const count = Math.min(length, most);
  return Array.from({ length: count }, (_, row) => (count < 2 ? 0 : Math.round((row * (length - 1)) / (count - 1))));
}
