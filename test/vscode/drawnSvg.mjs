/** Shapes of `drawing.mjs` as an SVG file that takes its colours from the theme of the editor that shows it. */

const round = (value) => String(Math.round(value * 10) / 10);
const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const attribute = (name, value) => (value === undefined || value === '' ? '' : ` ${name}="${escaped(String(value))}"`);
const placed = (place) =>
  Object.entries(place)
    .map(([name, value]) => attribute(name, round(value)))
    .join('');

/**
 * @param {readonly object[]} shapes
 * @param {{ x: number, y: number, width: number, height: number }} crop in the pixels of the page
 * @param {{ title: string, colour: (css: string, isText?: boolean) => string }} looks `colour`: in the words of a theme
 */
export function svgOf(shapes, crop, { title, colour }) {
  const { x, y, width, height } = crop;
  const inside = shapes.filter((shape) => !isCut(shape, crop) && !isOutside(shape, crop));
  const frame = `<rect${placed({ x: x + 0.5, y: y + 0.5, width: width - 1, height: height - 1 })} rx="6"`;
  const edge = 'var(--vscode-contrastBorder,var(--vscode-widget-border,var(--vscode-panel-border)))';
  const viewBox = [x, y, width, height].map(round).join(' ');
  const fonts = 'font-family="var(--vscode-font-family,sans-serif)" font-size="13"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${viewBox}" role="img" ${fonts}>`,
    `<title>${escaped(title)}</title>`,
    `${frame} fill="var(--vscode-editor-background)"/>`,
    // VS Code gives a picture more room than its view box has, and styles each element `svg`, so that none goes inside.
    `<clipPath id="frame">${frame}/></clipPath><g clip-path="url(#frame)">`,
    ...inside.map((shape) => markup[shape.kind](shape, colour)).filter((each) => each !== ''),
    '</g>',
    `${frame} fill="none" stroke="${edge}"/>`,
    '</svg>',
    '',
  ].join('\n');
}

/** Half a line is no line. */
function isCut({ kind, y, size }, crop) {
  return kind === 'text' && (y - size < crop.y || y + 4 > crop.y + crop.height);
}

function isOutside({ kind, x, y }, crop) {
  return kind !== 'canvas' && y !== undefined && (y > crop.y + crop.height || x > crop.x + crop.width);
}

const markup = {
  box({ x, y, width, height, radius, chosen, ...looks }, colour) {
    // A border lies inside of its box.
    const inset = looks.stroke === undefined ? 0 : looks.strokeWidth / 2;
    const place = { x: x + inset, y: y + inset, width: width - 2 * inset, height: height - 2 * inset };
    const corners = radius > 0 ? ` rx="${round(radius)}"` : '';
    // Themes of high contrast have no grounds to tell what is chosen by.
    const mark = ' fill="none" stroke="var(--vscode-contrastActiveBorder,transparent)" stroke-width="2"';
    return `<rect${placed(place)}${corners}${chosen ? mark : painted(looks, colour)}/>`;
  },
  line({ ends: [x1, y1, x2, y2], ...looks }, colour) {
    return `<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}"${painted(looks, colour)}/>`;
  },
  text({ x, y, width, size, weight, family, fill, decoration, text }, colour) {
    const isMono = /mono|courier|consolas/i.test(family);
    const styles = [
      attribute('font-size', size === 13 ? undefined : round(size)),
      attribute('font-weight', Number(weight) >= 600 ? 600 : undefined),
      attribute('font-family', isMono ? 'var(--vscode-editor-font-family,monospace)' : undefined),
      attribute('text-decoration', decoration === 'underline' ? decoration : undefined),
      // As wide as it was, whatever font there is.
      text.length < 2 ? '' : ` textLength="${round(width)}" lengthAdjust="spacingAndGlyphs"`,
      attribute('fill', colour(fill, true)),
    ];
    return `<text${placed({ x, y })}${styles.join('')}>${escaped(text)}</text>`;
  },
  image({ x, y, width, height, href }) {
    return `<image${placed({ x, y, width, height })} image-rendering="pixelated" href="${href}"/>`;
  },
  icon({ tag, attributes, matrix, ...looks }, colour) {
    const own = attributes.map(([name, content]) => attribute(name, content)).join('');
    const moved = matrix.join() === '1,0,0,1,0,0' ? undefined : `matrix(${matrix.map(round).join(' ')})`;
    return `<${tag}${own}${attribute('transform', moved)}${painted(looks, colour)}/>`;
  },
  canvas({ x, y, scale, shapes }, colour) {
    const moved = `translate(${round(x)} ${round(y)})${scale === 1 ? '' : ` scale(${scale})`}`;
    return `<g transform="${moved}">${shapes.map((shape) => drawn(shape, colour)).join('')}</g>`;
  },
};

function painted({ fill = 'none', stroke, strokeWidth = 1, dash, opacity = 1 }, colour) {
  const edge = [attribute('stroke', stroke && colour(stroke)), attribute('stroke-dasharray', dash)];
  if (stroke !== undefined && strokeWidth !== 1) edge.push(attribute('stroke-width', round(strokeWidth)));
  return `${attribute('fill', colour(fill))}${edge.join('')}${attribute('opacity', opacity === 1 ? undefined : opacity)}`;
}

const anchors = { center: 'middle', right: 'end', end: 'end' };
const baselines = { middle: 'central', top: 'hanging' };

/** A shape of `recordCanvas.mjs`. */
function drawn({ path, text, place, turn, font, textAlign, textBaseline, ...looks }, colour) {
  if (text === undefined)
    return path ? `<path d="${path.replace(/-?\d+\.\d+/g, round)}"${painted(looks, colour)}/>` : '';
  const [size = 12] = /[\d.]+(?=px)/.exec(font) ?? [];
  const styles = [
    attribute('transform', `matrix(${turn.map(round).join(' ')} ${place})`),
    attribute('font-size', size),
    attribute('font-weight', /\bbold\b|\b[6-9]00\b/.test(font) ? 600 : undefined),
    attribute('text-anchor', anchors[textAlign]),
    attribute('dominant-baseline', baselines[textBaseline]),
    attribute('fill', colour(looks.fill, true)),
  ];
  return `<text${styles.join('')}>${escaped(text)}</text>`;
}
