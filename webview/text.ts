/** Texts and figures of the pages. English is the key; the host sends the user's language with the settings. */

let translations: Readonly<Record<string, string>> = {};

/** The bundle as VS Code loads it: texts that it lacks stay English. */
export function useTexts(texts: Readonly<Record<string, string>>): void {
  translations = texts;
}

/** `{0}` stands for the first value. */
export function t(message: string, ...values: readonly (string | number)[]): string {
  const text = translations[message] ?? message;
  return text.replace(/\{(\d+)\}/g, (placeholder, index) => `${values[Number(index)] ?? placeholder}`);
}

/** Digits with the separators of the page's language. */
export function figure(value: number): string {
  return formatter({}).format(value);
}

/** `91,865 B`. */
export function bytesText(bytes: number): string {
  return `${figure(bytes)} B`;
}

/** `89.7 KB`: where there is no room for single bytes. KB are 1,024 bytes, as in the plan. */
export function kilobytesText(bytes: number): string {
  if (Math.abs(bytes) < 1024) return bytesText(bytes);
  const digits = Math.abs(bytes) < 100 * 1024 ? 1 : 0;
  return `${formatter({ maximumFractionDigits: digits }).format(bytes / 1024)} KB`;
}

/** `+2,304`, `−512`, `0`, with a minus sign as wide as the plus. */
export function differenceText(value: number): string {
  return value === 0 ? '0' : `${value > 0 ? '+' : '−'}${figure(Math.abs(value))}`;
}

/** `23.6 M`: for counts of operations. */
export function countText(value: number): string {
  return formatter({ notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}

export function percentText(share: number): string {
  const digits = share > 0 && share < 0.1 ? 1 : 0;
  return formatter({ style: 'percent', maximumFractionDigits: digits }).format(share);
}

/** `+3.2%`, `−0.1%`. */
export function shareText(change: number): string {
  const text = formatter({ style: 'percent', maximumSignificantDigits: 2 }).format(Math.abs(change));
  return `${change < 0 ? '−' : '+'}${text}`;
}

/** `274 ms`, `1.3 s`: three digits at most, as for estimates. */
export function durationText(seconds: number): string {
  const [value, unit] = seconds < 1 ? [seconds * 1000, 'ms'] : [seconds, 's'];
  return `${formatter({ maximumSignificantDigits: 3 }).format(value)} ${unit}`;
}

const formatters = new Map<string, Intl.NumberFormat>();

function formatter(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const language = document.documentElement.lang || 'en';
  const key = language + JSON.stringify(options);
  const known = formatters.get(key) ?? new Intl.NumberFormat(language, options);
  formatters.set(key, known);
  return known;
}
