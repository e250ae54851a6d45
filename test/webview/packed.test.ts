import { describe, expect, it } from 'vitest';
import { packed, unpacked } from '../../webview/packed.ts';

describe('messages to a page', () => {
  it('go as they are while they are short', () => {
    const message = { type: 'ghost', ghost: null };
    expect(packed(message)).toBe(message);
    expect(unpacked(message)).toBe(message);
  });

  it('go as bytes under their type when they are long, and come out the same', () => {
    const message = {
      type: 'picture',
      layers: Array.from({ length: 500 }, (_, index) => ({ name: `Schicht ${index} ü` })),
    };
    const sent = packed(message);
    expect(Object.keys(sent as object)).toEqual(['type', 'packed']);
    expect(sent).toMatchObject({ type: 'picture', packed: expect.any(Uint8Array) });
    expect(unpacked(structuredClone(sent))).toEqual(message);
  });

  it.each([null, undefined, 'text', 7])('which are not objects, such as %s, are left alone', (message) => {
    expect(unpacked(message)).toBe(message);
  });
});
