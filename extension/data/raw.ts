/** Raw bytes with an index: `index.json` (classes and shape), `train-images.u8` or `.i8`, `train-labels.u8`, and the same of `test`. */
import * as v from 'valibot';
import type { Content } from './content.ts';
import { damaged, type FileEntry, joined, jsonFile, requiredFile } from './files.ts';
import type { DataFiles, DataRequest, Part } from './forms.ts';

const partSchema = v.object({
  count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  /** How the samples were called before, for reports. */
  files: v.optional(v.array(v.string())),
});

const indexSchema = v.object({
  classes: v.optional(v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(256))),
  shape: v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(1))), v.minLength(1), v.maxLength(8)),
  train: v.optional(partSchema),
  test: v.optional(partSchema),
});

const inputFile = /^train-(images|inputs)\.(u8|i8)$/;

/** `u8` are pixels, or codes of a model that takes no pictures; `i8` are the model's codes. */
export async function openRaw(request: DataRequest, entries: readonly FileEntry[]): Promise<DataFiles | undefined> {
  const present = entries.filter(({ folder }) => !folder).map(({ name }) => name);
  const train = present.find((name) => inputFile.test(name));
  if (train === undefined) return undefined;
  const { files, path, labelled } = request;
  const indexPath = joined(path, 'index.json');
  const parsed = v.safeParse(indexSchema, await jsonFile(files, indexPath));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return damaged(indexPath, `${v.getDotPath(issue) ?? 'the index'}: ${issue.message}`);
  }
  const { classes = [], shape } = parsed.output;
  if (labelled && classes.length === 0) damaged(indexPath, 'classes: expected a list of names');
  const read = contentReader(request, train, shape, indexPath);
  const bytesEach = shape.reduce((product, side) => product * side, 1);
  const part = async (name: 'train' | 'test', inputs: string): Promise<Part> => {
    const labelFile = `${name}-labels.u8`;
    const names = parsed.output[name]?.files ?? [];
    const bytes = await requiredFile(files, joined(path, inputs));
    const hasLabels = labelled || present.includes(labelFile);
    const labels = hasLabels ? await requiredFile(files, joined(path, labelFile)) : undefined;
    const count = Math.floor(bytes.length / bytesEach);
    const stated = parsed.output[name]?.count ?? count;
    if (bytes.length !== stated * bytesEach) {
      const expected = `${stated} samples of ${bytesEach} are ${stated * bytesEach}`;
      damaged(joined(path, inputs), `${bytes.length} bytes; ${expected}`);
    }
    if (labels !== undefined && labels.length !== count) {
      damaged(joined(path, labelFile), `${labels.length} labels; ${inputs} has ${count} samples`);
    }
    const wrong = labels?.findIndex((label) => label >= classes.length) ?? -1;
    if (wrong >= 0) {
      damaged(joined(path, labelFile), `label ${wrong} is ${labels?.[wrong]}; there are ${classes.length} classes`);
    }
    const what = inputs.includes('images') ? 'picture' : 'sample';
    return {
      labels: labels ?? new Int8Array(count).fill(-1),
      content: async (index) => read(bytes.subarray(index * bytesEach, (index + 1) * bytesEach)),
      nameOf: (index) =>
        `${joined(path, inputs)} (${what} ${index}${names[index] === undefined ? '' : `, ${names[index]}`})`,
    };
  };
  const test = train.replace('train', 'test');
  return {
    classes,
    train: await part('train', train),
    ...(present.includes(test) ? { test: await part('test', test) } : {}),
    placeOf: () => joined(path, 'train-labels.u8'),
    what: train.includes('images') ? 'picture' : 'sample',
  };
}

function contentReader(
  { input }: DataRequest,
  file: string,
  shape: readonly number[],
  indexPath: string,
): (bytes: Uint8Array) => Content {
  const elements = shape.reduce((product, side) => product * side, 1);
  if (file.endsWith('.u8') && file.includes('images')) {
    const [height = 1, width = 1, channels = 1] = shape;
    if (shape.length < 2 || shape.length > 3) damaged(indexPath, `pictures of [${shape.join(', ')}]`);
    if (channels !== 1 && channels !== 3) damaged(indexPath, `${channels} channels, expected 1 or 3`);
    return (pixels) => ({ kind: 'picture', picture: { width, height, channels, pixels } });
  }
  const dtype = file.endsWith('.i8') ? 'int8' : 'uint8';
  if (elements !== input.elements || dtype !== input.dtype) {
    const [given, wanted] = [shape, input.shape].map((sides) => `[${sides.join(', ')}]`);
    damaged(indexPath, `samples are ${given} ${dtype}; the model takes ${wanted} ${input.dtype}`);
  }
  return (codes) => ({ kind: 'codes', codes });
}
