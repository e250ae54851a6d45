/**
 * A part of a real page as shapes: boxes, lines of text, pictures, and what its canvases and icons are made of. For
 * pictures that are as crisp at any size as text is, and that take the colours of whoever looks at them.
 */

/** In the page. @returns shapes in the pixels of the page, in the order of painting */
export function shapesOf(elements) {
  const shapes = [];
  const measure = document.createElement('canvas').getContext('2d');
  const isSeen = (colour) => colour !== 'transparent' && !/(, |\/ )0\)$/.test(colour);
  const meets = (box, clip) =>
    box.left < clip.right && box.right > clip.left && box.top < clip.bottom && box.bottom > clip.top;
  const within = (box, clip) => ({
    left: Math.max(box.left, clip.left),
    top: Math.max(box.top, clip.top),
    right: Math.min(box.right, clip.right),
    bottom: Math.min(box.bottom, clip.bottom),
  });

  const sized = ({ left, top, right, bottom }) => ({ left, top, width: right - left, height: bottom - top });

  const box = (style, place) => {
    const { left: x, top: y, width, height } = place;
    const radius = Math.min(Number.parseFloat(style.borderTopLeftRadius) || 0, height / 2);
    const sides = ['Top', 'Right', 'Bottom', 'Left'].map((side) => ({
      width: style[`border${side}Style`] === 'none' ? 0 : Number.parseFloat(style[`border${side}Width`]),
      colour: style[`border${side}Color`],
      dash: style[`border${side}Style`] === 'dashed' ? '3 3' : '',
    }));
    const drawn = sides.map((side) => side.width > 0 && isSeen(side.colour));
    const all = drawn.every(Boolean) && sides.every(({ colour }) => colour === sides[0].colour);
    const fill = isSeen(style.backgroundColor) ? style.backgroundColor : undefined;
    const edge = all ? { stroke: sides[0].colour, strokeWidth: sides[0].width, dash: sides[0].dash } : {};
    if (fill !== undefined || all) shapes.push({ kind: 'box', x, y, width, height, radius, fill, ...edge });
    if (all) return;
    const lines = [
      [x, y, x + width, y],
      [x + width, y, x + width, y + height],
      [x, y + height, x + width, y + height],
      [x, y, x, y + height],
    ];
    for (const [side, ends] of lines.entries())
      if (drawn[side])
        shapes.push({
          kind: 'line',
          ends,
          stroke: sides[side].colour,
          strokeWidth: sides[side].width,
          dash: sides[side].dash,
        });
  };

  const line = (text, style, place) => {
    const content = style.textTransform === 'uppercase' ? text.toUpperCase() : text;
    measure.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = measure.measureText(content);
    const { left: x, top, width, height } = place;
    const size = Number.parseFloat(style.fontSize);
    const { color: fill, fontWeight: weight, fontFamily: family, textDecorationLine: decoration } = style;
    const y = top + (height - up - down) / 2 + up;
    shapes.push({ kind: 'text', x, y, width, size, weight, family, fill, decoration, text: content });
  };

  /** A text may be broken into several lines, and what stands behind several blanks has a place of its own. */
  const text = (node, style, clip) => {
    const range = document.createRange();
    const placeOf = (from, to) => {
      range.setStart(node, from);
      range.setEnd(node, to);
      return range.getBoundingClientRect();
    };
    let run;
    const end = () => {
      if (run !== undefined) fitted(node, run, style, clip, placeOf);
      run = undefined;
    };
    for (const { 0: word, index } of node.data.matchAll(/[^\s\u00a0]+/g)) {
      const to = index + word.length;
      const place = placeOf(index, to);
      if (place.width === 0 || !meets(place, clip)) continue;
      if (run === undefined || index - run.to > 1 || Math.abs(place.top - run.top) > 2) {
        end();
        run = { from: index, to, top: place.top };
      } else run.to = to;
    }
    end();
  };

  /** What does not fit ends as the browser lets it end. */
  const fitted = (node, { from, to }, style, clip, placeOf) => {
    let end = to;
    while (end > from && placeOf(from, end).right > clip.right + 1) end--;
    const shown = node.data.slice(from, end < to ? end - 1 : end).replace(/[\s\u00a0]+/g, ' ');
    if (shown === '' || placeOf(from, from + 1).left < clip.left - 1) return;
    line(end < to ? `${shown}…` : shown, style, placeOf(from, end));
  };

  const value = (input, style) => {
    const shown = input.tagName === 'SELECT' ? input.selectedOptions[0]?.text : input.value || input.placeholder;
    if (!shown || ['checkbox', 'radio', 'range'].includes(input.type)) return;
    measure.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const { left, top, height } = input.getBoundingClientRect();
    const inset = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.borderLeftWidth) || 6;
    const place = { left: left + inset, top, width: measure.measureText(shown).width, height };
    line(shown, input.value ? style : getComputedStyle(input, '::placeholder'), place);
  };

  const icon = (graphic) => {
    for (const part of graphic.querySelectorAll('path, rect, polygon, polyline, line, circle')) {
      const style = getComputedStyle(part);
      const { a, b, c, d, e, f } = part.getScreenCTM();
      const names = ['d', 'x', 'y', 'width', 'height', 'rx', 'points', 'x1', 'y1', 'x2', 'y2', 'cx', 'cy', 'r'];
      const attributes = names.flatMap((name) => (part.hasAttribute(name) ? [[name, part.getAttribute(name)]] : []));
      const { fill, stroke, strokeWidth, strokeDasharray } = style;
      const dash = strokeDasharray === 'none' ? '' : strokeDasharray.replaceAll('px', '');
      const looks = {
        fill,
        stroke: stroke === 'none' ? undefined : stroke,
        strokeWidth: Number.parseFloat(strokeWidth),
        dash,
      };
      shapes.push({ kind: 'icon', tag: part.tagName, attributes, matrix: [a, b, c, d, e, f], ...looks });
    }
  };

  const canvas = (element, place) => {
    const own = globalThis.canvasShapes?.(element) ?? [];
    const scale = place.width / element.width;
    const { left: x, top: y, width, height } = place;
    if (own.length > 0) shapes.push({ kind: 'canvas', x, y, scale, shapes: own });
    else shapes.push({ kind: 'image', x, y, width, height, href: element.toDataURL() });
  };

  /** The workbench draws it by a font of its own. */
  const twistie = (element, style, { left, top, width, height }) => {
    const turned = element.classList.contains('collapsed');
    const [x, y] = [left + width / 2 + 3, top + height / 2];
    const d = turned ? `M${x - 2} ${y - 4}l4 4l-4 4` : `M${x - 4} ${y - 2}l4 4l4 -4`;
    shapes.push({
      kind: 'icon',
      tag: 'path',
      attributes: [['d', d]],
      matrix: [1, 0, 0, 1, 0, 0],
      fill: 'none',
      stroke: style.color,
      strokeWidth: 1.2,
    });
  };

  /** What stands in a slot by itself shows where nothing else is given. */
  const slotted = (slot) => (slot.assignedNodes().length > 0 ? slot.assignedNodes() : slot.childNodes);

  const visit = (element, clip) => {
    const style = getComputedStyle(element);
    if (style.display === 'none' || style.visibility === 'hidden' || Number(style.opacity) === 0) return;
    if (style.clipPath !== 'none' || element.tagName === 'OPTION') return;
    const place = element.getBoundingClientRect();
    if (place.width > 0 && place.height > 0 && meets(place, clip)) {
      // Half a row is no row.
      if (element.role === 'row' && (place.top < clip.top - 4 || place.bottom > clip.bottom + 4)) return;
      const tag = element.tagName.toLowerCase();
      if (tag === 'svg') return icon(element);
      box(style, sized(within(place, clip)));
      if (element.matches('[aria-checked="true"], [aria-pressed="true"]'))
        shapes.push({ ...shapes.at(-1), chosen: true });
      if (tag === 'canvas') return canvas(element, place);
      if (tag === 'input' || tag === 'select') return value(element, style);
      if (element.classList.contains('codicon-tree-item-expanded')) twistie(element, style, place);
    } else if (style.display !== 'contents' && style.overflow !== 'visible') return;
    const inside = style.overflow === 'visible' ? clip : within(place, clip);
    const children =
      element.shadowRoot?.childNodes ?? (element.tagName === 'SLOT' ? slotted(element) : element.childNodes);
    for (const child of children) {
      if (child.nodeType === Node.TEXT_NODE)
        text(child, style.display === 'contents' ? getComputedStyle(element) : style, inside);
      else if (child.nodeType === Node.ELEMENT_NODE) visit(child, inside);
    }
  };
  const everything = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  for (const element of elements) visit(element, everything);
  return shapes;
}
