/** JPEG and PNG files to pixels. */
import { convertIndexedToRgb, type DecodedPng, decode as decodePng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import type { Picture } from '../../compiler/simulate/picture.ts';

/** @throws Error in the decoder's words where the file is damaged or of another kind; the content decides, not the name. */
export function decodePicture(bytes: Uint8Array): Picture {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) {
    refuseHuge(bytes);
    return pngPicture(decodePng(bytes, { checkCrc: true }));
  }
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw new Error('neither a JPEG nor a PNG');
  const { width, height, data } = decodeJpeg(bytes, { useTArray: true, formatAsRGBA: false, tolerantDecoding: false });
  return { width, height, channels: 3, pixels: data };
}

/** As much as the JPEG decoder takes. */
const mostPixels = 100e6;

/** A few bytes of a PNG can claim, and inflate to, more than there is memory. */
function refuseHuge(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24) throw new Error('the file ends within its header');
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width * height > mostPixels) throw new Error(`${width}x${height} is more than ${mostPixels / 1e6} megapixels`);
}

/** Transparency is left out: a training picture has none that would mean anything. */
function pngPicture(png: DecodedPng): Picture {
  const { width, height } = png;
  if (png.palette !== undefined) {
    const { length: entryBytes = 3 } = png.palette[0] ?? {};
    return colours(width, height, convertIndexedToRgb(png), entryBytes);
  }
  if (png.depth < 8) return { width, height, channels: 1, pixels: unpacked(png) };
  const bytes = png.depth === 16 ? Uint8Array.from(png.data, (value) => value >> 8) : Uint8Array.from(png.data);
  return colours(width, height, bytes, png.channels);
}

/** Drops the alpha of grey + alpha and RGBA. */
function colours(width: number, height: number, data: ArrayLike<number>, channels: number): Picture {
  const kept = channels < 3 ? 1 : 3;
  const pixels = new Uint8Array(width * height * kept);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < kept; channel++) {
      pixels[pixel * kept + channel] = data[pixel * channels + channel] ?? 0;
    }
  }
  return { width, height, channels: kept, pixels };
}

/** Grey of 1, 2 or 4 bits, rows padded to whole bytes, spread over 0 to 255. */
function unpacked({ width, height, depth, data }: DecodedPng): Uint8Array {
  const perByte = 8 / depth;
  const rowBytes = Math.ceil(width / perByte);
  const most = 2 ** depth - 1;
  return Uint8Array.from({ length: width * height }, (_, index) => {
    const column = index % width;
    const byte = data[Math.floor(index / width) * rowBytes + Math.floor(column / perByte)] ?? 0;
    const value = (byte >> (8 - depth * ((column % perByte) + 1))) & most;
    return Math.round((255 * value) / most);
  });
}
