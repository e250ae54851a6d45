/** From sound to what audio models take: log-mel energies and cepstral coefficients (MFCC), as quantised codes. */

/** How sound is cut up and heard. Lengths are in samples, frequencies in Hz. */
export interface FrontEnd {
  readonly sampleRate: number;
  /** Length of a frame, under a periodic Hann window. */
  readonly frameLength: number;
  /** From the start of one frame to the next. */
  readonly hop: number;
  /** How many frames there are: sound is cut at the end, or silence is added. */
  readonly frames: number;
  /** A power of two, at least `frameLength`; frames are filled up with zeros. */
  readonly fftLength: number;
  readonly melBins: number;
  readonly lowest: number;
  readonly highest: number;
  /** What the bands sum: magnitudes (1) or their squares (2). */
  readonly power: 1 | 2;
  /** Added to each band before the logarithm. */
  readonly floor: number;
}

/**
 * The natural logarithm of what each mel band holds.
 * @param samples mono, -1 to 1
 * @returns [frames, melBins], row by row
 */
export function logMelSpectrogram(samples: ArrayLike<number>, frontEnd: FrontEnd): Float64Array {
  const { frameLength, hop, frames, fftLength, melBins, power, floor } = frontEnd;
  if (!Number.isInteger(Math.log2(fftLength)) || fftLength < frameLength) {
    throw new RangeError(
      `an FFT of ${fftLength} for frames of ${frameLength}: a power of two, at least as long, is needed`,
    );
  }
  const window = Float64Array.from(
    { length: frameLength },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / frameLength),
  );
  const bands = melBands(frontEnd);
  const result = new Float64Array(frames * melBins);
  for (let frame = 0; frame < frames; frame++) {
    const windowed = window.map((factor, i) => factor * (samples[frame * hop + i] ?? 0));
    const spectrum = magnitudes(windowed, fftLength);
    for (const [index, { first, weights }] of bands.entries()) {
      const sum = weights.reduce((total, weight, i) => total + weight * (spectrum[first + i] ?? 0) ** power, 0);
      result[frame * melBins + index] = Math.log(sum + floor);
    }
  }
  return result;
}

/**
 * Cepstral coefficients: the first values of each row's discrete cosine transform (DCT-II, orthonormal but for the first).
 * @param rows [n, bins], e.g. a log-mel spectrogram
 * @returns [n, coefficients]
 */
export function cepstra(rows: Float64Array, bins: number, coefficients: number): Float64Array {
  const cosines = Float64Array.from({ length: coefficients * bins }, (_, i) => {
    const [order, bin] = [Math.floor(i / bins), i % bins];
    return Math.sqrt(2 / bins) * Math.cos((Math.PI / bins) * (bin + 0.5) * order);
  });
  const result = new Float64Array((rows.length / bins) * coefficients);
  for (let index = 0; index < result.length; index++) {
    const row = Math.floor(index / coefficients) * bins;
    const order = (index % coefficients) * bins;
    let sum = 0;
    for (let bin = 0; bin < bins; bin++) sum += (rows[row + bin] ?? 0) * (cosines[order + bin] ?? 0);
    result[index] = sum;
  }
  return result;
}

/** int8 codes, rounded half away from zero and saturated. */
export function quantised(values: Float64Array, { scale, zeroPoint }: { scale: number; zeroPoint: number }): Int8Array {
  return Int8Array.from(values, (value) => {
    const real = value / scale;
    return Math.max(-128, Math.min(127, Math.sign(real) * Math.round(Math.abs(real)) + zeroPoint));
  });
}

interface Band {
  /** Of the spectrum. */
  readonly first: number;
  readonly weights: Float64Array;
}

/** Mel of O'Shaughnessy (Speech Communication, 1987), as HTK has it. */
const mel = (hertz: number): number => 1127 * Math.log(1 + hertz / 700);

/** Triangles that overlap by half and are straight on the mel scale, with peaks of 1; the constant part belongs to none. */
function melBands({ sampleRate, fftLength, melBins, lowest, highest }: FrontEnd): readonly Band[] {
  const start = mel(lowest);
  const width = (mel(highest) - start) / (melBins + 1);
  const positions = Float64Array.from({ length: fftLength / 2 + 1 }, (_, bin) =>
    bin === 0 ? Number.NEGATIVE_INFINITY : (mel((bin * sampleRate) / fftLength) - start) / width,
  );
  return Array.from({ length: melBins }, (_, band) => {
    const inside = (position: number): boolean => position > band && position < band + 2;
    const first = positions.findIndex(inside);
    return { first, weights: positions.filter(inside).map((position) => 1 - Math.abs(position - band - 1)) };
  });
}

/** Magnitudes of the first length / 2 + 1 frequencies of a real signal that is filled up with zeros. */
export function magnitudes(signal: Float64Array, length: number): Float64Array {
  // The even samples as real, the odd ones as imaginary parts: one transform of half the length gives both spectra.
  const half = length / 2;
  const real = Float64Array.from({ length: half }, (_, i) => signal[2 * i] ?? 0);
  const imaginary = Float64Array.from({ length: half }, (_, i) => signal[2 * i + 1] ?? 0);
  transform(real, imaginary);
  return Float64Array.from({ length: half + 1 }, (_, bin) => {
    const [low, high] = [bin % half, (half - bin) % half];
    const [lowReal = 0, lowImaginary = 0] = [real[low], imaginary[low]];
    const [highReal = 0, highImaginary = 0] = [real[high], imaginary[high]];
    const angle = (-2 * Math.PI * bin) / length;
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    const [oddReal, oddImaginary] = [(lowImaginary + highImaginary) / 2, (highReal - lowReal) / 2];
    return Math.hypot(
      (lowReal + highReal) / 2 + cosine * oddReal - sine * oddImaginary,
      (lowImaginary - highImaginary) / 2 + cosine * oddImaginary + sine * oddReal,
    );
  });
}

/** Fast Fourier transform in place (Cooley and Tukey, radix 2, decimation in time); the length is a power of two. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const { length } = real;
  const swap = (values: Float64Array, a: number, b: number): void => {
    const [left = 0, right = 0] = [values[a], values[b]];
    values[a] = right;
    values[b] = left;
  };
  for (let index = 1, reversed = 0; index < length; index++) {
    let bit = length >> 1;
    for (; reversed & bit; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (index >= reversed) continue;
    swap(real, index, reversed);
    swap(imaginary, index, reversed);
  }
  for (let size = 2; size <= length; size *= 2) {
    for (let offset = 0; offset < size / 2; offset++) {
      const angle = (-2 * Math.PI * offset) / size;
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      for (let low = offset; low < length; low += size) {
        const high = low + size / 2;
        const [a = 0, b = 0, c = 0, d = 0] = [real[low], imaginary[low], real[high], imaginary[high]];
        const [turnedReal, turnedImaginary] = [c * cosine - d * sine, c * sine + d * cosine];
        real[low] = a + turnedReal;
        imaginary[low] = b + turnedImaginary;
        real[high] = a - turnedReal;
        imaginary[high] = b - turnedImaginary;
      }
    }
  }
}
