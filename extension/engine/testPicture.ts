/** A test of a simulation as the monitor shows it: counts, and the mistakes as pictures. */

import type { ModelInput, Sample } from '../../compiler/simulate/data.ts';
import type { Evaluation, WrongSample } from '../../compiler/simulate/evaluate.ts';
import { type Normalisation, pictureToCodes, resizePicture } from '../../compiler/simulate/picture.ts';
import type { ExamplePicture, TestPicture } from '../../webview/messages.ts';
import type { LoadedData } from '../data/load.ts';

/** They go to the page after every epoch. */
const mostWrong = 60;
const mostPixels = 64;
/** Below that it is a curve or a list of numbers, which says nothing as a picture. */
const fewestPixels = 8;

export function testPicture(
  epoch: number,
  { confusion, wrong }: Pick<Evaluation, 'confusion' | 'wrong'>,
  normalise: Normalisation | undefined,
  { data: { classes, test }, format }: LoadedData,
): TestPicture {
  const pixels = pixelTable(format, normalise);
  return {
    epoch,
    basis: 'test',
    classes,
    confusion,
    wrongCount: wrong.length,
    wrong: someOfEach(wrong).map((each) => {
      const sample = test[each.index];
      const picture = sample === undefined ? undefined : examplePicture(sample, format, pixels);
      return { ...each, name: sample?.name ?? '', ...(picture === undefined ? {} : { picture }) };
    }),
  };
}

/** Rare mistakes are not to be crowded out by frequent ones. */
function someOfEach(wrong: readonly WrongSample[]): readonly WrongSample[] {
  const seen = new Map<string, number>();
  return wrong
    .map((sample) => {
      const pair = `${sample.label} ${sample.prediction}`;
      const turn = seen.get(pair) ?? 0;
      seen.set(pair, turn + 1);
      return { sample, turn };
    })
    .sort((a, b) => a.turn - b.turn || a.sample.index - b.sample.index)
    .slice(0, mostWrong)
    .map(({ sample }) => sample);
}

/** By the byte of a code: the pixel value that becomes it. */
function pixelTable(format: ModelInput, normalise: Normalisation | undefined): Uint8Array {
  const ramp = { width: 256, height: 1, channels: 1, pixels: Uint8Array.from({ length: 256 }, (_, pixel) => pixel) };
  const codes = pictureToCodes(ramp, { ...format, width: 256, height: 1, channels: 1 }, normalise);
  const table = new Uint8Array(256);
  const offset = format.dtype === 'int8' ? 128 : 0;
  let pixel = 0;
  for (let order = 0; order < 256; order++) {
    const code = (order + offset) & 0xff;
    while (pixel < 255 && ((codes[pixel] ?? 0) ^ offset) < order) pixel++;
    table[code] = pixel;
  }
  return table;
}

/** Sounds are drawn as spectrograms are: time to the right, low notes at the bottom. */
function examplePicture(
  { input, name = '' }: Sample,
  format: ModelInput,
  table: Uint8Array,
): ExamplePicture | undefined {
  const { width, height, channels } = format;
  if (Math.min(width, height) < fewestPixels || (channels !== 1 && channels !== 3)) return undefined;
  const pixels = input.map((code) => table[code] ?? 0);
  const upright = { width, height, channels, pixels };
  const whole = /\.wav$/i.test(name) && channels === 1 ? turned(upright) : upright;
  const scale = Math.min(1, mostPixels / Math.max(width, height));
  return resizePicture(whole, Math.round(whole.width * scale), Math.round(whole.height * scale));
}

function turned({ width, height, pixels }: ExamplePicture): ExamplePicture {
  const result = new Uint8Array(pixels.length);
  for (let time = 0; time < height; time++) {
    for (let band = 0; band < width; band++)
      result[(width - 1 - band) * height + time] = pixels[time * width + band] ?? 0;
  }
  return { width: height, height: width, channels: 1, pixels: result };
}
