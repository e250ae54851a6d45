import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../compiler/model/graph.ts';
import { readTflite } from '../../compiler/model/tflite.ts';
import type { LayerUpdate, WeightSelection } from '../../compiler/training/plan.ts';
import { parsePlan, resolvePlan } from '../../language/index.ts';
import { referenceForward } from './forward.ts';
import { deadChannels, weightedLayers } from './training.ts';
import { referenceSparseUpdateBytes } from './update-bytes.ts';
import { at } from './values.ts';

const data = '../shared/data';
const skipped = !existsSync(`${data}/models`);

function modelAt(path: string): Graph {
  const result = readTflite(readFileSync(`${data}/models/${path}.tflite`), path);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}

/** Published schemes (tiny-training.md 4.4): biases of the last convolutions, weights by convolution index, bytes. */
type Scheme = readonly [biases: number, weights: readonly number[], ratios: readonly number[], bytes: number];

const ones = Array<number>(8).fill(1);
const everySecond = [36, 39, 42, 45, 48, 51, 54, 57];
const everyThird = [27, 30, 33, 36, 39, 42, 45, 48];
const schemes: Readonly<Record<string, readonly Scheme[]>> = {
  'mbv2-w0.35': [
    [16, [36, 39, 40, 41, 42, 45, 48, 49], [1, 1, 0, 1 / 4, 1 / 8, 1 / 8, 1 / 8, 1 / 8], 51_002],
    [20, [32, 33, 36, 39, 41, 42, 45, 48], [1 / 8, 1 / 2, 1 / 2, 1, 1 / 4, 1 / 8, 1 / 8, 1], 75_648],
    [25, everyThird, [1, 1, 1, 1, 1, 1 / 8, 1 / 2, 1], 101_792],
    [31, everyThird, [1, 1, 1, 1, 1, 1 / 2, 1, 1], 126_528],
    [34, everyThird, ones, 141_568],
  ],
  'mcunet-5fps': [
    [20, [23, 24, 27, 30, 33, 39], [0, 1 / 4, 1 / 2, 1 / 2, 0, 0], 50_944],
    [21, [21, 23, 24, 26, 27, 30], [1, 0, 1, 0, 1 / 2, 1], 76_608],
    [22, [21, 24, 27, 30, 36, 39], [1, 1, 1, 1, 1 / 8, 1 / 4], 102_240],
    [24, [21, 24, 27, 30, 33, 39], [1 / 4, 1, 1, 1, 1 / 2, 1 / 2], 127_968],
    [23, [21, 24, 27, 30, 36, 39], [1, 1, 1, 1, 1, 1 / 2], 151_968],
    [12, [30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41], Array<number>(12).fill(1), 458_800],
    [6, [36, 37, 38, 39, 40, 41], ones, 282_976],
  ],
  'proxyless-w0.3': [
    [21, [39, 42, 44, 45, 50, 51, 54, 57], [1 / 4, 1, 0, 1, 0, 1 / 8, 1 / 4, 1 / 4], 50_848],
    [28, [33, 36, 39, 42, 45, 51, 54, 57], [1 / 2, 1 / 4, 1, 1, 1, 1 / 2, 1 / 4, 1 / 2], 76_672],
    [25, everySecond, [1, 1 / 2, 1, 1, 1 / 4, 1 / 2, 1, 1], 100_896],
    [32, everySecond, [1, 1, 1, 1, 1 / 2, 1, 1, 1], 123_136],
    [45, everySecond, ones, 151_776],
  ],
};

function updateOf(graph: Graph, [biases, weights, ratios]: Scheme): Map<string, LayerUpdate> {
  const convolutions = weightedLayers(graph).slice(0, -1);
  const first = convolutions.length - biases;
  return new Map(
    convolutions.slice(first).map(({ layer }, i) => {
      const ratio = ratios[weights.indexOf(first + i)] ?? 0;
      const selection: WeightSelection =
        ratio === 0
          ? { kind: 'none' }
          : { kind: 'fraction', numerator: 1, denominator: Math.round(1 / ratio), first: false };
      return [layer.name, { bias: true, weights: selection }];
    }),
  );
}

