/** What the model hears: the front end that the plan states, completed from the model's input. */
import type { FrontEnd } from '../../compiler/simulate/audio.ts';
import type { ModelInput } from '../../compiler/simulate/data.ts';
import type { AudioFeatures } from '../../compiler/training/plan.ts';
import { refuseData } from './files.ts';

export interface AudioFrontEnd extends FrontEnd {
  readonly kind: AudioFeatures['kind'];
}

/** Rows of up to so many values are taken for cepstral coefficients. */
const mostCoefficients = 20;
const coefficientBands = 40;
const longestTransform = 2 ** 16;

/**
 * Default: MFCC of 40 bands where the model takes rows of at most 20 values, else log-mel energies; frames of 30 ms every
 * 20 ms; 20 Hz to 4 kHz or half the sample rate. As the keyword spotting of MLPerf Tiny has it.
 * Refuses (DiagnosticError) what does not fit the model.
 */
export function frontEndFor(
  rate: number,
  { shape, height, elements }: ModelInput,
  stated: Partial<AudioFeatures> = {},
): AudioFrontEnd {
  const flat = shape.filter((side) => side > 1).length < 2;
  const rowLength = elements / height;
  const kind = stated.kind ?? (rowLength <= mostCoefficients && !flat ? 'mfcc' : 'log-mel');
  if (flat && (kind === 'mfcc' || stated.bands === undefined)) {
    return refuseData(
      'features-unknown',
      `the model takes [${shape.join(', ')}], which does not say how many values a frame has`,
      'write for example `features log-mel 40 bands` in the data block',
    );
  }
  const perFrame = flat ? (stated.bands ?? 1) : rowLength;
  const frames = elements / perFrame;
  const melBins = stated.bands ?? (kind === 'mfcc' ? coefficientBands : perFrame);
  if (!Number.isInteger(frames) || (kind === 'mfcc' ? melBins < perFrame : melBins !== perFrame)) {
    const wanted = kind === 'mfcc' ? `at least ${perFrame}` : String(flat ? 'a divisor of it' : perFrame);
    return refuseData(
      'features-mismatch',
      `${melBins} bands do not give the model's input [${shape.join(', ')}]; it takes ${wanted}`,
      'change `features` in the data block, or leave it out',
    );
  }
  const [frameLength, hop] = [samplesIn(stated.frameMs ?? 30, rate), samplesIn(stated.hopMs ?? 20, rate)];
  const fftLength = 2 ** Math.max(2, Math.ceil(Math.log2(frameLength)));
  const [lowest, highest] = [stated.lowest ?? 20, stated.highest ?? Math.min(4000, rate / 2)];
  if (fftLength > longestTransform || highest > rate / 2 || lowest >= highest) {
    return refuseData(
      'features-mismatch',
      `frames of ${frameLength} samples, ${lowest} to ${highest} Hz, do not suit sound of ${rate} Hz`,
      'change `features` or `frames` in the data block',
    );
  }
  return {
    ...{ kind, sampleRate: rate, frameLength, hop, frames, fftLength, melBins, lowest, highest },
    ...{ power: 1, floor: 1e-6 },
  };
}

/** How much sound a sample takes. */
export function heardSamples({ frameLength, hop, frames }: FrontEnd): number {
  return frameLength + (frames - 1) * hop;
}

export function samplesIn(milliseconds: number, rate: number): number {
  return Math.max(1, Math.round((milliseconds * rate) / 1000));
}
