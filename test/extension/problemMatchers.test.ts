import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { problemMatchers } from '../../extension/problemMatchers.ts';
import { temporaryFolder } from '../support/cli.ts';

const hasGcc = spawnSync('gcc', ['--version']).status === 0;

/** As VS Code does it: line by line. */
function problemsIn(name: string, output: string): readonly Record<string, string | undefined>[] {
  const matcher = problemMatchers.find((each) => each.name === name);
  if (matcher === undefined) throw new Error(`no matcher ${name}`);
  const { regexp, kind: _, ...groups } = matcher.pattern;
  return output.split('\n').flatMap((line) => {
    const match = new RegExp(regexp).exec(line);
    if (match === null) return [];
    return [Object.fromEntries(Object.entries(groups).map(([key, index]) => [key, match[index as number]]))];
  });
}

const linker = '/usr/lib/gcc/arm-none-eabi/12.2.1/../../../arm-none-eabi/bin/ld';

describe('the problem matchers', () => {
  it('are those of the manifest', () => {
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(contributes.problemMatchers).toEqual(problemMatchers);
  });

  it('find our own diagnostics in the plan', () => {
    expect(
      problemsIn('firmtune-gcc', 'garments.trainplan:32:3: error: the firmware needs 33,512 B more [sram-overflow]'),
    ).toEqual([
      {
        file: 'garments.trainplan',
        line: '32',
        column: '3',
        severity: 'error',
        message: 'the firmware needs 33,512 B more [sram-overflow]',
      },
    ]);
    expect(problemsIn('firmtune-gcc', 'C:\\work\\main.c:3:1: warning: unused')).toMatchObject([
      { file: 'C:\\work\\main.c' },
    ]);
  });

  it('find what the linker cannot resolve at its line, and what does not fit in the image', () => {
    const undefinedName = `${linker}: main.c.obj: in function \`use_it':\n/work/src/main.c:123: undefined reference to \`nowhere'`;
    expect(problemsIn('firmtune-ld', undefinedName)).toEqual([
      { file: '/work/src/main.c', line: '123', message: "undefined reference to `nowhere'" },
    ]);
    const tooLarge = `${linker}: firmware.elf section \`.bss' will not fit in region \`RAM'\n${linker}: region \`RAM' overflowed by 8 bytes`;
    expect(problemsIn('firmtune-ld-image', tooLarge)).toEqual([
      { file: 'firmware.elf', message: "section `.bss' will not fit in region `RAM'" },
    ]);
    expect(problemsIn('firmtune-ld-image', `${linker}: main.o:(.text+0x12): undefined reference to \`f'`)).toEqual([
      { file: 'main.o', message: "undefined reference to `f'" },
    ]);
  });

  it('find nothing in the rest of a build', () => {
    const rest = `[ 82%] Built target firmtune
  122 | int planted( { return 1; }
gmake[2]: *** [CMakeFiles/firmware.dir/build.make:76: CMakeFiles/firmware.dir/src/main.c.obj] Error 1
main.c: In function 'main':
collect2: error: ld returned 1 exit status
firmtune: step=12 loss=0.5312`;
    for (const { name } of problemMatchers) expect(problemsIn(name, rest)).toEqual([]);
  });

  it.skipIf(!hasGcc)('find what gcc and its linker really print (skipped: needs gcc)', () => {
    const folder = temporaryFolder();
    const gcc = (name: string, text: string, ...args: readonly string[]) => {
      writeFileSync(join(folder, name), text);
      return spawnSync('gcc', ['-g', '-Wall', name, ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C' },
      }).stderr;
    };
    const broken = gcc('broken.c', '#include "missing.h"\n');
    expect(problemsIn('firmtune-gcc', broken)).toMatchObject([{ file: 'broken.c', line: '1', severity: 'error' }]);
    const planted = gcc('planted.c', 'int main(void) {\n  int unused;\n  return undefined_thing;\n}\n', '-c');
    expect(problemsIn('firmtune-gcc', planted)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ file: 'planted.c', line: '3', severity: 'error' }),
        expect.objectContaining({ file: 'planted.c', line: '2', severity: 'warning' }),
      ]),
    );
    const unlinked = gcc('unlinked.c', 'int nowhere(void);\nint main(void) {\n  return nowhere();\n}\n');
    expect(problemsIn('firmtune-ld', unlinked)).toMatchObject([
      { line: '3', message: expect.stringContaining('nowhere') },
    ]);
  });
});
