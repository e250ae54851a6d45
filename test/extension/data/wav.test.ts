import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWav } from '../../../extension/data/wav.ts';
import { codesOf, complaints, load, loaded } from './memoryFiles.ts';

interface Wav {
  readonly kind?: number;
  readonly bits?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly before?: Uint8Array;
}

const ascii = (text: string) => new TextEncoder().encode(text);

function wav(bytes: Uint8Array, { kind = 1, bits = 16, channels = 1, rate = 8000, before }: Wav = {}): Uint8Array {
  const format = new DataView(new ArrayBuffer(16));
  format.setUint16(0, kind, true);
  format.setUint16(2, channels, true);
  format.setUint32(4, rate, true);
  format.setUint32(8, (rate * channels * bits) / 8, true);
  format.setUint16(12, (channels * bits) / 8, true);
  format.setUint16(14, bits, true);
  const body = [chunk('fmt ', new Uint8Array(format.buffer)), before ?? new Uint8Array(), chunk('data', bytes)];
  return join(ascii('RIFF'), size(4 + body.reduce((sum, part) => sum + part.length, 0)), ascii('WAVE'), ...body);
}

const size = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const join = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const chunk = (name: string, bytes: Uint8Array) =>
  join(ascii(name), size(bytes.length), bytes, new Uint8Array(bytes.length % 2));
const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe('WAV files', () => {
  it.each([
    ['PCM of 8 bits', Uint8Array.of(0, 128, 192), { bits: 8 }],
    ['PCM of 16 bits', bytesOf(Int16Array.of(-32_768, 0, 16_384)), {}],
    ['PCM of 24 bits', Uint8Array.of(0, 0, 0x80, 0, 0, 0, 0, 0, 0x40), { bits: 24 }],
    ['PCM of 32 bits', bytesOf(Int32Array.of(-(2 ** 31), 0, 2 ** 30)), { bits: 32 }],
    ['floats', bytesOf(Float32Array.of(-1, 0, 0.5)), { kind: 3, bits: 32 }],
    ['doubles', bytesOf(Float64Array.of(-1, 0, 0.5)), { kind: 3, bits: 64 }],
  ])('are read as %s', (_, bytes, format) => {
    const sound = readWav(wav(bytes, format));
    expect(sound.rate).toBe(8000);
    expect([...sound.samples]).toEqual([-1, 0, 0.5]);
  });

  it('are averaged over their channels, and may have other chunks', () => {
    const stereo = bytesOf(Int16Array.of(16_384, 0, -16_384, -16_384));
    const before = chunk('LIST', Uint8Array.of(1, 2, 3));
    expect([...readWav(wav(stereo, { channels: 2, before })).samples]).toEqual([0.25, -0.5]);
  });

  it.each([
    ['a cut file', wav(new Uint8Array(100)).subarray(0, 90), /ends within 'data': 46 bytes of 100/],
    ['half a sample', wav(new Uint8Array(3)), /no multiple of 2/],
    ['a format unknown', wav(new Uint8Array(4), { kind: 85 }), /format 85/],
    ['12 bits', wav(new Uint8Array(4), { bits: 12 }), /12 bits/],
    ['no sound', wav(new Uint8Array()).subarray(0, 36), /no sound/],
    ['no numbers', wav(new Uint8Array(8).fill(255), { kind: 3, bits: 32 }), /no numbers/],
    ['text', ascii('a picture of a dog'), /not a WAV/],
    ['no channels', wav(new Uint8Array(4), { channels: 0 }), /0 channels/],
  ])('are refused with %s', (_, bytes, message) => {
    expect(() => readWav(bytes)).toThrow(message);
  });

  it('never fail in another way than with words, however damaged', () => {
    const whole = wav(new Uint8Array(64));
    fc.assert(
      fc.property(fc.nat(whole.length), fc.uint8Array({ maxLength: 4 }), (place, patch) => {
        const damagedFile = whole.slice();
        damagedFile.set(patch.subarray(0, whole.length - place), place);
        try {
          expect(readWav(damagedFile).samples.length).toBeLessThanOrEqual(64);
        } catch (error) {
          expect(error).toMatchObject({ name: 'Error' });
        }
      }),
    );
  });
});

