/** Cutting pictures to the aspect of the model's input. */
import type { Picture } from '../../compiler/simulate/picture.ts';

/** The largest part around the middle that has the aspect of width x height. */
export function middleOf(picture: Picture, width: number, height: number): Picture {
  const scale = Math.min(picture.width / width, picture.height / height);
  const [across, down] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const kept = { width: Math.min(picture.width, across ?? 1), height: Math.min(picture.height, down ?? 1) };
  if (kept.width === picture.width && kept.height === picture.height) return picture;
  const { channels } = picture;
  const [left, top] = [(picture.width - kept.width) >> 1, (picture.height - kept.height) >> 1];
  const pixels = new Uint8Array(kept.width * kept.height * channels);
  for (let row = 0; row < kept.height; row++) {
    const start = ((top + row) * picture.width + left) * channels;
    pixels.set(picture.pixels.subarray(start, start + kept.width * channels), row * kept.width * channels);
  }
  return { ...kept, channels, pixels };
}
