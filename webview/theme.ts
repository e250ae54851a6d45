/** The colours of the user's theme for what CSS does not reach: canvases. Read anew whenever the theme changes. */

export type ThemeKind = 'dark' | 'light' | 'high-contrast' | 'high-contrast-light';

export interface Theme {
  readonly kind: ThemeKind;
  readonly highContrast: boolean;
  readonly background: string;
  readonly foreground: string;
  /** Of secondary text. */
  readonly muted: string;
  readonly gridLine: string;
  readonly border: string;
  readonly focus: string;
  readonly error: string;
  readonly warning: string;
  readonly font: string;
  readonly charts: Readonly<Record<ChartColour, string>>;
}

export const chartColours = ['blue', 'green', 'yellow', 'orange', 'red', 'purple', 'foreground', 'lines'] as const;
export type ChartColour = (typeof chartColours)[number];

/** Where a theme or an old VS Code lacks a colour of charts. */
const fallbacks: Readonly<Record<ChartColour, string>> = {
  blue: '#3794ff',
  green: '#89d185',
  yellow: '#cca700',
  orange: '#d18616',
  red: '#f14c4c',
  purple: '#b180d7',
  foreground: '#888888',
  lines: '#88888880',
};

const kinds: readonly ThemeKind[] = ['high-contrast-light', 'high-contrast', 'light', 'dark'];

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string, ...others: readonly string[]): string =>
    [name, ...others]
      .map((each) => (each.startsWith('#') ? each : style.getPropertyValue(`--vscode-${each}`).trim()))
      .find((value) => value !== '') ?? '#888888';
  const kind = kinds.find((each) => document.body.classList.contains(`vscode-${each}`)) ?? 'dark';
  const foreground = colour('editor-foreground', 'foreground');
  return {
    kind,
    highContrast: kind.startsWith('high-contrast'),
    background: colour('editor-background'),
    foreground,
    muted: colour('descriptionForeground', 'foreground'),
    gridLine: withAlpha(foreground, 0.09),
    border: colour('contrastBorder', 'panel-border', 'editorGroup-border'),
    focus: colour('focusBorder'),
    error: colour('editorError-foreground', 'errorForeground', '#f14c4c'),
    warning: colour('editorWarning-foreground', '#cca700'),
    font: style.getPropertyValue('--vscode-font-family').trim() || 'sans-serif',
    charts: Object.fromEntries(
      chartColours.map((name) => [name, solid(colour(`charts-${name}`, fallbacks[name]), name)]),
    ) as Theme['charts'],
  };
}

/** VS Code's own themes derive the orange of charts from a translucent highlight, which vanishes on their backgrounds. */
function solid(colour: string, name: ChartColour): string {
  const [red, green, blue, alpha] = channelsOf(colour);
  return alpha === 1 || name === 'lines' ? colour : `rgb(${red}, ${green}, ${blue})`;
}

/** VS Code writes a new theme into the classes of the body and the style of the root. */
export function onThemeChange(listener: (theme: Theme) => void): void {
  let last = JSON.stringify(readTheme());
  const observer = new MutationObserver(() => {
    const theme = readTheme();
    const now = JSON.stringify(theme);
    if (now === last) return;
    last = now;
    listener(theme);
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'style', 'data-vscode-theme-kind'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['class', 'style'] });
}

let painter: CanvasRenderingContext2D | null | undefined;

/** Any CSS colour, with its opacity multiplied. */
export function withAlpha(colour: string, alpha: number): string {
  const [red, green, blue, own] = channelsOf(colour);
  return `rgba(${red}, ${green}, ${blue}, ${Number((own * alpha).toFixed(3))})`;
}

/** `share` of `colour` over `ground`, opaque: what lies below does not shine through. */
export function mixed(colour: string, ground: string, share: number): string {
  const above = channelsOf(colour);
  const below = channelsOf(ground);
  const weight = share * above[3];
  const channel = (index: 0 | 1 | 2): number => Math.round(above[index] * weight + below[index] * (1 - weight));
  return `rgb(${channel(0)}, ${channel(1)}, ${channel(2)})`;
}

/** Red, green, blue of 255, alpha of 1; by the browser's own reading of colours. */
function channelsOf(colour: string): readonly [number, number, number, number] {
  painter ??= Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', {
    willReadFrequently: true,
  });
  if (painter === null) return [128, 128, 128, 1];
  painter.fillStyle = '#888888';
  painter.fillStyle = colour;
  const text = painter.fillStyle;
  if (text.startsWith('#')) {
    const part = (from: number): number => Number.parseInt(text.slice(from, from + 2), 16);
    return [part(1), part(3), part(5), 1];
  }
  const [red = 128, green = 128, blue = 128, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue, alpha];
}
