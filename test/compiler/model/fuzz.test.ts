import { describe, expect, it } from 'vitest';
import { checkGraph } from '../../../compiler/model/check.ts';
import { describeModel } from '../../../compiler/model/describe.ts';
import type { Graph, Layer, Tensor } from '../../../compiler/model/graph.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { writeTflite } from '../../../compiler/model/write-tflite.ts';
import { hasSharedData, modelFiles, sharedBytes } from '../../support/corpus.ts';
import { randomNumbers } from '../../support/random.ts';
import { smallGraph } from '../../support/small-graph.ts';

const mutations = Number(process.env.FIRMTUNE_FUZZ ?? 1000);

/**
 * Never an exception: a graph that passes all checks, or errors with code, message and remedy. `expect` only on what is
 * wrong: called for each of many thousand mutants it would take most of the time.
 */
function expectSoundAnswer(bytes: Uint8Array, what: string): boolean {
  const result = readTflite(bytes, 'mutant');
  if (result.ok) {
    const faults = checkGraph(result.value);
    if (faults.length > 0) expect(faults, what).toEqual([]);
    describeModel(result.value);
    return true;
  }
  const said = result.diagnostics.filter(
    ({ severity, code, message, remedy }) => severity === 'error' && code !== '' && message !== '' && remedy !== '',
  );
  if (said.length === 0 || said.length < result.diagnostics.length) {
    expect(result.diagnostics, `${what}: errors with code, message and remedy`).toBe(said);
  }
  return false;
}

/** Values that offsets, lengths and enumerations break at. */
const awkward = [0, 1, 2, 4, 127, 128, 255, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** One to four small changes: mostly in the first or last kilobytes, where the tables are, the weights being in between. */
function mutate(original: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  const bytes = original.slice();
  const view = new DataView(bytes.buffer);
  const place = () => {
    const near = Math.min(bytes.length, 4096);
    const where = random();
    return where < 0.4 ? below(near) : where < 0.8 ? bytes.length - 1 - below(near) : below(bytes.length);
  };
  for (let change = below(4); change >= 0; change--) {
    const at = place();
    const word = Math.min(at & ~3, bytes.length - 4);
    const kind = below(6);
    if (kind === 0) bytes[at] = below(256);
    else if (kind === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
    else if (kind === 2) view.setUint32(word, awkward[below(awkward.length)] ?? 0, true);
    else if (kind === 3) view.setUint32(word, view.getUint32(word, true) + below(65) - 32, true);
    else if (kind === 4) view.setUint32(word, view.getUint32(Math.min(place() & ~3, bytes.length - 4), true), true);
    else {
      const from = place();
      bytes.copyWithin(at, from, from + below(64));
    }
  }
  return random() < 0.05 ? bytes.subarray(0, below(bytes.length)) : bytes;
}

/** A graph in which one number of one tensor or layer is another: what no damage to bytes would hit often. */
function mutateGraph(graph: Graph, random: () => number): Graph {
  const below = (limit: number) => Math.floor(random() * limit);
  const numbers = [-1, 0, 1, 2, 3, 5, 8, 127, 128, 65_536, 2 ** 31 - 1, -(2 ** 31), Number.NaN, 0.5];
  const other = () => numbers[below(numbers.length)] ?? 0;
  const swap = (list: readonly number[]) => {
    const at = below(list.length + 1);
    return below(3) === 0
      ? list.filter((_, index) => index !== at)
      : list.map((value, index) => (index === at % list.length ? other() : value));
  };
  const tensorAt = below(graph.tensors.length);
  const layerAt = below(graph.layers.length);
  const changeTensor = (tensor: Tensor): Tensor => {
    const { shape, quantisation } = tensor;
    if (below(2) === 0 || quantisation === undefined) return { ...tensor, shape: shape.length > 0 ? swap(shape) : [2] };
    return { ...tensor, quantisation: { ...quantisation, zeroPoints: swap(quantisation.zeroPoints), axis: other() } };
  };
  const changeLayer = (layer: Layer): Layer => {
    if (below(3) === 0) return { ...layer, inputs: swap(layer.inputs) };
    if (below(3) === 0) return { ...layer, operator: graph.layers[below(graph.layers.length)]?.operator ?? '' };
    const options = Object.keys(layer.attributes).filter((key) => key !== 'kind');
    const changed = { ...layer.attributes, [options[below(options.length)] ?? '']: other() };
    return { ...layer, attributes: changed as Layer['attributes'] };
  };
  return below(2) === 0
    ? { ...graph, tensors: graph.tensors.map((each, index) => (index === tensorAt ? changeTensor(each) : each)) }
    : { ...graph, layers: graph.layers.map((each, index) => (index === layerAt ? changeLayer(each) : each)) };
}

describe('reading mutated models', () => {
  it('answers with a diagnostic or a sound graph for every prefix of a small model', () => {
    const bytes = writeTflite(smallGraph());
    for (let length = 0; length < bytes.length; length++) {
      expectSoundAnswer(bytes.subarray(0, length), `${length} bytes`);
    }
  });

  it('answers with a diagnostic or a sound graph for every byte of a small model set to each awkward value', () => {
    const bytes = writeTflite(smallGraph());
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 127, 255]) {
        const mutant = bytes.slice();
        mutant[at] = value;
        if (!expectSoundAnswer(mutant, `byte ${at} = ${value}`)) refused++;
      }
    }
    expect(refused).toBeGreaterThan(bytes.length / 2);
  });

  it('finds a graph sound or says why not, whatever number in it is another', () => {
    let faulty = 0;
    for (let seed = 0; seed < mutations; seed++) {
      const mutant = mutateGraph(smallGraph(), randomNumbers(seed));
      if (checkGraph(mutant).length > 0) faulty++;
      else describeModel(mutant);
    }
    expect(faulty).toBeGreaterThan(mutations / 3);
  });

  describe.skipIf(!hasSharedData)('of the corpus (skipped: needs ../shared/data)', () => {
    it('answers for every prefix of a small real model', () => {
      const bytes = sharedBytes('models/tflite-micro/hello_world_int8.tflite');
      for (let length = 0; length < bytes.length; length++) {
        expectSoundAnswer(bytes.subarray(0, length), `${length} bytes`);
      }
    });

    it('answers for every 997th prefix of the larger models', () => {
      for (const file of modelFiles().filter((each) => each.startsWith('models/'))) {
        const bytes = sharedBytes(file);
        for (let length = 0; length < bytes.length; length += 997) {
          expectSoundAnswer(bytes.subarray(0, length), `${file}: ${length} bytes`);
        }
      }
    });

    it(`answers for ${mutations} mutants`, { timeout: 180_000 + 10 * mutations }, () => {
      const originals = modelFiles().map((file) => ({ file, bytes: sharedBytes(file) }));
      let sound = 0;
      for (let seed = 0; seed < mutations; seed++) {
        const { file, bytes } = originals[seed % originals.length] ?? { file: '', bytes: new Uint8Array() };
        if (expectSoundAnswer(mutate(bytes, randomNumbers(seed)), `${file}, seed ${seed}`)) sound++;
      }
      // Both answers must occur, or the mutations are too wild or too tame to test anything.
      expect(sound).toBeGreaterThan(mutations / 100);
      expect(sound).toBeLessThan((mutations * 99) / 100);
    });
  });
});
