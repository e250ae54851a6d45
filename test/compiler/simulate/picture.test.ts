import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InputFormat, type Picture, pictureToCodes, resizePicture } from '../../../compiler/simulate/picture.ts';

const grey = (width: number, height: number, pixels: readonly number[]): Picture => ({
  width,
  height,
  channels: 1,
  pixels: Uint8Array.from(pixels),
});

const format = (changes: Partial<InputFormat> = {}): InputFormat => ({
  width: 2,
  height: 1,
  channels: 1,
  dtype: 'int8',
  scale: 1 / 255,
  zeroPoint: -128,
  ...changes,
});

const codesOf = (
  picture: Picture,
  changes: Partial<InputFormat> = {},
  normalise?: { mean: number; deviation: number },
) => [...new Int8Array(pictureToCodes(picture, format(changes), normalise).buffer)];

describe('resizing', () => {
  it('samples at half-pixel centres and repeats the edge', () => {
    // Target centres 0.25, 0.75, 1.25, 1.75 in the source, whose pixels have theirs at 0.5 and 1.5.
    expect([...resizePicture(grey(2, 1, [0, 100]), 4, 1).pixels]).toEqual([0, 25, 75, 100]);
    expect([...resizePicture(grey(1, 2, [0, 100]), 1, 4).pixels]).toEqual([0, 25, 75, 100]);
  });

  it('halves by the mean of two, rounded to the nearest', () => {
    expect([...resizePicture(grey(4, 1, [0, 10, 21, 30]), 2, 1).pixels]).toEqual([5, 26]);
  });

  it('keeps the channels apart', () => {
    const colours: Picture = { width: 2, height: 1, channels: 3, pixels: Uint8Array.of(0, 50, 200, 100, 50, 0) };
    expect([...resizePicture(colours, 3, 1).pixels]).toEqual([0, 50, 200, 50, 50, 100, 100, 50, 0]);
  });

  it('leaves a constant constant and never leaves the range of the pixels', () => {
    const sizes = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(sizes, sizes, sizes, sizes, fc.infiniteStream(fc.nat(255)), (w, h, toW, toH, values) => {
        const pixels = [...values.take(w * h)];
        const resized = resizePicture(grey(w, h, pixels), toW, toH).pixels;
        expect(resized).toHaveLength(toW * toH);
        expect(Math.min(...resized)).toBeGreaterThanOrEqual(Math.min(...pixels));
        expect(Math.max(...resized)).toBeLessThanOrEqual(Math.max(...pixels));
      }),
    );
  });
});

describe('codes', () => {
  it('are pixel - 128', () => {
    expect(codesOf(grey(2, 1, [0, 255]))).toEqual([-128, 127]);
    expect([...pictureToCodes(grey(2, 1, [0, 255]), format({ dtype: 'uint8', zeroPoint: 0 }))]).toEqual([0, 255]);
  });

  it('follow the scale and zero point where the plan normalises, half away from zero and saturated', () => {
    const normalise = { mean: 100, deviation: 10 };
    // (105 - 100) / 10 / 0.2 = 2.5 and its negative
    expect(codesOf(grey(2, 1, [105, 95]), { scale: 0.2, zeroPoint: 0 }, normalise)).toEqual([3, -3]);
    expect(codesOf(grey(2, 1, [0, 255]), { scale: 0.01, zeroPoint: 5 }, normalise)).toEqual([-128, 127]);
  });

  it('are of the luma where the model takes grey, and of three equal channels the other way', () => {
    const red: Picture = { width: 1, height: 1, channels: 3, pixels: Uint8Array.of(255, 0, 0) };
    expect(codesOf(red, { width: 1 })).toEqual([76 - 128]);
    expect(codesOf(grey(1, 1, [9]), { width: 1, channels: 3 })).toEqual([-119, -119, -119]);
  });
});
