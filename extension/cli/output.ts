/** Text for people: diagnostics, aligned tables, sizes. */
import type { Diagnostic } from '../../compiler/diagnostics.ts';

/** `file:line:column: severity: message`, and the remedy below it. */
export function diagnosticText({ file, range, severity, code, message, remedy }: Diagnostic): string {
  const place = file === undefined ? '' : `${file}:${range?.line ?? 1}:${range?.column ?? 1}: `;
  return `${place}${severity}: ${message} [${code}]\n  ${remedy}\n`;
}

/** One flat object for `--json`; files without lines count as one. */
export function diagnosticJson(diagnostic: Diagnostic): object {
  const { severity, code, message, remedy, file, range, layer } = diagnostic;
  const { line = 1, column = 1, endLine = line, endColumn = column } = range ?? {};
  return { severity, code, message, remedy, file, line, column, endLine, endColumn, layer };
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Columns two spaces apart, as wide as their widest cell. */
export function table(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(cellText))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const cell = row[index] ?? '';
        const width = widths[index] ?? 0;
        return align === 'left' ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return `${cells.map(line).join('\n')}\n`;
}

function cellText(value: string | number): string {
  return typeof value === 'number' ? value.toLocaleString('en') : value;
}

export function bytesText(bytes: number): string {
  return `${bytes.toLocaleString('en')} B (${(bytes / 1024).toFixed(1)} KB)`;
}

export function percentText(share: number): string {
  return Number.isNaN(share) ? '-' : `${(100 * share).toFixed(1)} %`;
}

export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
