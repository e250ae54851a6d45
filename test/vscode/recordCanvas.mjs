/**
 * Runs in every frame before its own scripts: canvases remember how they were drawn, as shapes of SVG in their own
 * pixels, so that `drawing.mjs` can draw them as finely as text. Clipping is not remembered.
 */
export function recordCanvases() {
  // Without it, Chart.js draws its lines with the context's own path, which can be remembered.
  globalThis.Path2D = undefined;
  const shapesOf = new WeakMap();
  globalThis.canvasShapes = (canvas) => shapesOf.get(canvas) ?? [];
  const paths = new WeakMap();
  const { prototype } = CanvasRenderingContext2D;
  const at = (context, x, y) => {
    const { a, b, c, d, e, f } = context.getTransform();
    return `${round(a * x + c * y + e)} ${round(b * x + d * y + f)}`;
  };
  const round = (value) => Math.round(value * 100) / 100;
  const add = (context, shape) => {
    const shapes = shapesOf.get(context.canvas) ?? [];
    shapes.push({ opacity: context.globalAlpha, ...shape });
    shapesOf.set(context.canvas, shapes);
  };
  const extend = (context, text) => paths.set(context, (paths.get(context) ?? '') + text);
  const boxPath = (context, x, y, width, height) =>
    `M${at(context, x, y)}L${at(context, x + width, y)}L${at(context, x + width, y + height)}L${at(context, x, y + height)}Z`;
  const stroked = (context) => ({
    stroke: context.strokeStyle,
    strokeWidth: context.lineWidth,
    dash: context.getLineDash().join(' '),
  });
  /** Half circles, as whole ones have no end to go to. */
  const arc = (context, x, y, radius, from, to) => {
    const middle = (from + to) / 2;
    const point = (angle) => at(context, x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    const start = paths.get(context) ? 'L' : 'M';
    extend(
      context,
      `${start}${point(from)}A${radius} ${radius} 0 0 1 ${point(middle)}A${radius} ${radius} 0 0 1 ${point(to)}`,
    );
  };
  const watch = {
    beginPath: (context) => paths.set(context, ''),
    closePath: (context) => extend(context, 'Z'),
    moveTo: (context, x, y) => extend(context, `M${at(context, x, y)}`),
    lineTo: (context, x, y) => extend(context, `${paths.get(context) ? 'L' : 'M'}${at(context, x, y)}`),
    bezierCurveTo: (context, a, b, c, d, x, y) =>
      extend(context, `C${at(context, a, b)} ${at(context, c, d)} ${at(context, x, y)}`),
    rect: (context, ...box) => extend(context, boxPath(context, ...box)),
    arc,
    fill: (context) => add(context, { path: paths.get(context), fill: context.fillStyle }),
    stroke: (context) => add(context, { path: paths.get(context), ...stroked(context) }),
    fillRect: (context, ...box) => add(context, { path: boxPath(context, ...box), fill: context.fillStyle }),
    strokeRect: (context, ...box) => add(context, { path: boxPath(context, ...box), ...stroked(context) }),
    fillText: (context, text, x, y) => {
      const { a, b, c, d } = context.getTransform();
      const { font, textAlign, textBaseline, fillStyle: fill } = context;
      add(context, { text, place: at(context, x, y), turn: [a, b, c, d], font, textAlign, textBaseline, fill });
    },
    // A chart that is drawn anew begins with nothing.
    clearRect: (context, _x, _y, width, height) => {
      if (width >= context.canvas.width && height >= context.canvas.height) shapesOf.delete(context.canvas);
    },
  };
  for (const [name, note] of Object.entries(watch)) {
    const original = prototype[name];
    prototype[name] = function (...values) {
      if (this.canvas.isConnected) note(this, ...values);
      return original.apply(this, values);
    };
  }
}
