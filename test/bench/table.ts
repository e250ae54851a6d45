/** Flat records as a Markdown table, for people and for docs/benchmarks.md. */

type Cell = string | number | boolean | undefined;
export type Row = Readonly<Record<string, Cell>>;

export function markdownTable(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = columns.map((column) => (typeof rows[0]?.[column] === 'number' ? '---:' : '---'));
  const body = rows.map((row) => line(columns.map((column) => cellText(row[column]))));
  return `${[line(columns), `|${rule.join('|')}|`, ...body].join('\n')}\n`;
}

/** `{a: {b: 1}}` becomes `{'a b': 1}`. */
export function flatten(value: object, prefix = ''): Row {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) =>
      typeof field === 'object' && field !== null
        ? Object.entries(flatten(field, `${prefix}${key} `))
        : [[`${prefix}${key}`, field as Cell]],
    ),
  );
}

function cellText(value: Cell): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'number' ? value.toLocaleString('en') : (value ?? '');
}
