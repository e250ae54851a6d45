/** WAV files: PCM of 8, 16, 24 or 32 bits, and floats of 32 or 64, plain or in the extensible form. */

export interface Sound {
  /** Samples per second. */
  readonly rate: number;
  /** Mono, -1 to 1: several channels are averaged. */
  readonly samples: Float64Array;
}

interface Format {
  readonly float: boolean;
  readonly channels: number;
  readonly rate: number;
  readonly bits: number;
}

const mostChannels = 64;

/** @throws Error that says what is wrong: no chunk is trusted to be as long as it says */
export function readWav(bytes: Uint8Array): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (offset: number): string => String.fromCharCode(...bytes.subarray(offset, offset + 4));
  if (tag(0) !== 'RIFF' || tag(8) !== 'WAVE') throw new Error('not a WAV file');
  let format: Format | undefined;
  for (let offset = 12; offset + 8 <= bytes.length; ) {
    const [name, size] = [tag(offset), view.getUint32(offset + 4, true)];
    const start = offset + 8;
    if (start + size > bytes.length) {
      throw new Error(`the file ends within '${name}': ${bytes.length - start} bytes of ${size}`);
    }
    if (name === 'fmt ') format = readFormat(view, start, size);
    if (name === 'data') {
      if (format === undefined) throw new Error('the sound comes before its format');
      return { rate: format.rate, samples: samplesOf(view, start, size, format) };
    }
    offset = start + size + (size % 2);
  }
  throw new Error(format === undefined ? 'there is no format in it' : 'there is no sound in it');
}

function readFormat(view: DataView, start: number, size: number): Format {
  if (size < 16) throw new Error(`a format of ${size} bytes; 16 are needed`);
  const extensible = view.getUint16(start, true) === 0xfffe && size >= 26;
  const kind = view.getUint16(extensible ? start + 24 : start, true);
  const channels = view.getUint16(start + 2, true);
  const rate = view.getUint32(start + 4, true);
  const bits = view.getUint16(start + 14, true);
  const known = kind === 1 ? [8, 16, 24, 32] : kind === 3 ? [32, 64] : [];
  if (!known.includes(bits)) {
    throw new Error(`format ${kind} of ${bits} bits; PCM of 8, 16, 24, 32 bits and float of 32, 64 are known`);
  }
  if (channels < 1 || channels > mostChannels || rate < 1) throw new Error(`${channels} channels at ${rate} Hz`);
  return { float: kind === 3, channels, rate, bits };
}

function samplesOf(view: DataView, start: number, size: number, { float, channels, bits }: Format): Float64Array {
  const width = bits / 8;
  if (size % (width * channels) !== 0) throw new Error(`${size} bytes of sound, no multiple of ${width * channels}`);
  const read = (offset: number): number => {
    if (float) return bits === 32 ? view.getFloat32(offset, true) : view.getFloat64(offset, true);
    if (bits === 8) return (view.getUint8(offset) - 128) / 128;
    if (bits === 16) return view.getInt16(offset, true) / 2 ** 15;
    if (bits === 32) return view.getInt32(offset, true) / 2 ** 31;
    return (view.getUint16(offset, true) + view.getInt8(offset + 2) * 65_536) / 2 ** 23;
  };
  const samples = new Float64Array(size / width / channels);
  for (let index = 0; index < samples.length; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read(start + (index * channels + channel) * width);
    samples[index] = sum / channels;
  }
  if (!samples.every(Number.isFinite)) throw new Error('it holds values that are no numbers');
  return samples;
}
