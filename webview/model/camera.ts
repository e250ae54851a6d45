/** Which part of the graph is seen: arithmetic only. */

export interface Camera {
  /** The graph's point in the middle of the window. */
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

export const leastZoom = 0.04;
export const mostZoom = 3;
const fitMargin = 8;
/** Of the window's foot, where the legend lies. */
const legendHeight = 36;

/** All of it, but never larger than life. */
export function fitted(graph: Size, window: Size): Camera {
  const zoom = Math.min(
    1,
    Math.max(window.width - 2 * fitMargin, 1) / Math.max(graph.width, 1),
    Math.max(window.height - 2 * fitMargin - legendHeight, 1) / Math.max(graph.height, 1),
  );
  return { x: graph.width / 2, y: graph.height / 2 + legendHeight / 2 / zoom, zoom: clampZoom(zoom) };
}

/** `at`: the point of the window that stays where it is. */
export function zoomed(
  camera: Camera,
  factor: number,
  at: { readonly x: number; readonly y: number },
  window: Size,
): Camera {
  const zoom = clampZoom(camera.zoom * factor);
  const dx = at.x - window.width / 2;
  const dy = at.y - window.height / 2;
  return {
    x: camera.x + dx / camera.zoom - dx / zoom,
    y: camera.y + dy / camera.zoom - dy / zoom,
    zoom,
  };
}

/** By pixels of the window; the middle never leaves the graph. */
export function panned(camera: Camera, dx: number, dy: number, graph: Size): Camera {
  return {
    x: clamp(camera.x + dx / camera.zoom, 0, graph.width),
    y: clamp(camera.y + dy / camera.zoom, 0, graph.height),
    zoom: camera.zoom,
  };
}

/** The graph's part that is in the window. */
export function seen({ x, y, zoom }: Camera, { width, height }: Size): Box {
  return { x: x - width / 2 / zoom, y: y - height / 2 / zoom, width: width / zoom, height: height / zoom };
}

/** Moves no further than needed to show the box, with room around it; zooms in where it is too small to read. */
export function showing(camera: Camera, box: Box, window: Size, leastReadable: number): Camera {
  const zoom = Math.max(camera.zoom, leastReadable);
  const part = seen({ ...camera, zoom }, window);
  const marginX = Math.min(48 / zoom, Math.max(0, (part.width - box.width) / 2));
  const marginY = Math.min(48 / zoom, Math.max(0, (part.height - box.height) / 2));
  const shift = (low: number, size: number, from: number, extent: number, margin: number): number => {
    if (low - margin < from) return low - margin - from;
    return low + size + margin > from + extent ? low + size + margin - from - extent : 0;
  };
  return {
    x: camera.x + shift(box.x, box.width, part.x, part.width, marginX),
    y: camera.y + shift(box.y, box.height, part.y, part.height, marginY),
    zoom,
  };
}

export function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function clampZoom(zoom: number): number {
  return clamp(zoom, leastZoom, mostZoom);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
