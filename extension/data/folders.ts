/** A folder per class, of pictures, sounds or tables: `train/CLASS/*` and `test/CLASS/*`, or `CLASS/*` alone. */
import type { Content } from './content.ts';
import { frontEndFor, heardSamples, samplesIn } from './features.ts';
import { type FileEntry, type FileSystem, joined, refuseData, requiredFile } from './files.ts';
import { type DataFiles, type DataRequest, emptyPart, type Part } from './forms.ts';
import { decodePicture } from './pictures.ts';
import { type Table, tableOf, type Window, windowsOf } from './tables.ts';
import { readWav, type Sound } from './wav.ts';

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
    kind === 'table' ? await tablePart(request, of) : await filePart(request, of, kind);
  return {
    classes,
    train: await part(found),
    ...(tested === undefined ? {} : { test: await part(tested) }),
    placeOf: (label) => joined(roots.train, classes[label] ?? ''),
    what: kind === 'table' ? 'sample' : kind,
    ...(kind === 'picture' ? {} : { recordings: kind === 'sound' ? 'ms' : 'rows' }),
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

async function filePart(request: DataRequest, of: readonly ClassFile[], kind: Kind): Promise<Part> {
  if (kind === 'sound' && request.data.windows !== undefined) return await soundWindows(request, of);
  const pathOf = (index: number): string => of[index]?.path ?? '';
  return {
    labels: of.map(({ label }) => label),
    content: async (index): Promise<Content> => {
      if (kind === 'sound') return { kind: 'sound', sound: await soundOf(request.files, pathOf(index)) };
      return { kind: 'picture', picture: decodePicture(await sampleBytes(request.files, pathOf(index))) };
    },
    nameOf: pathOf,
  };
}

async function sampleBytes(files: FileSystem, path: string): Promise<Uint8Array> {
  const bytes = await files.read(path);
  if (bytes === undefined) throw new Error('there is no such file');
  return bytes;
}

async function soundOf(files: FileSystem, path: string): Promise<Sound> {
  return readWav(await sampleBytes(files, path));
}

/** Where a window begins in its sound, in samples; 0 of a sound that cannot be read, which is told when it is to be. */
interface SoundWindow extends ClassFile {
  readonly start: number;
  readonly length: number | undefined;
  readonly recording: number;
}

/** Sounds are read twice, once for their length: all of them at once may be more than there is memory. */
async function soundWindows({ files, input, data }: DataRequest, of: readonly ClassFile[]): Promise<Part> {
  const windows: SoundWindow[] = [];
  for (const [recording, file] of of.entries()) {
    const sound = await soundOf(files, file.path).catch(() => undefined);
    const frontEnd = sound === undefined ? undefined : frontEndFor(sound.rate, input, data.features);
    const length = frontEnd === undefined ? undefined : heardSamples(frontEnd);
    const step = samplesIn(data.windows?.every ?? 1, sound?.rate ?? 1);
    const last = (sound?.samples.length ?? 0) - (length ?? 0);
    // A shorter sound is one sample, filled up with silence.
    for (let start = 0; start === 0 || start <= last; start += step)
      windows.push({ ...file, start, length, recording });
  }
  let latest: { readonly path: string; readonly sound: Sound } | undefined;
  return {
    labels: windows.map(({ label }) => label),
    groups: windows.map(({ recording }) => recording),
    content: async (index): Promise<Content> => {
      const { path = '', start = 0, length = 0 } = windows[index] ?? {};
      const { sound } = latest?.path === path ? latest : { sound: await soundOf(files, path) };
      latest = { path, sound };
      return { kind: 'sound', sound: { rate: sound.rate, samples: sound.samples.subarray(start, start + length) } };
    },
    nameOf: (index) => {
      const { path = '', start = 0 } = windows[index] ?? {};
      return start === 0 ? path : `${path} (from sample ${start})`;
    },
  };
}

/** Each table is one recording of its class: all of its columns are values. */
async function tablePart(request: DataRequest, of: readonly ClassFile[]): Promise<Part> {
  const windows: (Window & { readonly class: number })[] = [];
  let first: Table | undefined;
  for (const { path, label } of of) {
    const table = tableOf(await requiredFile(request.files, path), path, undefined);
    first ??= table;
    if (table.columns !== first.columns) {
      const message = `${table.columns} columns; ${first.file} has ${first.columns}`;
      refuseData('mixed-sizes', message, 'give all tables the same columns', path);
    }
    const run = windows.at(-1)?.run ?? -1;
    for (const window of windowsOf(table, request)) windows.push({ ...window, run: run + 1, class: label });
  }
  if (windows.length === 0) return emptyPart;
  return {
    labels: windows.map((window) => window.class),
    ...(request.data.windows === undefined ? {} : { groups: windows.map(({ run }) => run) }),
    content: async (index) => ({ kind: 'values', values: windows[index]?.values ?? [] }),
    nameOf: (index) => windows[index]?.name ?? '',
  };
}
