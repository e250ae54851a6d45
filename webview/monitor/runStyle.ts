/** How a run looks in every chart and in the list: colour, dashes and marker together, so that colour is never alone. */

import { type ChartColour, type Theme, withAlpha } from '../theme.ts';
import type { RunPicture } from './messages.ts';

export const markers = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'crossRot'] as const;
export type Marker = (typeof markers)[number];

export interface RunStyle {
  readonly colour: string;
  readonly faint: string;
  readonly dash: readonly number[];
  readonly marker: Marker;
}

/** Not orange: some of VS Code's own themes make it nearly transparent. */
const colours: readonly ChartColour[] = ['blue', 'green', 'purple', 'yellow', 'red'];
/** With five colours and six markers, combinations repeat after 60 runs, which is more than there are. */
const dashes: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3]];

/** By its number, so that a run keeps its look when others come and go. */
export function runStyle({ id }: Pick<RunPicture, 'id'>, theme: Theme): RunStyle {
  const number = id - 1;
  const colour = theme.charts[colours[number % colours.length] ?? 'blue'];
  return {
    colour,
    faint: withAlpha(colour, theme.highContrast ? 0.45 : 0.35),
    dash: dashes[number % dashes.length] ?? [],
    marker: markers[number % markers.length] ?? 'circle',
  };
}

const width = 44;
const height = 14;

/** A piece of the run's line with its marker. */
export function drawSwatch(canvas: HTMLCanvasElement, { colour, dash, marker }: RunStyle): void {
  const scale = window.devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(scale, scale);
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 2;
  context.setLineDash([...dash]);
  context.beginPath();
  context.moveTo(1, height / 2);
  context.lineTo(width - 1, height / 2);
  context.stroke();
  context.setLineDash([]);
  drawMarker(context, marker, width / 2, height / 2, 4.5);
}

function drawMarker(context: CanvasRenderingContext2D, marker: Marker, x: number, y: number, radius: number): void {
  const corners = (count: number, from: number): void => {
    context.beginPath();
    for (let corner = 0; corner < count; corner++) {
      const angle = from + (2 * Math.PI * corner) / count;
      context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    }
    context.closePath();
    context.fill();
  };
  const spokes = (count: number, from: number): void => {
    context.beginPath();
    for (let spoke = 0; spoke < count; spoke++) {
      const angle = from + (Math.PI * spoke) / count;
      context.moveTo(x - radius * Math.cos(angle), y - radius * Math.sin(angle));
      context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    }
    context.stroke();
  };
  if (marker === 'circle') corners(24, 0);
  else if (marker === 'rect') corners(4, Math.PI / 4);
  else if (marker === 'triangle') corners(3, -Math.PI / 2);
  else if (marker === 'rectRot') corners(4, 0);
  else if (marker === 'star') spokes(4, 0);
  else spokes(2, Math.PI / 4);
}