describe('a folder of sounds for each class', () => {
  const tone = (hertz: number, rate = 8000) =>
    wav(bytesOf(Int16Array.from({ length: rate }, (_, i) => 16_000 * Math.sin((2 * Math.PI * hertz * i) / rate))), {
      rate,
    });
  const files = { 'train/high/a.wav': tone(3000), 'train/low/a.wav': tone(200), 'test/low/b.wav': tone(210) };

  it('gives log-mel energies with their peak at the tone', async () => {
    const { data } = await loaded(files, { shape: [1, 49, 40] });
    const [high, low] = codesOf(data.train).map((codes) => codes.slice(400, 440));
    const peak = (row: readonly number[] = []) => row.indexOf(Math.max(...row));
    expect(peak(high)).toBeGreaterThan(30);
    expect(peak(low)).toBeLessThan(6);
    expect(data.test.map(({ label, name }) => [label, name])).toEqual([[1, 'd/test/low/b.wav']]);
  });

  it('hears what the plan says', async () => {
    const data = { features: { kind: 'log-mel' as const, bands: 32 } };
    expect((await loaded(files, { shape: [1, 640], data })).data.train[0]?.input).toHaveLength(640);
    const mfcc = await loaded(files, { shape: [1, 49, 10, 1] });
    const longer = { features: { frameMs: 60 } };
    expect((await loaded(files, { shape: [1, 49, 10, 1], data: longer })).data.train).not.toEqual(mfcc.data.train);
  });

  it('is cut into samples where the plan says how often one begins', async () => {
    const data = { windows: { every: 250, unit: 'ms' as const } };
    // 10 frames of 30 ms every 20 ms take 210 ms of each second; the tone is the same all along.
    const result = await loaded(files, { shape: [1, 10, 40], data });
    expect(result.data.train.map(({ name }) => name)).toEqual([
      'd/train/high/a.wav',
      ...[2000, 4000, 6000].map((start) => `d/train/high/a.wav (from sample ${start})`),
      'd/train/low/a.wav',
      ...[2000, 4000, 6000].map((start) => `d/train/low/a.wav (from sample ${start})`),
    ]);
    const [first = [], second = []] = codesOf(result.data.train);
    expect(Math.max(...first.map((code, index) => Math.abs(code - (second[index] ?? 0))))).toBeLessThanOrEqual(2);
    const cut = { ...files, 'train/low/z.wav': tone(200).subarray(0, 999) };
    expect(await complaints(cut, { shape: [1, 10, 40], data })).toMatchObject([{ file: 'd/train/low/z.wav' }]);
  });

  it.each([
    ['a model that leaves the rows open', files, [1, 1960], {}, { code: 'features-unknown' }],
    [
      'bands that do not fit',
      files,
      [1, 49, 40],
      { features: { kind: 'log-mel', bands: 32 } },
      { code: 'features-mismatch' },
    ],
    ['frequencies beyond the rate', files, [1, 49, 40], { features: { highest: 8000 } }, { code: 'features-mismatch' }],
    [
      'another sample rate',
      { ...files, 'train/low/z.wav': tone(200, 16_000) },
      [1, 49, 40],
      {},
      { code: 'mixed-sizes', file: 'd/train/low/z.wav' },
    ],
    [
      'a cut file',
      { ...files, 'train/low/z.wav': tone(200).subarray(0, 999) },
      [1, 49, 40],
      {},
      { code: 'broken-sound', file: 'd/train/low/z.wav' },
    ],
    [
      'pictures among them',
      { ...files, 'train/low/z.png': '' },
      [1, 49, 40],
      {},
      { code: 'mixed-kinds', file: 'd/train/low/z.png' },
    ],
    ['augmentation', files, [1, 49, 40], { augment: { flip: true, shift: 0 } }, { code: 'augment-not-pictures' }],
  ] as const)('is refused with %s', async (_, contents, shape, data, expected) => {
    expect(await complaints(contents, { shape, data })).toMatchObject([{ severity: 'error', ...expected }]);
  });

  it('leaves out broken ones where the plan says so', async () => {
    const cut = { ...files, 'train/low/z.wav': tone(200).subarray(0, 999) };
    const result = await load(cut, { shape: [1, 49, 40], data: { skipBroken: true } });
    expect(result).toMatchObject({ ok: true, diagnostics: [{ severity: 'warning', file: 'd/train/low/z.wav' }] });
  });
});