describe.skipIf(skipped)('the published models (skipped: needs ../shared/data)', () => {
  it.each([
    ['mcunet-5fps', 63],
    ['mbv2-w0.35', 19],
    ['proxyless-w0.3', 34],
  ])('%s has %i dead channels', (name, expected) => {
    const dead = weightedLayers(modelAt(`mcunetv3/${name}`)).flatMap(({ weights }) =>
      deadChannels(weights.quantisation?.scales ?? [1]),
    );
    expect(dead.filter(Boolean).length).toBe(expected);
  });

  it.each(Object.entries(schemes))('%s: the memory of its schemes is as published', (name, rows) => {
    const graph = modelAt(`mcunetv3/${name}`);
    expect(rows.map((scheme) => referenceSparseUpdateBytes(graph, updateOf(graph, scheme)))).toEqual(
      rows.map(([, , , bytes]) => bytes),
    );
  });

  it('mbv2-w0.35: its last 36 layers in full take 558,384 bytes', () => {
    const graph = modelAt('mcunetv3/mbv2-w0.35');
    const scheme: Scheme = [36, Array.from({ length: 36 }, (_, i) => 15 + i), Array<number>(36).fill(1), 0];
    expect(referenceSparseUpdateBytes(graph, updateOf(graph, scheme))).toBe(558_384);
  });

  it('the plans written for the schemes come to the same bytes', () => {
    const files = readdirSync(`${data}/plans`).filter((file) => file.endsWith('.trainplan'));
    const bytes = files.map((file) => {
      const text = readFileSync(`${data}/plans/${file}`, 'utf8');
      const graph = modelAt(/model "\.\.\/models\/(.*)\.tflite"/.exec(text)?.[1] ?? '');
      const plan = resolvePlan(parsePlan(text, file), graph);
      if (!plan.ok) throw new Error(JSON.stringify(plan.diagnostics));
      return referenceSparseUpdateBytes(graph, plan.value.update);
    });
    const published = Object.values(schemes).flatMap((rows) => rows.slice(0, 5).map(([, , , total]) => total));
    const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);
    expect(ascending(bytes)).toEqual(ascending(published));
  });
});

interface GoldenOutputs {
  readonly inputs: string;
  readonly inputShape: readonly number[];
  readonly outputs: readonly (readonly number[])[];
}

const goldenFile = `${data}/golden/golden-others.json`;

describe.skipIf(!existsSync(goldenFile))('whole models in float64 (skipped: needs ../shared/data)', () => {
  // Differences of 1 unit in single layers add up, and a softmax makes them larger where two classes are close: the mean
  // over outputs and pictures is what stays small.
  it.each([
    'mlperf-tiny/vww_96_int8',
    'mlperf-tiny/pretrainedResnet_quant',
    'mlperf-tiny/kws_ref_model',
    'tflite-micro/micro_speech_quantized',
    'tflite-micro/hello_world_int8',
  ])('%s differs from TFLite by less than 3 units on average', (path) => {
    const graph = modelAt(path);
    const golden: GoldenOutputs = JSON.parse(readFileSync(goldenFile, 'utf8')).models[path.split('/')[1] ?? ''];
    const codes = new Int8Array(readFileSync(`${data}/golden/${golden.inputs}`));
    const size = codes.length / golden.outputs.length;
    const differences = golden.outputs.slice(0, 3).flatMap((expected, v) => {
      const { values } = referenceForward(graph, [codes.subarray(v * size, (v + 1) * size)], 'int8');
      const actual = values.get(graph.outputs[0] ?? -1) ?? new Float64Array();
      return expected.map((q, i) => Math.abs(q - at(actual, i)));
    });
    expect(differences.length).toBe(3 * (golden.outputs[0]?.length ?? 0));
    expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(3);
  });
});
