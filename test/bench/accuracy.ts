/** Reference rows of accuracy on cifar10-mini, trained in the simulator: `npm run bench -- accuracy`. Each row is the mean
 * and spread of three seeds. Needs ../shared/data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from '../../compiler/compile.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import { readTflite } from '../../compiler/model/tflite.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import { pictureToCodes } from '../../compiler/simulate/picture.ts';
import { randomSource, shuffled } from '../../compiler/simulate/random.ts';
import type { TrainingPlan, TrainSettings } from '../../compiler/training/plan.ts';
import { parsePlan, resolvePlan } from '../../language/index.ts';

interface Row {
  readonly name: string;
  readonly model: string;
  /** Of the update block; the published 49kb plan's where absent. */
  readonly update?: string;
  /** Learning rate for a batch of 256. */
  readonly rate: number;
  readonly epochs: number;
  readonly scaling?: 'on' | 'off';
  readonly weights?: TrainSettings['weights'];
  readonly gradients?: TrainSettings['gradients'];
  /** PyTorch's, in percent. */
  readonly reference: number;
}

const batch = 8;
const perClass = 100;

export const accuracyRows: readonly Row[] = [
  { name: 'mcunet head only', model: 'mcunet-5fps', update: '', rate: 0.4, epochs: 30, reference: 73.3 },
  {
    name: 'mcunet bias20',
    model: 'mcunet-5fps',
    update: 'block7.depthwise .. classifier: bias',
    rate: 0.2,
    epochs: 10,
    reference: 77.4,
  },
  { name: 'mcunet 49kb int8', model: 'mcunet-5fps', rate: 0.2, epochs: 10, reference: 77.3 },
  {
    name: 'mcunet 49kb int8, gradients float32',
    model: 'mcunet-5fps',
    rate: 0.2,
    epochs: 10,
    gradients: 'float32',
    reference: 77.3,
  },
  { name: 'mcunet 49kb int16', model: 'mcunet-5fps', rate: 0.2, epochs: 10, weights: 'int16', reference: 75.7 },
  {
    name: 'mcunet 49kb int8-stochastic',
    model: 'mcunet-5fps',
    rate: 0.2,
    epochs: 10,
    weights: 'int8-stochastic',
    reference: 77.8,
  },
  {
    name: 'mcunet 49kb int8-stochastic, gradients float32',
    model: 'mcunet-5fps',
    rate: 0.2,
    epochs: 10,
    weights: 'int8-stochastic',
    gradients: 'float32',
    reference: 77.8,
  },
  {
    name: 'mcunet 49kb int16 rate 0.6',
    model: 'mcunet-5fps',
    rate: 0.6,
    epochs: 10,
    weights: 'int16',
    reference: 78.6,
  },
  { name: 'mcunet 49kb without QAS', model: 'mcunet-5fps', rate: 0.2, epochs: 10, scaling: 'off', reference: 71.6 },
  { name: 'mbv2 head only', model: 'mbv2-w0.35', update: '', rate: 0.4, epochs: 30, reference: 67.7 },
  { name: 'mbv2 49kb int8', model: 'mbv2-w0.35', rate: 0.2, epochs: 10, reference: 71.3 },
  {
    name: 'mbv2 49kb int8, gradients float32',
    model: 'mbv2-w0.35',
    rate: 0.2,
    epochs: 10,
    gradients: 'float32',
    reference: 71.3,
  },
];

const shared = '../shared/data';

function readGraph(model: string): Graph {
  const result = readTflite(readFileSync(join(shared, 'models/mcunetv3', `${model}.tflite`)), model);
  if (!result.ok) throw new Error(result.diagnostics[0]?.message);
  return result.value;
}

function planOf(row: Row, graph: Graph, samples: number): TrainingPlan {
  const file = join(shared, 'plans', `${row.model}-49kb.trainplan`);
  const text = readFileSync(file, 'utf8');
  const steps = samples / batch;
  const train = `train {
  classes 10
  learning-rate ${(row.rate / 256) * batch}
  warm-up ${steps} steps
  schedule cosine ${steps * (row.epochs - 1)} steps
  batch ${batch}
  scaling ${row.scaling ?? 'on'}
  weights ${row.weights ?? 'int8'}
  gradients ${row.gradients ?? 'int16'}
}
`;
  const settled = text.replace(/train \{[^}]*\}\n/, train);
  const changed =
    row.update === undefined
      ? settled
      : settled.replace(
          /update \{[^}]*\}/,
          `update {\n  ${row.update === '' ? 'classifier: weights all' : row.update}\n}`,
        );
  const result = resolvePlan(parsePlan(changed, file), graph);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return result.value;
}

