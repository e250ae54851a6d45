/**
 * Which colour of a theme a colour on the screen is. A workbench is given one colour of its own for each name; what is
 * seen there is then one of them, one of them let through, or a mixture of two.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Those of the workbench itself, and of the toolkit's controls. */
const ofTheWorkbench = [
  ...['sideBar.background', 'sideBar.foreground', 'sideBarTitle.foreground', 'sideBarSectionHeader.background'],
  ...['sideBarSectionHeader.foreground', 'sideBarSectionHeader.border', 'icon.foreground', 'editorCodeLens.foreground'],
  ...['list.inactiveSelectionBackground', 'list.inactiveSelectionForeground', 'list.focusOutline'],
  ...['list.activeSelectionBackground', 'list.activeSelectionForeground', 'tree.indentGuidesStroke'],
  ...['tree.inactiveIndentGuidesStroke', 'button.background', 'button.foreground', 'button.border'],
  ...['button.secondaryBackground', 'button.secondaryForeground', 'dropdown.background', 'dropdown.border'],
];

/** `--vscode-editor-background` is `editor.background`. */
function namesInPages() {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '../../webview');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(css|ts)$/.test(file));
  const found = files.flatMap((file) => [
    ...readFileSync(join(folder, file), 'utf8').matchAll(/--vscode-([a-z][\w-]*\w)/gi),
  ]);
  const ofCharts = ['blue', 'green', 'yellow', 'orange', 'red', 'purple', 'foreground', 'lines'].map(
    (name) => `charts.${name}`,
  );
  const ofThemes = [...readFileSync(join(folder, 'theme.ts'), 'utf8').matchAll(/'(\w+)-(\w*(?:ground|order))'/g)];
  return [
    ...found.map(([, name]) => name.replace('-', '.')).filter((name) => !/font|size/.test(name)),
    ...ofThemes.map(([, part, name]) => `${part}.${name}`),
    ...ofCharts,
    'foreground',
  ];
}

/** Colours of code are no colours of a theme: the nearest are those that debuggers and outlines use. By TextMate's scopes. */
const tokens = {
  descriptionForeground: ['comment', 'punctuation.definition.comment'],
  'debugTokenExpression.boolean': [
    'keyword',
    'keyword.control',
    'keyword.control.directive',
    'storage',
    'storage.type',
    'storage.modifier',
  ],
  'debugTokenExpression.string': ['string', 'string.quoted', 'string.quoted.double', 'meta.preprocessor string'],
  'debugTokenExpression.number': ['constant.numeric', 'constant.language', 'keyword.other.unit', 'support.constant'],
  'debugTokenExpression.name': ['support.type.property-name'],
  'symbolIcon.functionForeground': ['entity.name.function', 'support.function'],
};

/** Far from each other, and from all mixtures of two of them as far as chance lets them be. */
const channels = (index) => [131, 71, 197].map((step, at) => 16 + (((index + 1) * step + at * 89) % 224));
const hex = (rgb) => `#${rgb.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
const variable = (name) => `--vscode-${name.replaceAll('.', '-')}`;
const known = [...new Set([...namesInPages(), ...ofTheWorkbench, ...Object.keys(tokens)])]
  .filter((name) => name !== 'contrastBorder')
  .map((name, index) => ({ name, rgb: channels(index) }));
const colourOf = (name) => hex(known.find((each) => each.name === name)?.rgb ?? [0, 0, 0]);

/** For `openWorkbench`. */
export const markedColours = {
  'workbench.iconTheme': null,
  'workbench.colorCustomizations': Object.fromEntries(known.map(({ name, rgb }) => [name, hex(rgb)])),
  'editor.tokenColorCustomizations': {
    textMateRules: Object.entries(tokens).map(([name, scope]) => ({ scope, settings: { foreground: colourOf(name) } })),
  },
  'editor.semanticHighlighting.enabled': false,
};

/** @param css as the browser computes it @returns red, green, blue of 255, alpha of 1 */
function parsed(css) {
  if (css.startsWith('#')) return [1, 3, 5].map((from) => Number.parseInt(css.slice(from, from + 2), 16)).concat(1);
  const [red, green, blue, alpha = 1] = (css.replace(/^color\(srgb/, '').match(/[\d.]+(e-\d+)?/g) ?? []).map(Number);
  return css.startsWith('color(') ? [red * 255, green * 255, blue * 255, alpha] : [red, green, blue, alpha];
}

const distance = (a, b) => Math.max(...a.map((channel, at) => Math.abs(channel - b[at])));

/** With what is there where the theme has none, as contrast themes have no grounds. */
function named({ name }, isText) {
  // VS Code's own light theme lets it shine through; the pages make it solid, too.
  if (name === 'charts.orange') return `rgb(from var(${variable(name)},var(--vscode-charts-yellow)) r g b / 1)`;
  return isText ? `var(${variable(name)},var(--vscode-foreground))` : `var(${variable(name)},transparent)`;
}

function nearest(rgb) {
  return known.map((each) => ({ each, off: distance(each.rgb, rgb) })).sort((a, b) => a.off - b.off)[0];
}

/** @returns the two, and the share of the first in percent */
function mixture(rgb) {
  const bases = known.filter(({ name }) => ['editor.background', 'editor.foreground', 'foreground'].includes(name));
  let best = { off: 1.6 };
  for (const base of bases)
    for (const above of known)
      for (let share = 1; share < 100; share++) {
        const mixed = above.rgb.map((channel, at) => (channel * share + base.rgb[at] * (100 - share)) / 100);
        const off = distance(mixed, rgb) + (share % 5 === 0 ? 0 : 0.5);
        if (off < best.off) best = { off, base, above, share };
      }
  return best.base === undefined ? undefined : best;
}

const found = new Map();

/** A colour that was seen, in the words of a theme. */
export function themeColour(css, isText = false) {
  const key = `${css} ${isText}`;
  if (!found.has(key)) found.set(key, themeColourOf(css, isText));
  return found.get(key);
}

function themeColourOf(css, isText) {
  if (css === 'none') return css;
  const [red, green, blue, alpha] = parsed(css);
  const rgb = [red, green, blue];
  const { each, off } = nearest(rgb);
  const whole = off < 1 ? named(each, isText) : undefined;
  if (whole !== undefined && alpha === 1) return whole;
  if (whole !== undefined) return `color-mix(in srgb,${whole} ${Math.round(alpha * 100)}%,transparent)`;
  const mixed = mixture(rgb);
  // Of code there are more colours than the settings name.
  if (mixed === undefined && isText) return 'var(--vscode-editor-foreground)';
  if (mixed === undefined) throw new Error(`no colour of the theme is ${css}`);
  return `color-mix(in srgb,${named(mixed.above, isText)} ${mixed.share}%,${named(mixed.base, isText)})`;
}
