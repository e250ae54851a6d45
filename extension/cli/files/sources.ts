/** The forms that data may have on disk: raw pictures with an index, or a folder per class. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { pictureAt, type RawPictures } from '../../../compiler/simulate/data.ts';
import type { Picture } from '../../../compiler/simulate/picture.ts';
import { decodePicture, pictureFile } from './pictures.ts';
import { errorCode, errorText, readInput } from './read.ts';

/** One part (train or test): what there is, without the pixels. */
export interface Part {
  readonly labels: ArrayLike<number>;
  /** @throws Error that says what is wrong with it */
  picture(index: number): Promise<Picture>;
  /** How diagnostics call it. */
  nameOf(index: number): string;
}

export interface DataFiles {
  readonly classes: readonly string[];
  readonly train: Part;
  readonly test: Part;
}

export function dataError(code: string, message: string, remedy: string): Diagnostic {
  return { severity: 'error', code, message, remedy };
}

/** `shown` is how the plan calls the folder; diagnostics about the folder itself have no file. */
export async function openData(directory: string, shown: string): Promise<Result<DataFiles>> {
  let entries: readonly string[];
  try {
    entries = await readdir(directory);
  } catch (error) {
    const what = errorCode(error) === 'ENOENT' ? 'there is no such folder' : errorText(error);
    return failure(dataError('data-not-found', `${shown}: ${what}`, 'check the path; it is relative to the plan'));
  }
  if (entries.includes('train-images.u8')) return await openRaw(directory, shown, entries);
  if (entries.includes('train')) return await openFolders(directory, shown, entries);
  const remedy =
    'give a folder with train/<class>/*.jpg (or .png), or with train-images.u8, train-labels.u8 and index.json';
  return failure(dataError('data-unknown', `${shown} holds no data of a known form`, remedy));
}

const rawIndex = v.object({
  classes: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(256)),
  shape: v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(1))), v.minLength(2), v.maxLength(3)),
});

/** `index.json` (classes and shape), `train-images.u8` and `train-labels.u8`, and the same of `test` if there is one. */
async function openRaw(directory: string, shown: string, entries: readonly string[]): Promise<Result<DataFiles>> {
  const problem = (file: string, message: string): Result<never> =>
    failure({
      ...dataError('data-damaged', message, 'make the data again, or correct the file'),
      file: join(shown, file),
    });
  const text = await readInput(join(directory, 'index.json'), 'index', join(shown, 'index.json'));
  if (!text.ok) return text;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(text.value));
  } catch (error) {
    return problem('index.json', errorText(error));
  }
  const index = v.safeParse(rawIndex, json);
  if (!index.success) {
    const [issue] = index.issues;
    return problem('index.json', `${v.getDotPath(issue) ?? 'the index'}: ${issue.message}`);
  }
  const { classes, shape } = index.output;
  const [height = 1, width = 1, channels = 1] = shape;
  if (channels !== 1 && channels !== 3) return problem('index.json', `${channels} channels, expected 1 or 3`);
  const parts: Part[] = [];
  for (const name of ['train', 'test']) {
    if (name === 'test' && !entries.includes('test-images.u8')) {
      parts.push(emptyPart);
      continue;
    }
    const files = { pixels: `${name}-images.u8`, labels: `${name}-labels.u8` };
    const pixels = await readInput(join(directory, files.pixels), 'data', join(shown, files.pixels));
    if (!pixels.ok) return pixels;
    const labels = await readInput(join(directory, files.labels), 'data', join(shown, files.labels));
    if (!labels.ok) return labels;
    const expected = labels.value.length * height * width * channels;
    if (pixels.value.length !== expected) {
      const count = labels.value.length;
      return problem(files.pixels, `${pixels.value.length} bytes, expected ${expected} for ${count} labels`);
    }
    const wrong = labels.value.findIndex((label) => label >= classes.length);
    if (wrong >= 0)
      return problem(files.labels, `label ${wrong} is ${labels.value[wrong]}; there are ${classes.length} classes`);
    parts.push(
      rawPart({ width, height, channels, pixels: pixels.value, labels: labels.value }, join(shown, files.pixels)),
    );
  }
  return success({ classes, train: parts[0] ?? emptyPart, test: parts[1] ?? emptyPart });
}

const emptyPart: Part = {
  labels: [],
  picture: () => Promise.reject(new Error('there is no picture')),
  nameOf: () => '',
};

function rawPart(raw: RawPictures, file: string): Part {
  return {
    labels: raw.labels,
    picture: (index) => {
      const picture = pictureAt(raw, index);
      return picture === undefined ? Promise.reject(new Error('the file ends before it')) : Promise.resolve(picture);
    },
    nameOf: (index) => `${file} (picture ${index})`,
  };
}

/** `train/<class>/*` and, if it exists, `test/<class>/*`; the classes are the sorted folder names of both. */
async function openFolders(directory: string, shown: string, entries: readonly string[]): Promise<Result<DataFiles>> {
  const classFolders = async (part: string): Promise<readonly string[]> => {
    if (!entries.includes(part)) return [];
    const found = await readdir(join(directory, part), { withFileTypes: true });
    return found.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  };
  const folders = { train: await classFolders('train'), test: await classFolders('test') };
  const classes = [...new Set([...folders.train, ...folders.test])].sort();
  const part = async (name: 'train' | 'test'): Promise<Part> => {
    const pictures: { readonly path: string; readonly label: number }[] = [];
    for (const [label, folder] of classes.entries()) {
      if (!folders[name].includes(folder)) continue;
      const files = (await readdir(join(directory, name, folder))).filter((file) => pictureFile.test(file)).sort();
      pictures.push(...files.map((file) => ({ path: join(name, folder, file), label })));
    }
    const pathOf = (index: number): string => pictures[index]?.path ?? '';
    return {
      labels: pictures.map(({ label }) => label),
      picture: async (index) => {
        const bytes = await readInput(join(directory, pathOf(index)), 'picture');
        if (!bytes.ok) throw new Error(bytes.diagnostics[0]?.message);
        return decodePicture(bytes.value);
      },
      nameOf: (index) => join(shown, pathOf(index)),
    };
  };
  return success({ classes, train: await part('train'), test: await part('test') });
}
