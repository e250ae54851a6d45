import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layerMacs } from '../../../../compiler/model/describe.ts';
import type { Graph } from '../../../../compiler/model/graph.ts';
import { writeTflite } from '../../../../compiler/model/write-tflite.ts';
import { quantisedAccuracy } from './evaluate.ts';
import { buildNetwork, describeNetwork, type FloatLayer } from './network.ts';
import {
  drawBalanced,
  garmentNames,
  newClasses,
  oldClasses,
  type Part,
  type PictureSet,
  readFashion,
  side,
  takeClasses,
} from './pictures.ts';
import { quantiseNetwork, readResults } from './quantise.ts';

const epochs = 14;
const seed = 1;
/** Pictures of each new class that the sample carries. */
const perClass: Readonly<Record<Part, number>> = { train: 120, test: 100 };
const compilerFlags = ['-std=c99', '-O3', '-march=native', '-ffp-contract=off'];

function run(command: string, args: readonly string[]): string {
  const { status, error, stdout } = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? `exit code ${status}`}`);
  return stdout;
}

/** Writes images and labels side by side; returns the two paths. */
function writeSet(directory: string, part: Part, { images, labels }: PictureSet): [string, string] {
  const paths: [string, string] = [join(directory, `${part}-images.u8`), join(directory, `${part}-labels.u8`)];
  writeFileSync(paths[0], images);
  writeFileSync(paths[1], labels);
  return paths;
}

interface Pretrained {
  readonly parameters: Float32Array;
  readonly floatAccuracy: number;
}

/** Compiles the trainer and runs it on the old classes. */
function pretrain(make: string, layers: readonly FloatLayer[], train: PictureSet, test: PictureSet): Pretrained {
  const directory = mkdtempSync(join(tmpdir(), 'garments-'));
  try {
    const trainer = join(directory, 'train');
    const sources = ['network.c', 'train.c'].map((name) => join(make, name));
    run('gcc', [...compilerFlags, ...sources, '-o', trainer, '-lm']);
    const description = join(directory, 'network.txt');
    writeFileSync(description, describeNetwork(layers));
    const sets = [...writeSet(directory, 'train', train), ...writeSet(directory, 'test', test)];
    const result = join(directory, 'result.f32');
    const printed = run(trainer, [description, ...sets, result, String(epochs), String(seed)]);
    const parameters = new Float32Array(new Uint8Array(readFileSync(result)).buffer);
    return { parameters, floatAccuracy: Number(printed) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The new classes in the raw form that a plan's `data` reads: arrays of bytes and an index. */
function writeData(directory: string, sets: Readonly<Record<Part, PictureSet>>): void {
  mkdirSync(directory, { recursive: true });
  const names = newClasses.map((label) => garmentNames[label] ?? String(label));
  const describePart = (part: Part) => {
    writeSet(directory, part, sets[part]);
    const { labels, origin } = sets[part];
    return { count: labels.length, files: origin.map((index, i) => `${names[labels[i] ?? 0]}/${part}-${index}`) };
  };
  const index = {
    name: 'garments',
    classes: names,
    shape: [side, side, 1],
    layout: 'NHWC uint8 grey, images concatenated; labels one uint8 each',
    train: describePart('train'),
    test: describePart('test'),
  };
  // Short arrays on one line, as the project's formatter wants them.
  const text = JSON.stringify(index, null, 2).replace(/\[[^[\]]{0,100}\]/g, (array) =>
    array.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  );
  writeFileSync(join(directory, 'index.json'), `${text}\n`);
}

/**
 * Makes the sample anew: pre-trains on the old classes, quantises, writes model and data, prints the figures.
 *
 * @param make the folder of these sources; the sample is the one above it
 * @param fashion the folder of Fashion-MNIST's four IDX files
 */
export function makeSample(make: string, fashion: string): void {
  const sample = join(make, '..');
  const all = { train: readFashion(fashion, 'train'), test: readFashion(fashion, 'test') };
  const old = { train: takeClasses(all.train, oldClasses), test: takeClasses(all.test, oldClasses) };
  const layers = buildNetwork(oldClasses.length);
  const { parameters, floatAccuracy } = pretrain(make, layers, old.train, old.test);

  const graph: Graph = quantiseNetwork(layers, readResults(layers, parameters));
  const model = writeTflite(graph);
  writeFileSync(join(sample, 'garments.tflite'), model);
  writeData(join(sample, 'data'), {
    train: drawBalanced(all.train, newClasses, perClass.train, seed),
    test: drawBalanced(all.test, newClasses, perClass.test, seed),
  });

  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const macs = graph.layers.reduce((sum, layer) => sum + layerMacs(graph, layer), 0);
  const constants = graph.tensors.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  console.log(`float accuracy ${percent(floatAccuracy)}, int8 ${percent(quantisedAccuracy(graph, old.test))}`);
  console.log(`${macs} MACs, ${constants} bytes of constants, ${model.length} bytes of model`);
}
