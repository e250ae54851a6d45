/** A folder per class, of pictures, sounds or tables: `train/CLASS/*` and `test/CLASS/*`, or `CLASS/*` alone. */
import type { Content } from './content.ts';
import { type FileEntry, type FileSystem, joined, refuseData, requiredFile } from './files.ts';
import { type DataFiles, type DataRequest, emptyPart, type Part } from './forms.ts';
import { decodePicture } from './pictures.ts';
import { type Table, tableOf, windowsOf } from './tables.ts';
import { readWav } from './wav.ts';

type Kind = 'picture' | 'sound' | 'table';

const kinds: readonly (readonly [Kind, RegExp])[] = [
  ['picture', /\.(jpe?g|png)$/i],
  ['sound', /\.wav$/i],
  ['table', /\.csv$/i],
];

interface ClassFile {
  readonly path: string;
  readonly label: number;
  readonly kind: Kind;
}

/** `entries` are those of the data's folder. Classes are the sorted folder names of both parts. */
export async function openFolders(request: DataRequest, entries: readonly FileEntry[]): Promise<DataFiles | undefined> {
  const { files, path, labelled } = request;
  const divided = entries.some(({ name, folder }) => folder && name === 'train');
  const roots = divided ? { train: joined(path, 'train'), test: joined(path, 'test') } : { train: path };
  const [train, test] = [await foldersIn(files, roots.train), await foldersIn(files, roots.test)];
  const classes = [...new Set([...(train ?? []), ...(test ?? [])])].sort();
  const found = await classFiles(files, roots.train, classes, labelled);
  if (!divided && found.length === 0) return undefined;
  const tested = test === undefined ? undefined : await classFiles(files, roots.test ?? '', classes, labelled);
  const kind = oneKind([...found, ...(tested ?? [])]);
  const part = async (of: readonly ClassFile[]): Promise<Part> =>
    kind === 'table' ? await tablePart(request, of) : filePart(files, of, kind);
  return {
    classes,
    train: await part(found),
    ...(tested === undefined ? {} : { test: await part(tested) }),
    placeOf: (label) => joined(roots.train, classes[label] ?? ''),
    what: kind === 'table' ? 'sample' : kind,
  };
}

async function foldersIn(files: FileSystem, path: string | undefined): Promise<readonly string[] | undefined> {
  const entries = path === undefined ? undefined : await files.list(path);
  return entries?.filter(({ name, folder }) => folder && !name.startsWith('.')).map(({ name }) => name);
}

/** Files of other kinds are left alone. Without labels, files may also lie in the folder itself. */
async function classFiles(
  files: FileSystem,
  root: string,
  classes: readonly string[],
  labelled: boolean,
): Promise<readonly ClassFile[]> {
  const found: ClassFile[] = [];
  const add = async (folder: string, label: number): Promise<void> => {
    const entries = (await files.list(folder)) ?? [];
    const names = entries.filter((entry) => !entry.folder && !entry.name.startsWith('.')).map(({ name }) => name);
    for (const name of names.sort()) {
      const kind = kinds.find(([, pattern]) => pattern.test(name))?.[0];
      if (kind !== undefined) found.push({ path: joined(folder, name), label, kind });
    }
  };
  if (!labelled) await add(root, -1);
  for (const [label, name] of classes.entries()) await add(joined(root, name), label);
  return found;
}

function oneKind(files: readonly ClassFile[]): Kind {
  const [first] = files;
  const other = files.find(({ kind }) => kind !== first?.kind);
  if (first === undefined || other === undefined) return first?.kind ?? 'picture';
  return refuseData(
    'mixed-kinds',
    `the data mixes kinds: this is a ${other.kind}, ${first.path} a ${first.kind}`,
    'keep files of one kind in the data',
    other.path,
  );
}

function filePart(files: FileSystem, of: readonly ClassFile[], kind: Kind): Part {
  const pathOf = (index: number): string => of[index]?.path ?? '';
  return {
    labels: of.map(({ label }) => label),
    content: async (index): Promise<Content> => {
      const bytes = await files.read(pathOf(index));
      if (bytes === undefined) throw new Error('there is no such file');
      return kind === 'sound'
        ? { kind: 'sound', sound: readWav(bytes) }
        : { kind: 'picture', picture: decodePicture(bytes) };
    },
    nameOf: pathOf,
  };
}

/** Each table is one recording of its class: all of its columns are values. */
async function tablePart(request: DataRequest, of: readonly ClassFile[]): Promise<Part> {
  const windows: { readonly values: Float64Array; readonly label: number; readonly name: string }[] = [];
  let first: Table | undefined;
  for (const { path, label } of of) {
    const table = tableOf(await requiredFile(request.files, path), path, undefined);
    first ??= table;
    if (table.columns !== first.columns) {
      const message = `${table.columns} columns; ${first.file} has ${first.columns}`;
      refuseData('mixed-sizes', message, 'give all tables the same columns', path);
    }
    for (const window of windowsOf(table, request.input.elements)) windows.push({ ...window, label });
  }
  if (windows.length === 0) return emptyPart;
  return {
    labels: windows.map(({ label }) => label),
    content: async (index) => ({ kind: 'values', values: windows[index]?.values ?? [] }),
    nameOf: (index) => windows[index]?.name ?? '',
  };
}
