/** Tables of sensor values (CSV): a row for each instant or each sample. */
import { readCsv } from './csv.ts';
import { damaged, errorText, type FileEntry, joined, refuseData, requiredFile } from './files.ts';
import { classNames, type DataFiles, type DataRequest, type Part } from './forms.ts';

export interface Table {
  readonly file: string;
  /** Of values, without the label. */
  readonly columns: number;
  readonly rows: readonly Row[];
}

interface Row {
  /** From 1. */
  readonly line: number;
  readonly values: readonly number[];
  /** Absent where the table has no column of labels. */
  readonly label?: string;
}

export interface LabelColumn {
  /** Default: the column called `label` or `class`, else the last one. */
  readonly name: string | undefined;
  /** An autoencoder's table may have one, and need not. */
  readonly required: boolean;
}

/**
 * Checked: as many fields in every row, and numbers in all columns but the label's. A first row that is not all numbers
 * is a header. Refuses (DiagnosticError) with file and line.
 * @param column undefined where all columns are values
 */
export function tableOf(bytes: Uint8Array, file: string, column: LabelColumn | undefined): Table {
  const { records, separator } = csvOf(bytes, file);
  const [first] = records;
  if (first === undefined) return refuseData('no-samples', 'the table is empty', 'add rows, or remove it', file);
  const width = first.fields.length;
  const decimalComma = separator === ';';
  const number = (text: string): number =>
    text === '' ? Number.NaN : Number(decimalComma ? text.replace(',', '.') : text);
  const numbers = first.fields.filter((text) => Number.isFinite(number(text))).length;
  // A row of values has at most one field that is none: its label.
  const header =
    numbers < width - (column === undefined ? 0 : 1) || (width === 1 && numbers === 0) ? first.fields : undefined;
  const label = column === undefined ? -1 : labelPosition(column, header, width, file);
  const body = header === undefined ? records : records.slice(1);
  if (body.length === 0) return refuseData('no-samples', 'the table has a header only', 'add rows, or remove it', file);
  const rows = body.map(({ line, fields }): Row => {
    if (fields.length !== width) {
      damaged(file, `line ${line} has ${fields.length} fields, line ${first.line} has ${width}`);
    }
    const values = fields.flatMap((text, index) => {
      if (index === label) return [];
      const value = number(text);
      if (Number.isFinite(value)) return [value];
      const where = header?.[index] === undefined ? `column ${index + 1}` : `column '${header[index]}'`;
      return damaged(file, `line ${line}, ${where}: '${text}' is no number`);
    });
    const name = fields[label];
    if (label >= 0 && (name === undefined || name === '')) damaged(file, `line ${line} has no label`);
    return name === undefined ? { line, values } : { line, values, label: name };
  });
  return { file, columns: width - (label < 0 ? 0 : 1), rows };
}

