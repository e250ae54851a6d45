import { describe, expect, it } from 'vitest';
import pictureSource from '../../compiler/runtime/ft_picture.c';
import pictureHeader from '../../compiler/runtime/ft_picture.h';
import { codeTable, type InputFormat, type Picture, pictureToCodes } from '../../compiler/simulate/picture.ts';
import { compilersAreThere, runC } from '../support/host-c.ts';
import { randomNumbers } from '../support/random.ts';

type PixelFormat = 'FT_GREY' | 'FT_RGB888' | 'FT_RGB565' | 'FT_RGB565_SWAPPED';

/** Camera bytes, and the picture that they are. */
interface Frame {
  readonly format: PixelFormat;
  readonly bytes: Uint8Array;
  readonly picture: Picture;
}

function frameOf(format: PixelFormat, width: number, height: number, seed: number): Frame {
  const random = randomNumbers(seed);
  const count = width * height;
  const perPixel = { FT_GREY: 1, FT_RGB888: 3, FT_RGB565: 2, FT_RGB565_SWAPPED: 2 }[format];
  const bytes = Uint8Array.from({ length: count * perPixel }, () => Math.floor(random() * 256));
  if (perPixel !== 2) return { format, bytes, picture: { width, height, channels: perPixel, pixels: bytes } };
  const view = new DataView(bytes.buffer);
  const widen = (value: number, bits: number): number => (value << (8 - bits)) | (value >> (2 * bits - 8));
  const pixels = Uint8Array.from({ length: 3 * count }, (_, index) => {
    const value = view.getUint16(2 * Math.floor(index / 3), format === 'FT_RGB565');
    return [widen(value >> 11, 5), widen((value >> 5) & 63, 6), widen(value & 31, 5)][index % 3] ?? 0;
  });
  return { format, bytes, picture: { width, height, channels: 3, pixels } };
}

const inputOf = (width: number, height: number, channels: number, dtype: InputFormat['dtype'] = 'int8') =>
  ({ width, height, channels, dtype, scale: 1 / 64, zeroPoint: -3 }) satisfies InputFormat;
const normalise = { mean: 120, deviation: 57.5 };

const cases: readonly (readonly [string, InputFormat, Frame, typeof normalise | undefined])[] = [
  ['grey of the same size', inputOf(28, 28, 1), frameOf('FT_GREY', 28, 28, 1), undefined],
  ['colours of the same size', inputOf(32, 24, 3), frameOf('FT_RGB888', 32, 24, 2), undefined],
  ['RGB565 to grey', inputOf(31, 17, 1), frameOf('FT_RGB565', 31, 17, 3), undefined],
  ['every brightness of RGB to grey', inputOf(160, 120, 1), frameOf('FT_RGB888', 160, 120, 4), undefined],
  ['swapped RGB565, made smaller', inputOf(48, 36, 3), frameOf('FT_RGB565_SWAPPED', 160, 120, 5), undefined],
  ['RGB565 to grey, by a fraction', inputOf(96, 96, 1), frameOf('FT_RGB565', 160, 120, 6), undefined],
  ['grey to colours, made larger', inputOf(50, 40, 3), frameOf('FT_GREY', 13, 7, 7), undefined],
  ['a single pixel', inputOf(5, 5, 1), frameOf('FT_GREY', 1, 1, 8), undefined],
  ['normalised', inputOf(20, 20, 3), frameOf('FT_RGB888', 33, 47, 9), normalise],
  ['uint8 codes', inputOf(20, 20, 3, 'uint8'), frameOf('FT_RGB888', 20, 20, 10), undefined],
  ['normalised uint8 codes', inputOf(20, 20, 1, 'uint8'), frameOf('FT_GREY', 20, 20, 11), normalise],
];

const mainText = `#include "kernels/ft_picture.h"
#include <stdio.h>
static void print(const int8_t *codes, int32_t count) {
  for (int32_t i = 0; i < count; i++)
    printf("%02x", (unsigned)(uint8_t)codes[i]);
  printf("\\n");
}
static int8_t codes[160 * 160 * 3];
${cases
  .map(([, input, { bytes }, normal], index) => {
    const table = normal === undefined ? '0' : `table${index}`;
    const tableText = normal && `static const uint8_t table${index}[256] = {${codeTable(input, normal).join(',')}};\n`;
    const { width, height, channels, dtype } = input;
    return `static const uint8_t pixels${index}[] = {${bytes.join(',')}};
${tableText ?? ''}static const ft_picture picture${index} = {${width}, ${height}, ${channels}, ${table}, ${dtype === 'int8' ? 128 : 0}};`;
  })
  .join('\n')}
int main(void) {
${cases
  .map(([, { width, height, channels }, { format, picture }], index) => {
    const size = `${picture.width}, ${picture.height}`;
    return `  ft_picture_codes(&picture${index}, pixels${index}, ${format}, ${size}, codes);
  print(codes, ${width * height * channels});`;
  })
  .join('\n')}
  return 0;
}
`;

describe.skipIf(!compilersAreThere)('codes of camera pictures (skipped: needs gcc and clang)', () => {
  it.each(['c99', 'c++17'] as const)('are those that the simulator makes of the same pixels: %s', async (language) => {
    const files = [
      { path: 'main.c', text: mainText },
      { path: 'kernels/ft_picture.c', text: pictureSource },
      { path: 'kernels/ft_picture.h', text: pictureHeader },
    ];
    const lines = (await runC({ files, language })).trim().split('\n');
    for (const [index, [name, input, { picture }, normal]] of cases.entries()) {
      const expected = Buffer.from(pictureToCodes(picture, input, normal)).toString('hex');
      expect(lines[index] === expected, name).toBe(true);
    }
  });
});
