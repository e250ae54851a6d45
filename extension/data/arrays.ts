/** Pairs of NumPy arrays: `x.npy` and `y.npy`, `x_train.npy` and so on, or `train/x.npy` and so on. */
import type { Content } from './content.ts';
import { damaged, errorText, type FileEntry, type FileSystem, joined, refuseData, requiredFile } from './files.ts';
import { classNames, type DataFiles, type DataRequest, type Part } from './forms.ts';
import { type NumberArray, readNpy } from './npy.ts';

/** Where the arrays of a part may be, most specific first. */
const places = {
  train: [
    ['x_train.npy', 'y_train.npy'],
    ['train/x.npy', 'train/y.npy'],
    ['x.npy', 'y.npy'],
  ],
  test: [
    ['x_test.npy', 'y_test.npy'],
    ['test/x.npy', 'test/y.npy'],
  ],
} as const;

/** Class names are the numbers in y. */
export async function openArrays(request: DataRequest, entries: readonly FileEntry[]): Promise<DataFiles | undefined> {
  const names = new Set(entries.map(({ name }) => name));
  for (const folder of ['train', 'test'].filter((name) => names.has(name))) {
    for (const { name } of (await request.files.list(joined(request.path, folder))) ?? [])
      names.add(`${folder}/${name}`);
  }
  const found = (part: 'train' | 'test') => places[part].find(([x]) => names.has(x));
  const [train, test] = [found('train'), found('test')];
  if (train === undefined) return undefined;
  const read = async (pair: readonly [string, string]): Promise<Arrays> => await readArrays(request, pair, names);
  const [trained, tested] = [await read(train), test === undefined ? undefined : await read(test)];
  if (tested !== undefined && sideText(tested.x) !== sideText(trained.x)) {
    const message = `samples of ${sideText(tested.x)}; ${trained.file} has ${sideText(trained.x)}`;
    refuseData('mixed-sizes', message, 'save both arrays with samples of one shape', tested.file);
  }
  const written = [trained, tested].flatMap((part) => Array.from(part?.labels ?? []));
  const most = written.reduce((highest, label) => Math.max(highest, label), -1);
  const classes = classNames(Array.from({ length: most + 1 }, (_, label) => String(label)));
  return {
    classes,
    train: partOf(request, trained),
    ...(tested === undefined ? {} : { test: partOf(request, tested) }),
    placeOf: () => joined(request.path, train[1]),
    what: isPictures(request, trained.x) ? 'picture' : 'sample',
  };
}

interface Arrays {
  readonly file: string;
  /** [samples, ...] */
  readonly x: NumberArray;
  readonly labels: ArrayLike<number> | undefined;
}

async function readArrays(
  { files, path, labelled }: DataRequest,
  [xName, yName]: readonly [string, string],
  names: ReadonlySet<string>,
): Promise<Arrays> {
  const [xPath, yPath] = [joined(path, xName), joined(path, yName)];
  const x = await arrayOf(files, xPath);
  const [count = 0] = x.shape;
  if (x.shape.length < 2) damaged(xPath, `an array of [${x.shape.join(', ')}]; [samples, ...] is needed`);
  if (!labelled && !names.has(yName)) return { file: xPath, x, labels: undefined };
  const y = await arrayOf(files, yPath);
  const [labels = 0, ...rest] = y.shape;
  if (rest.some((side) => side !== 1)) {
    damaged(
      yPath,
      `an array of [${y.shape.join(', ')}]; one class number a sample is needed (of one-hot rows, np.argmax)`,
    );
  }
  if (labels !== count) damaged(yPath, `${labels} labels; ${xName} has ${count} samples`);
  for (let index = 0; index < labels; index++) {
    const label = y.values[index] ?? -1;
    if (!Number.isInteger(label) || label < 0 || label >= mostClasses) {
      damaged(yPath, `label ${index} is ${label}; class numbers are whole, from 0 to ${mostClasses - 1}`);
    }
  }
  return { file: xPath, x, labels: y.values };
}

const mostClasses = 65_536;

async function arrayOf(files: FileSystem, path: string): Promise<NumberArray> {
  const bytes = await requiredFile(files, path);
  try {
    return readNpy(bytes);
  } catch (error) {
    return damaged(path, errorText(error));
  }
}

const sidesOf = ({ shape }: NumberArray): readonly number[] => shape.slice(1);
const sideText = (array: NumberArray): string => `[${sidesOf(array).join(', ')}]`;

/** Bytes [height, width] or [height, width, 1 or 3], for a model that takes pictures. */
function isPictures({ input }: DataRequest, x: NumberArray): boolean {
  const sides = sidesOf(x);
  const channels = sides[2] ?? 1;
  return (
    x.type === 'u1' &&
    input.shape.length === 4 &&
    sides.length <= 3 &&
    sides.length >= 2 &&
    (channels === 1 || channels === 3)
  );
}

function partOf(request: DataRequest, { file, x, labels }: Arrays): Part {
  const [count = 0, ...sides] = x.shape;
  const elements = sides.reduce((product, side) => product * side, 1);
  const pictures = isPictures(request, x);
  const { input } = request;
  const codes = x.type === (input.dtype === 'int8' ? 'i1' : 'u1');
  if (!pictures && elements !== input.elements) {
    damaged(file, `samples of ${sideText(x)}; the model takes [${input.shape.join(', ')}]`);
  }
  const [height = 1, width = 1, channels = 1] = sides;
  const slice = (index: number): Float64Array | Uint8Array | Int8Array => {
    const [from, to] = [index * elements, (index + 1) * elements];
    const { values } = x;
    return values instanceof Uint8Array || values instanceof Int8Array || values instanceof Float64Array
      ? values.subarray(from, to)
      : Float64Array.from({ length: elements }, (_, place) => values[from + place] ?? 0);
  };
  return {
    labels: labels ?? new Int8Array(count).fill(-1),
    content: async (index): Promise<Content> => {
      const values = slice(index);
      if (pictures) return { kind: 'picture', picture: { width, height, channels, pixels: Uint8Array.from(values) } };
      if (codes) return { kind: 'codes', codes: new Uint8Array(values.slice().buffer) };
      if (!values.every(Number.isFinite)) throw new Error('it holds values that are no numbers');
      return { kind: 'values', values };
    },
    nameOf: (index) => `${file} (sample ${index})`,
  };
}