function csvOf(bytes: Uint8Array, file: string): ReturnType<typeof readCsv> {
  try {
    return readCsv(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return damaged(file, error instanceof TypeError ? 'it is no text in UTF-8' : errorText(error));
  }
}

function labelPosition(
  { name, required }: LabelColumn,
  header: readonly string[] | undefined,
  width: number,
  file: string,
): number {
  const called = (wanted: string): number =>
    header?.findIndex((title) => title.toLowerCase() === wanted.toLowerCase()) ?? -1;
  if (name !== undefined) {
    const position = called(name);
    if (position >= 0) return position;
    const message = header === undefined ? 'the table has no header' : `there is no column '${name}'`;
    return refuseData('unknown-column', message, `its columns are ${header?.join(', ') ?? 'unnamed'}`, file);
  }
  const usual = ['label', 'class'].map(called).find((position) => position >= 0);
  if (usual !== undefined) return usual;
  if (!required) return -1;
  if (width < 2) return damaged(file, 'one column only: there are no values beside the label');
  return width - 1;
}

export interface Window {
  readonly values: Float64Array;
  readonly name: string;
  readonly label?: string;
  /** Number of the run of rows that it is cut from. */
  readonly run: number;
}

/**
 * Each run of rows with the same label is cut into windows that fill the model's input: without overlap, or one every so many
 * rows where the plan says so. What is left at the end of a run is dropped. Refuses (DiagnosticError) rows that cannot fill it.
 */
export function windowsOf(
  { file, columns, rows }: Table,
  { input: { elements }, data }: Pick<DataRequest, 'input' | 'data'>,
): readonly Window[] {
  const length = elements / columns;
  if (columns === 0 || !Number.isInteger(length)) {
    const message = `rows of ${columns} values; the model takes ${elements}, which is no multiple of it`;
    return refuseData('data-size', message, 'give the table the columns that the model was trained on', file);
  }
  const step = data.windows?.every ?? length;
  const windows: Window[] = [];
  for (const [run, { start, end }] of runsOf(rows).entries()) {
    for (let from = start; from + length <= end; from += step) {
      const { line: first = 0, label } = rows[from] ?? {};
      const last = rows[from + length - 1]?.line ?? 0;
      const values = Float64Array.from(rows.slice(from, from + length).flatMap((row) => row.values));
      const name = `${file} (${first === last ? `line ${first}` : `lines ${first} to ${last}`})`;
      windows.push({ values, name, run, ...(label === undefined ? {} : { label }) });
    }
  }
  if (windows.length > 0) return windows;
  const message = `no run of ${length} rows with the same label, which the model takes at once`;
  return refuseData('data-size', message, 'give longer recordings', file);
}

/** Stretches of rows with the same label. */
function runsOf(rows: readonly Row[]): readonly { readonly start: number; readonly end: number }[] {
  const starts = rows.flatMap(({ label }, index) => (index === 0 || rows[index - 1]?.label !== label ? [index] : []));
  return starts.map((start, run) => ({ start, end: starts[run + 1] ?? rows.length }));
}

/** `train.csv` and, if there is one, `test.csv`; or one table. */
export async function openTables(
  request: DataRequest,
  entries: readonly FileEntry[] | undefined,
): Promise<DataFiles | undefined> {
  const { path } = request;
  if (entries === undefined) return await tablesOf(request, path, undefined);
  const has = (name: string): boolean => entries.some((entry) => !entry.folder && entry.name === name);
  if (has('train.csv')) {
    return await tablesOf(request, joined(path, 'train.csv'), has('test.csv') ? joined(path, 'test.csv') : undefined);
  }
  const tables = entries.filter(({ name, folder }) => !folder && /\.csv$/i.test(name));
  const [only, second] = tables;
  if (only === undefined) return undefined;
  if (second === undefined) return await tablesOf(request, joined(path, only.name), undefined);
  return refuseData(
    'data-unknown',
    `${path} holds ${tables.length} tables, none of them train.csv`,
    'call them train.csv and test.csv, or name one of them in the plan',
  );
}

async function tablesOf(request: DataRequest, train: string, test: string | undefined): Promise<DataFiles> {
  const { files, data, labelled } = request;
  const column = { name: data.label, required: labelled };
  const read = async (file: string): Promise<Table> => tableOf(await requiredFile(files, file), file, column);
  const [trained, tested] = [await read(train), test === undefined ? undefined : await read(test)];
  if (tested !== undefined && tested.columns !== trained.columns) {
    const message = `${tested.columns} columns of values; ${train} has ${trained.columns}`;
    refuseData('mixed-sizes', message, 'give both tables the same columns', tested.file);
  }
  const classes = classNames([...trained.rows, ...(tested?.rows ?? [])].flatMap(({ label }) => label ?? []));
  const numbers = new Map(classes.map((name, index) => [name, index]));
  const part = (table: Table): Part => {
    const windows = windowsOf(table, request);
    return {
      labels: windows.map(({ label }) => numbers.get(label ?? '') ?? -1),
      ...(data.windows === undefined ? {} : { groups: windows.map(({ run }) => run) }),
      content: async (index) => ({ kind: 'values', values: windows[index]?.values ?? [] }),
      nameOf: (index) => windows[index]?.name ?? '',
    };
  };
  return {
    classes,
    train: part(trained),
    ...(tested === undefined ? {} : { test: part(tested) }),
    placeOf: () => train,
    what: 'sample',
    recordings: 'rows',
  };
}
