import { describe, expect, it } from 'vitest';
import { cepstra, type FrontEnd, logMelSpectrogram, magnitudes, quantised } from '../../../compiler/simulate/audio.ts';
import { at } from '../../reference/values.ts';
import { randomNumbers } from '../../support/random.ts';

const frontEnd: FrontEnd = {
  ...{ sampleRate: 8000, frameLength: 240, hop: 160, frames: 5, fftLength: 512 },
  ...{ melBins: 40, lowest: 20, highest: 4000, power: 1, floor: 1e-6 },
};
const tone = (hertz: number, samples: number) =>
  Float64Array.from({ length: samples }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / frontEnd.sampleRate));
const loudest = (values: Float64Array) => values.indexOf(Math.max(...values));

describe('magnitudes', () => {
  it.each([2, 4, 8, 64, 256])('are those of the Fourier sum of length %i', (length) => {
    const random = randomNumbers(length);
    const signal = Float64Array.from({ length: length - 1 }, () => random() - 0.5);
    const spectrum = magnitudes(signal, length);
    expect(spectrum.length).toBe(length / 2 + 1);
    spectrum.forEach((magnitude, bin) => {
      const part = (wave: (angle: number) => number) =>
        signal.reduce((sum, value, i) => sum + value * wave((2 * Math.PI * bin * i) / length), 0);
      expect(magnitude).toBeCloseTo(Math.hypot(part(Math.cos), part(Math.sin)), 10);
    });
  });
});

describe('the log-mel spectrogram', () => {
  it('is loudest in the band whose peak is next to a tone', () => {
    const mel = (hertz: number) => 1127 * Math.log(1 + hertz / 700);
    for (const hertz of [300, 700, 1500, 3000]) {
      const row = logMelSpectrogram(tone(hertz, 2000), frontEnd).subarray(0, frontEnd.melBins);
      const band = (41 * (mel(hertz) - mel(20))) / (mel(4000) - mel(20)) - 1;
      expect(Math.abs(loudest(row) - band)).toBeLessThanOrEqual(1);
    }
  });

  it('shares every frequency between the outer peaks out in full', () => {
    const bands = (melBins: number) =>
      logMelSpectrogram(tone(1000, 2000), { ...frontEnd, melBins, floor: 0 }).subarray(0, melBins);
    const sum = (values: Float64Array) => values.reduce((total, value) => total + Math.exp(value), 0);
    expect(sum(bands(20))).toBeCloseTo(sum(bands(40)), 2);
  });

  it('rises by 2 ln 2 with twice the amplitude where it sums squares, by ln 2 otherwise', () => {
    const [soft, loud] = [tone(1000, 2000), tone(1000, 2000).map((value) => 2 * value)];
    for (const power of [1, 2] as const) {
      const loudness = (samples: Float64Array) => Math.max(...logMelSpectrogram(samples, { ...frontEnd, power }));
      expect(loudness(loud) - loudness(soft)).toBeCloseTo(power * Math.log(2), 4);
    }
  });

  it('adds silence where the sound is short', () => {
    const result = logMelSpectrogram(tone(1000, 300), frontEnd);
    expect(result.length).toBe(5 * 40);
    expect([...result.subarray(2 * 40)]).toEqual(Array(3 * 40).fill(Math.log(1e-6)));
  });

  it('refuses an FFT that is no power of two, or shorter than a frame', () => {
    for (const fftLength of [300, 128]) {
      expect(() => logMelSpectrogram([], { ...frontEnd, fftLength })).toThrow(/power of two/);
    }
  });
});

describe('cepstra', () => {
  it('hold the mean of a flat row in the first coefficient alone', () => {
    const [first, ...others] = cepstra(new Float64Array(8).fill(3), 8, 4);
    expect(first).toBeCloseTo(3 * Math.sqrt(2 * 8), 12);
    for (const other of others) expect(other).toBeCloseTo(0, 12);
  });

  it('keep the squares of a row, the first coefficient halved in power', () => {
    const random = randomNumbers(5);
    const row = Float64Array.from({ length: 16 }, () => random());
    const all = cepstra(row, 16, 16);
    const power = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);
    expect(power(all) - at(all, 0) ** 2 / 2).toBeCloseTo(power(row), 10);
  });

  it('take each row by itself', () => {
    const rows = Float64Array.from({ length: 12 }, (_, i) => i * i);
    expect(cepstra(rows, 6, 3)).toEqual(
      Float64Array.of(...cepstra(rows.slice(0, 6), 6, 3), ...cepstra(rows.slice(6), 6, 3)),
    );
  });
});

describe('quantised', () => {
  it('rounds half away from zero, adds the zero point and saturates', () => {
    const codes = quantised(Float64Array.of(-100, -0.75, -0.25, 0, 0.25, 0.74, 100), { scale: 0.5, zeroPoint: 3 });
    expect([...codes]).toEqual([-128, 1, 2, 3, 4, 4, 127]);
  });
});
