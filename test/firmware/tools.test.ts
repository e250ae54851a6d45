import { describe, expect, it } from 'vitest';
import { readOverflows } from '../../extension/cli/board/build.ts';
import { imageSizes, parseSections, parseSymbols } from '../../extension/cli/board/map.ts';
import { decodeResults, encodeSession } from '../../extension/cli/board/session.ts';
import { findTools } from '../../extension/cli/board/tools.ts';

describe('findTools', () => {
  it('names a missing tool and how to get it', () => {
    const result = findTools(['qemu-system-arm'], { 'qemu-system-arm': '/nowhere/qemu-system-arm' });
    expect(result.ok).toBe(false);
    expect(result.diagnostics).toMatchObject([
      { code: 'tool-missing', remedy: expect.stringContaining('apt install qemu-system-arm') },
    ]);
    expect(result.diagnostics[0]?.message).toContain('/nowhere/qemu-system-arm');
  });

  it('takes a path that the user has set', () => {
    const result = findTools(['gcc'], { gcc: process.execPath });
    expect(result).toMatchObject({ ok: true, value: { gcc: process.execPath } });
  });
});

describe('image sizes', () => {
  const sections = parseSections(`firmware.elf  :
section    size        addr
.vectors     64           0
.text      1128        1024
.rodata     216        2152
.data        36   536870912
.bss        144   536870948
.stack     1024   536871092
Total      2612
`);
  const symbols = parseSymbols(`00000400 00000038 t harness_exit
20000010 00000013 d harness_line
20000024 00000040 b arena
20000064 00000010 B harness_record
20000074 B harness_bss_end
`);

  it("take the harness's variables off data and bss, and keep the whole image as flash", () => {
    expect(imageSizes(sections, symbols)).toEqual({
      dataBytes: 36 - 19,
      bssBytes: 144 - 16,
      flashBytes: 64 + 1128 + 216 + 36,
    });
  });
});

describe('linker output', () => {
  it('gives a diagnostic per overflowed region', () => {
    const output = "ld: region `sram' overflowed by 37856 bytes\nld: region `flash' overflowed by 12 bytes";
    expect(readOverflows(output, { flash: 1000, sram: 2000 })).toMatchObject([
      { code: 'flash-overflow', message: expect.stringContaining('needs 1012 B') },
      { code: 'sram-overflow', message: expect.stringContaining('needs 39856 B') },
    ]);
  });
});

describe('session files', () => {
  const session = { training: [{ input: Int8Array.of(-1, 2), label: 1 }], inference: [Int8Array.of(3, 4)] };

  it('hold label and codes per record, -1 as the label of an inference', () => {
    const file = encodeSession(session);
    expect([...new Int32Array(file.buffer, 4, 3)]).toEqual([2, 2, 1]);
    expect([...file.subarray(16)]).toEqual([1, 0, 0, 0, 255, 2, 255, 255, 255, 255, 3, 4]);
  });

  it('are refused when the inputs differ in size', () => {
    expect(() => encodeSession({ training: session.training, inference: [Int8Array.of(1)] })).toThrow('2 and 1 bytes');
  });

  it('give instructions across a wrap of the clock', () => {
    const wrapAt = 2 ** 32;
    const ticks = (instructions: number) => Math.floor((instructions * 64) / 40) % wrapAt;
    const start = 2_684_354_000;
    const words = [0, 1, ticks(start), ticks(start + 1006), 0, 2, ticks(start + 5000), ticks(start + 5017)];
    const summary = [0x4e525446, 2, 0, 84, ticks(start + 9000), ticks(start + 9006)];
    const results = decodeResults(new Uint8Array(Uint32Array.from([...words, ...summary]).buffer), session, 40);
    expect(results?.steps.map((step) => step.instructions)).toEqual([1000]);
    expect(results?.inferences.map((inference) => inference.instructions)).toEqual([11]);
    expect(results?.stackBytes).toBe(84);
  });

  it('are incomplete without the summary', () => {
    expect(decodeResults(new Uint8Array(32), session, 40)).toBeUndefined();
    expect(decodeResults(new Uint8Array(64), session, 40)).toBeUndefined();
  });
});
