/** Spoken digits (fsdd-mini, 8 kHz) as features of the audio models. */
import { readFileSync } from 'node:fs';
import { type Graph, tensorAt } from '../../compiler/model/graph.ts';
import { scaleOf, zeroPointOf } from '../../compiler/operators/quantisation.ts';
import { cepstra, type FrontEnd, logMelSpectrogram, quantised } from '../../compiler/simulate/audio.ts';
import type { Sample } from '../../compiler/simulate/data.ts';
import { sharedBytes } from '../support/corpus.ts';

interface Recording {
  readonly digit: number;
  readonly split: 'train' | 'test';
  /** Both in samples. */
  readonly offset: number;
  readonly samples: number;
}

/** As in the keyword model's own recipe, at half its rate: 30 ms every 20 ms for a second, 40 bands, 10 coefficients. */
const keywords: FrontEnd = {
  ...{ sampleRate: 8000, frameLength: 240, hop: 160, frames: 49, fftLength: 512 },
  ...{ melBins: 40, lowest: 20, highest: 4000, power: 1, floor: 1e-6 },
};

/** As in the anomaly detector's, at half its rate: 64 ms every 32 ms, 5 frames of 128 bands in decibels. */
const machines: FrontEnd = {
  ...{ sampleRate: 8000, frameLength: 512, hop: 256, frames: 5, fftLength: 1024 },
  ...{ melBins: 128, lowest: 0, highest: 4000, power: 2, floor: 1e-10 },
};
const decibels = 10 / Math.LN10;

/** [49, 10] of a whole word, one sample a recording. */
export const keywordFeatures = (samples: Float64Array): Float64Array =>
  cepstra(logMelSpectrogram(samples, keywords), keywords.melBins, 10);

/** [5, 128] from the middle of a word. */
export function windowFeatures(samples: Float64Array): Float64Array {
  const length = machines.frameLength + (machines.frames - 1) * machines.hop;
  const start = Math.max(0, Math.floor((samples.length - length) / 2));
  return logMelSpectrogram(samples.subarray(start), machines).map((value) => decibels * value);
}

export interface Speech {
  readonly train: readonly Sample[];
  readonly test: readonly Sample[];
}

/** Every recording as input codes of the model; its label is the digit. */
export function speech(graph: Graph, features: (samples: Float64Array) => Float64Array): Speech {
  const sound = sharedBytes('fsdd-mini/audio.i16');
  const view = new DataView(sound.buffer, sound.byteOffset, sound.byteLength);
  const index = JSON.parse(readFileSync('../shared/data/fsdd-mini/index.json', 'utf8'));
  const recordings: readonly Recording[] = index.recordings;
  const input = tensorAt(graph, graph.inputs[0] ?? -1);
  const quantisation = { scale: scaleOf(input), zeroPoint: zeroPointOf(input) };
  const samplesOf = (split: Recording['split']): readonly Sample[] =>
    recordings
      .filter((recording) => recording.split === split)
      .map(({ digit, offset, samples }) => {
        const waves = Float64Array.from({ length: samples }, (_, i) => view.getInt16(2 * (offset + i), true) / 32_768);
        return { input: new Uint8Array(quantised(features(waves), quantisation).buffer), label: digit };
      });
  return { train: samplesOf('train'), test: samplesOf('test') };
}
