/** What the timeline stacks: static SRAM at the bottom, then the arena by role; and how each part looks. */

import { t } from '../text.ts';
import { type ChartColour, mixed, type Theme } from '../theme.ts';
import { type PictureRole, type PictureStep, type PlanPicture, roles } from './messages.ts';

/** From the bottom up: what never changes, what is kept long, what comes and goes. */
export const seriesKeys = ['trained', 'state', 'stack', 'saved', 'mask', 'activation', 'gradient', 'scratch'] as const;
export type SeriesKey = (typeof seriesKeys)[number];

/** Each role of the arena in the part that shows it. */
const partOf: Readonly<Record<PictureRole, SeriesKey>> = {
  trained: 'trained',
  optimizer: 'trained',
  state: 'state',
  activation: 'activation',
  saved: 'saved',
  mask: 'mask',
  gradient: 'gradient',
  scratch: 'scratch',
};

const positions = roles.map((role) => seriesKeys.indexOf(partOf[role]));

export function seriesOfRole(role: PictureRole): SeriesKey {
  return partOf[role];
}

/** Bytes of each part in one step, in the order of `seriesKeys`; the sum is static SRAM, stack and live bytes. */
export function bytesOfStep(totals: PlanPicture['totals'], step: PictureStep): number[] {
  const sums = [totals.trainableBytes, totals.stateBytes, totals.stackBytes, 0, 0, 0, 0, 0];
  step.byRole.forEach((bytes, role) => {
    const position = positions[role] ?? 0;
    sums[position] = (sums[position] ?? 0) + bytes;
  });
  return sums;
}

/** The parts that the plan has at all. */
export function partsOf({ totals, steps }: PlanPicture): readonly SeriesKey[] {
  const all = steps.map((step) => bytesOfStep(totals, step));
  return seriesKeys.filter((_, index) => all.some((bytes) => (bytes[index] ?? 0) > 0));
}

/** What lies below the arena in the timeline. */
export function staticBytes({ trainableBytes, stateBytes, stackBytes }: PlanPicture['totals']): number {
  return trainableBytes + stateBytes + stackBytes;
}

export function seriesTitle(key: SeriesKey): string {
  const titles: Readonly<Record<SeriesKey, string>> = {
    trained: t('trained weights, optimiser'),
    state: t('state'),
    stack: t('stack (estimated)'),
    saved: t('saved for backward'),
    mask: t('masks'),
    activation: t('activations'),
    gradient: t('gradients'),
    scratch: t('scratch'),
  };
  return titles[key];
}

/** Of one buffer. */
export function roleTitle(role: PictureRole): string {
  const titles: Readonly<Record<PictureRole, string>> = {
    trained: t('trained weights'),
    optimizer: t('optimiser state'),
    state: t('state'),
    activation: t('activation'),
    saved: t('saved'),
    mask: t('mask'),
    gradient: t('gradient'),
    scratch: t('scratch'),
  };
  return titles[role];
}

/** Line patterns, for those who do not see or do not have colours. */
type Pattern = 'none' | 'rising' | 'falling' | 'dots' | 'horizontal' | 'vertical' | 'grid';

interface Look {
  readonly colour: ChartColour;
  /** Of the colour over the background. */
  readonly share: number;
  readonly pattern: Pattern;
}

const looks: Readonly<Record<SeriesKey, Look>> = {
  trained: { colour: 'purple', share: 0.5, pattern: 'grid' },
  state: { colour: 'foreground', share: 0.6, pattern: 'none' },
  stack: { colour: 'foreground', share: 0.22, pattern: 'horizontal' },
  saved: { colour: 'green', share: 0.75, pattern: 'rising' },
  mask: { colour: 'red', share: 0.55, pattern: 'dots' },
  activation: { colour: 'blue', share: 0.75, pattern: 'none' },
  gradient: { colour: 'orange', share: 0.75, pattern: 'falling' },
  scratch: { colour: 'foreground', share: 0.45, pattern: 'vertical' },
};

export interface Paint {
  readonly fill: string | CanvasPattern;
  readonly line: string;
  /** Tells a rectangle from its neighbour of the same kind. */
  readonly outline: string;
  /** What a swatch of the legend and the exported picture use. */
  readonly flat: string;
  /** The pattern as a picture; absent where the fill is flat. */
  readonly tile?: string;
}

/** High contrast draws patterns with outlines, other themes flat areas. */
export function paintsOf(theme: Theme): Readonly<Record<SeriesKey, Paint>> {
  const entries = seriesKeys.map((key): [SeriesKey, Paint] => {
    const { colour, share, pattern } = looks[key];
    const line = theme.charts[colour];
    const flat = mixed(line, theme.background, share);
    if (!theme.highContrast) {
      const edge = mixed(line, theme.background, Math.min(1, share + 0.2));
      return [key, { fill: flat, line: edge, outline: theme.background, flat }];
    }
    const tile = patternTile(pattern, line, theme.background);
    const fill = tile.getContext('2d')?.createPattern(tile, 'repeat') ?? flat;
    const outline = pattern === 'none' ? theme.background : line;
    return [key, { fill, line, outline, flat, tile: tile.toDataURL() }];
  });
  return Object.fromEntries(entries) as Record<SeriesKey, Paint>;
}

const tileSize = 8;

/** Diagonals are drawn three times so that the tiles join. */
const strokes: Readonly<
  Record<Exclude<Pattern, 'none' | 'dots'>, readonly (readonly [number, number, number, number])[]>
> = {
  rising: [
    [-2, 2, 2, -2],
    [0, 8, 8, 0],
    [6, 10, 10, 6],
  ],
  falling: [
    [-2, 6, 2, 10],
    [0, 0, 8, 8],
    [6, -2, 10, 2],
  ],
  horizontal: [[0, 4, 8, 4]],
  vertical: [[4, 0, 4, 8]],
  grid: [
    [0, 4, 8, 4],
    [4, 0, 4, 8],
  ],
};

function patternTile(pattern: Pattern, colour: string, background: string): HTMLCanvasElement {
  const tile = Object.assign(document.createElement('canvas'), { width: tileSize, height: tileSize });
  const context = tile.getContext('2d');
  if (context === null) return tile;
  context.fillStyle = pattern === 'none' ? colour : background;
  context.fillRect(0, 0, tileSize, tileSize);
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  if (pattern === 'none') return tile;
  if (pattern === 'dots') {
    for (const [x, y] of [
      [1, 1],
      [5, 5],
    ] as const)
      context.fillRect(x, y, 2, 2);
    return tile;
  }
  for (const [x0, y0, x1, y1] of strokes[pattern]) {
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
  }
  return tile;
}
