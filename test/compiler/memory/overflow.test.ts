import { beforeAll, describe, expect, it } from 'vitest';
import { explainOverflow, foreignObjects, readOverflows } from '../../../compiler/memory/overflow.ts';
import type { MemoryReport } from '../../../compiler/memory/report.ts';
import { compilePlanFile } from '../../../extension/cli/compilation.ts';
import { samplePlan } from '../../support/cli.ts';

/** As arm-none-eabi-ld 2.40 printed it. */
const ram = `/usr/lib/gcc/arm-none-eabi/12.2.1/../../../arm-none-eabi/bin/ld: firmware.elf section \`.bss' will not fit in region \`RAM'
/usr/lib/gcc/arm-none-eabi/12.2.1/../../../arm-none-eabi/bin/ld: region \`RAM' overflowed by 3512 bytes
collect2: error: ld returned 1 exit status`;
const flash = `/usr/bin/ld: firmware.elf section \`.rodata' will not fit in region \`FLASH'
/usr/bin/ld: region \`FLASH' overflowed by 118292 bytes`;
const llvm = "ld.lld: error: section '.bss' will not fit in region 'dram0_0_seg': overflowed by 4096 bytes";
const overlap =
  '/usr/bin/ld: section .bss VMA [0000000020000000,0000000020000fff] overlaps section .data VMA [0000000020000000,00000000200003ff]';
const loadOverlap =
  '/usr/bin/ld: section .data LMA [0000000000001000,00000000000013ff] overlaps section .rodata LMA [0000000000000800,00000000000017ff]';

describe('what a linker says of memory that is too small', () => {
  it.each([
    [ram, { region: 'RAM', section: '.bss', bytes: 3512, memory: 'sram' }],
    [flash, { region: 'FLASH', section: '.rodata', bytes: 118292, memory: 'flash' }],
    [llvm, { region: 'dram0_0_seg', section: '.bss', bytes: 4096, memory: 'sram' }],
    [overlap, { section: '.bss', memory: 'sram' }],
    [loadOverlap, { section: '.data', memory: 'flash' }],
  ] as const)('is read from GNU and LLVM: %j', (output, expected) => {
    expect(readOverflows(output)).toEqual([expected]);
  });

  it('is one entry for each region, and none where the link failed for another reason', () => {
    expect(readOverflows(`${ram}\n${flash}\n${ram}`).map(({ memory }) => memory)).toEqual(['sram', 'flash']);
    expect(readOverflows("main.c:3: undefined reference to `f'")).toEqual([]);
  });
});

describe('the explanation', () => {
  let report: MemoryReport;
  beforeAll(async () => {
    const compiled = await compilePlanFile(samplePlan);
    if (!compiled.ok) throw new Error('the sample does not compile');
    report = compiled.value.memory;
  });

  it('of a full RAM names the figures of the plan, the layers of its peak and what trains most', () => {
    const [diagnostic] = explainOverflow(ram, report);
    const static_ = report.arenaBytes + report.trainableBytes + report.stateBytes;
    expect(diagnostic).toMatchObject({ severity: 'error', code: 'sram-overflow', layer: report.peak.layer });
    const words = [
      'needs 3,512 B more than the region RAM has',
      `takes ${static_.toLocaleString('en')} B`,
      `${report.arenaBytes.toLocaleString('en')} B arena`,
      report.peak.alive[0]?.layer ?? '?',
      `${report.trainableBytes.toLocaleString('en')} B trained (last_conv`,
    ];
    for (const word of words) expect(diagnostic?.message).toContain(word);
    expect(diagnostic?.remedy).toContain('lower the budget of the plan by 3,512 B');
    expect(diagnostic?.remedy).toContain('beginning with last_conv');
  });

  it('does not ask of a plan what it cannot give', () => {
    const [diagnostic] = explainOverflow(ram.replace('3512', '335120'), report);
    expect(diagnostic?.remedy).toContain('the plan cannot free as much');
  });

  it('of a full flash names constants by layer, and what else is in the image', () => {
    const map = `Archive member included
Linker script and memory map

 .rodata.samples
                0x0000a1c4    0xd2d1c CMakeFiles/firmware.dir/src/samples.S.obj
 .rodata        0x00009000      0x400 firmtune/libfirmtune.a(garments.c.obj)
 .text.startup.main
                0x00000400      0x3fc CMakeFiles/firmware.dir/src/main.c.obj
 .bss.flash     0x20000400     0x6000 CMakeFiles/firmware.dir/boards/emulator.c.obj
 .text.unused   0x00000000     0x9000 CMakeFiles/firmware.dir/src/gone.c.obj
`;
    expect(foreignObjects(map, 'flash')).toEqual([{ name: 'samples.S.obj', bytes: 0xd2d1c }]);
    expect(foreignObjects(map, 'sram')).toEqual([{ name: 'emulator.c.obj', bytes: 0x6000 }]);
    const [diagnostic] = explainOverflow(flash, report, map);
    expect(diagnostic).toMatchObject({ code: 'flash-overflow' });
    expect(diagnostic?.message).toContain(`${report.constantBytes.toLocaleString('en')} B constants`);
    expect(diagnostic?.message).toContain('Beside it: samples.S.obj 863,516 B.');
  });
});
