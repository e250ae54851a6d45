/** The content of each kind of export. */

import { readTheme } from '../theme.ts';
import { timelineCsv, traceAllocation } from './export.ts';
import type { exportFormats, GhostPicture, PlanPicture } from './messages.ts';
import { timelineSvg } from './svg.ts';

/** PNG: base64 of a picture twice as fine as the SVG's units. */
export async function exportContent(
  format: (typeof exportFormats)[number],
  picture: PlanPicture,
  ghost: GhostPicture | null,
): Promise<string> {
  switch (format) {
    case 'csv':
      return timelineCsv(picture);
    case 'tracealloc':
      return traceAllocation(picture);
    case 'svg':
      return timelineSvg(picture, ghost, readTheme());
    case 'png':
      return pngOf(timelineSvg(picture, ghost, readTheme()));
  }
}

async function pngOf(svg: string): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const scale = 2;
  const canvas = Object.assign(document.createElement('canvas'), {
    width: image.width * scale,
    height: image.height * scale,
  });
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png').replace(/^data:[^,]*,/, '');
}