interface Pictures {
  readonly codes: readonly Uint8Array[];
  readonly labels: Uint8Array;
}

/** Bilinear to 128x128; of the training pictures the first `perClass` of each class. */
function pictures(part: 'train' | 'test', format: Parameters<typeof pictureToCodes>[1]): Pictures {
  const pixels = new Uint8Array(readFileSync(join(shared, 'cifar10-mini', `${part}-images.u8`)));
  const labels = new Uint8Array(readFileSync(join(shared, 'cifar10-mini', `${part}-labels.u8`)));
  const taken = new Array<number>(10).fill(0);
  const chosen = [...labels.keys()].filter((index) => {
    const label = labels[index] ?? 0;
    taken[label] = (taken[label] ?? 0) + 1;
    return part === 'test' || (taken[label] ?? 0) <= perClass;
  });
  const bytes = 32 * 32 * 3;
  return {
    codes: chosen.map((index) =>
      pictureToCodes(
        { width: 32, height: 32, channels: 3, pixels: pixels.subarray(index * bytes, (index + 1) * bytes) },
        format,
      ),
    ),
    labels: Uint8Array.from(chosen, (index) => labels[index] ?? 0),
  };
}

async function trainRow(row: Row, seed: number): Promise<number> {
  const graph = readGraph(row.model);
  const format = { width: 128, height: 128, channels: 3, dtype: 'int8', scale: 2 / 255, zeroPoint: 0 } as const;
  const train = pictures('train', format);
  const test = pictures('test', format);
  const compiled = compile(graph, planOf(row, graph, train.labels.length));
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  const machine = await Machine.create(compiled.value.program);
  const prefixes = train.codes.map((codes) => machine.capturePrefix(codes));
  const random = randomSource(seed);
  for (let epoch = 0; epoch < row.epochs; epoch++) {
    for (const index of shuffled([...train.labels.keys()], random)) {
      machine.trainStepFrom(prefixes[index] ?? new Uint8Array(), train.labels[index] ?? 0);
    }
  }
  let right = 0;
  test.codes.forEach((codes, index) => {
    machine.infer(codes);
    if (machine.prediction() === test.labels[index]) right++;
  });
  return (100 * right) / test.labels.length;
}

export interface AccuracyRun {
  readonly row: string;
  readonly seed: number;
  /** In percent of the test pictures, as all of these. */
  readonly accuracy: number;
  readonly reference: number;
}

export interface AccuracyResult {
  readonly row: string;
  readonly seeds: string;
  readonly mean: number;
  readonly least: number;
  readonly most: number;
  readonly reference: number;
}

/**
 * Trains the rows whose name contains the filter, once per seed.
 * @param args `[FILTER] [--seeds 1,2,3]`
 * @param onRun called with each run as it ends
 */
export async function runAccuracy(
  args: readonly string[],
  onRun: (run: AccuracyRun) => void = () => {},
): Promise<readonly AccuracyResult[]> {
  const options = { seeds: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [filter = ''] = positionals;
  const seeds = (values.seeds ?? '1,2,3').split(',').map(Number);
  const results: AccuracyResult[] = [];
  for (const row of accuracyRows.filter(({ name }) => name.includes(filter))) {
    const runs: number[] = [];
    for (const seed of seeds) {
      const accuracy = await trainRow(row, seed);
      runs.push(accuracy);
      onRun({ row: row.name, seed, accuracy, reference: row.reference });
    }
    results.push(resultOf(row, seeds, runs));
  }
  return results;
}

function resultOf({ name, reference }: Row, seeds: readonly number[], runs: readonly number[]): AccuracyResult {
  const mean = runs.reduce((sum, run) => sum + run, 0) / runs.length;
  return {
    row: name,
    seeds: seeds.join(' '),
    mean: Number(mean.toFixed(1)),
    least: Math.min(...runs),
    most: Math.max(...runs),
    reference,
  };
}
