/** What a sample is before it becomes the model's input, and how it becomes that. */
import { cepstra, logMelSpectrogram } from '../../compiler/simulate/audio.ts';
import { codesOf, type ModelInput } from '../../compiler/simulate/data.ts';
import { type Picture, pictureToCodes } from '../../compiler/simulate/picture.ts';
import type { DataSource } from '../../compiler/training/plan.ts';
import { middleOf } from './crop.ts';
import { type AudioFrontEnd, frontEndFor } from './features.ts';
import type { Sound } from './wav.ts';

export type Content =
  | { readonly kind: 'picture'; readonly picture: Picture }
  | { readonly kind: 'sound'; readonly sound: Sound }
  /** Real numbers, as many as the model takes. */
  | { readonly kind: 'values'; readonly values: ArrayLike<number> }
  /** The model's input as it is. */
  | { readonly kind: 'codes'; readonly codes: Uint8Array };

/** What must be the same of all samples, in words. */
export function sizeOf(content: Content): string {
  if (content.kind === 'picture') return `${content.picture.width}x${content.picture.height}`;
  return content.kind === 'sound' ? `${content.sound.rate} Hz` : '';
}

/** Turns samples of one data set into inputs; what depends on the set alone is computed once. */
export class Encoder {
  private frontEnd: AudioFrontEnd | undefined;

  constructor(
    private readonly input: ModelInput,
    private readonly data: DataSource,
  ) {}

  /** Refuses (DiagnosticError) where plan and model leave open what the model hears of a sound. */
  encode(content: Content): Uint8Array {
    const { input, data } = this;
    switch (content.kind) {
      case 'codes':
        return content.codes;
      case 'values':
        return codesOf(content.values, input, data.normalise);
      case 'picture': {
        const picture = data.fit === 'crop' ? middleOf(content.picture, input.width, input.height) : content.picture;
        return pictureToCodes(picture, input, data.normalise);
      }
      case 'sound':
        return codesOf(this.heard(content.sound), input, data.normalise);
    }
  }

  private heard({ rate, samples }: Sound): Float64Array {
    const known = this.frontEnd?.sampleRate === rate ? this.frontEnd : undefined;
    const frontEnd = known ?? frontEndFor(rate, this.input, this.data.features);
    this.frontEnd = frontEnd;
    const rows = logMelSpectrogram(samples, frontEnd);
    const coefficients = this.input.elements / frontEnd.frames;
    return frontEnd.kind === 'mfcc' ? cepstra(rows, frontEnd.melBins, coefficients) : rows;
  }
}
