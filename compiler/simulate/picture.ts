/** From a picture of any size to the model's input codes (numerics.md 12). */

/** Rows of pixels, channels innermost: uint8 [height, width, channels]. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
  readonly pixels: Uint8Array;
}

export interface InputFormat {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: 'int8' | 'uint8';
  readonly scale: number;
  readonly zeroPoint: number;
}

/** real = (pixel - mean) / deviation, then quantised. */
export interface Normalisation {
  readonly mean: number;
  readonly deviation: number;
}

/** The two source positions that a target position lies between, and the weight of the second out of twice the target's
 * size. */
interface Sampling {
  readonly low: number;
  readonly high: number;
  readonly weight: number;
}

/**
 * Bilinear with half-pixel centres and clamped edges, rounded to the nearest pixel, halves up. In whole numbers, so that
 * firmware without a double-precision unit does the same fast: runtime/ft_picture.c.
 */
export function resizePicture(picture: Picture, width: number, height: number): Picture {
  if (picture.width === width && picture.height === height) return picture;
  const { channels, pixels } = picture;
  const rows = samplings(picture.height, height);
  const columns = samplings(picture.width, width);
  const unit = 2 * width;
  const at = (row: number, column: number, channel: number): number =>
    pixels[(row * picture.width + column) * channels + channel] ?? 0;
  const resized = new Uint8Array(width * height * channels);
  let index = 0;
  for (const row of rows) {
    for (const column of columns) {
      for (let channel = 0; channel < channels; channel++) {
        const top = mix(at(row.low, column.low, channel), at(row.low, column.high, channel), column.weight, unit);
        const bottom = mix(at(row.high, column.low, channel), at(row.high, column.high, channel), column.weight, unit);
        resized[index++] = Math.round(mix(top, bottom, row.weight, 2 * height) / (unit * 2 * height));
      }
    }
  }
  return { width, height, channels, pixels: resized };
}

/** Times `unit`. */
function mix(a: number, b: number, weight: number, unit: number): number {
  return a * (unit - weight) + b * weight;
}

function samplings(from: number, to: number): readonly Sampling[] {
  return Array.from({ length: to }, (_, index) => {
    const position = Math.min(2 * to * (from - 1), Math.max(0, (2 * index + 1) * from - to));
    const low = Math.floor(position / (2 * to));
    return { low, high: Math.min(from - 1, low + 1), weight: position - 2 * to * low };
  });
}

/** Grey by the luma of ITU-R BT.601, as JPEG has it, halves up; RGB from grey by repetition. */
export function withChannels(picture: Picture, channels: number): Picture {
  if (picture.channels === channels) return picture;
  const { width, height, pixels } = picture;
  const count = width * height;
  const converted = new Uint8Array(count * channels);
  for (let index = 0; index < count; index++) {
    if (channels === 1) {
      const [red = 0, green = 0, blue = 0] = pixels.subarray(3 * index, 3 * index + 3);
      converted[index] = Math.round((299 * red + 587 * green + 114 * blue) / 1000);
    } else {
      converted.fill(pixels[index] ?? 0, channels * index, channels * (index + 1));
    }
  }
  return { width, height, channels, pixels: converted };
}

/** The bytes of one input: code = pixel - 128 (int8) or the pixel (uint8), unless `normalise` says otherwise. */
export function pictureToCodes(picture: Picture, format: InputFormat, normalise?: Normalisation): Uint8Array {
  const { pixels } = withChannels(resizePicture(picture, format.width, format.height), format.channels);
  const table = codeTable(format, normalise);
  return pixels.map((pixel) => table[pixel] ?? 0);
}

/** The code's byte for each of the 256 pixel values. */
export function codeTable(format: InputFormat, normalise: Normalisation | undefined): Uint8Array {
  const [least, most] = format.dtype === 'int8' ? [-128, 127] : [0, 255];
  return Uint8Array.from({ length: 256 }, (_, pixel) => {
    if (normalise === undefined) return pixel + least;
    const code = (pixel - normalise.mean) / normalise.deviation / format.scale + format.zeroPoint;
    const clamped = Math.min(most, Math.max(least, code));
    return Math.sign(clamped) * Math.round(Math.abs(clamped));
  });
}
