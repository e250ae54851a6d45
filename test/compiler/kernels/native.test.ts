import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kernelSignatures, kernelSources } from '../../../compiler/kernels/kernels.generated.ts';
import { cases } from './cases.ts';
import { call, cBlock, writable } from './kernel.ts';

const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Werror'];

function has(compiler: string): boolean {
  return spawnSync(compiler, ['--version']).status === 0;
}

/** Writes the kernels and `main.c` to a new folder, runs the compiler there and hands the folder over. */
function compiled<T>(compiler: string, options: readonly string[], main: string, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-kernels-'));
  try {
    for (const [file, text] of Object.entries({ ...kernelSources, 'main.c': main }))
      writeFileSync(join(folder, file), text);
    const units = [...Object.keys(kernelSources).filter((file) => file.endsWith('.c')), 'main.c'];
    const { status, stderr } = spawnSync(compiler, [...options, ...units], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints the writable memory of every case, a line each. */
function program(): string {
  return `#include <stdio.h>
#include "ft_kernels.h"
static void print(const unsigned char *bytes, unsigned long count) {
  for (unsigned long i = 0; i < count; i++)
    printf("%02x", bytes[i]);
  printf("\\n");
}
int main(void) {
${cases.map(({ kernel, values }) => cBlock(kernel, values)).join('\n')}
  return 0;
}
`;
}

describe('the kernels as native C', () => {
  it('have a case for every kernel', () => {
    expect(new Set(cases.map(({ kernel }) => kernel))).toEqual(new Set(Object.keys(kernelSignatures)));
  });

  it.skipIf(!has('gcc'))(
    'give the bytes of the WebAssembly build under the address and undefined behaviour sanitizers (skipped: needs gcc)',
    () => {
      const sanitize = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-g'];
      const options = ['-std=c99', '-O1', '-ffp-contract=off', ...warnings.slice(0, 2), '-Wconversion', '-Werror'];

      const output = compiled('gcc', [...options, ...sanitize, '-o', 'main'], program(), (folder) =>
        spawnSync(join(folder, 'main'), { encoding: 'utf8' }),
      );
      expect(output.stderr).toBe('');
      const expected = cases.flatMap(({ kernel, values }) => {
        call(kernel, values);
        return writable(kernel, values).map((buffer) => `${kernel} ${Buffer.from(buffer).toString('hex')}`);
      });
      const names = cases.flatMap(({ kernel, values }) => writable(kernel, values).map(() => kernel));
      expect(
        output.stdout
          .trimEnd()
          .split('\n')
          .map((line, i) => `${names[i]} ${line}`),
      ).toEqual(expected);
    },
  );

  const others = [
    ['clang', ['-std=c99', '-c', '-O0']],
    [
      'arm-none-eabi-gcc',
      ['-std=c99', '-c', '-O3', '-mcpu=cortex-m7', '-mfpu=fpv5-d16', '-mfloat-abi=hard', '-mthumb'],
    ],
  ] as const;
  for (const [compiler, options] of others)
    it.skipIf(!has(compiler))(`compile without a warning (skipped: needs ${compiler})`, () => {
      compiled(compiler, [...options, ...warnings, '-ffp-contract=off'], 'int main(void);\n', () => {});
    });

  it.skipIf(!has('g++'))('have a header that C++17 takes (skipped: needs g++)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'firmtune-header-'));
    for (const file of ['ft_kernels.h', 'ft_operators.h']) writeFileSync(join(folder, file), kernelSources[file] ?? '');
    const use = '#include "ft_kernels.h"\nint main() { int32_t steps = 0; ft_count(&steps); return steps; }\n';
    writeFileSync(join(folder, 'main.cpp'), use);
    const options = ['-std=c++17', ...warnings, '-fsyntax-only', 'main.cpp'];
    const { stderr } = spawnSync('g++', options, { cwd: folder, encoding: 'utf8' });
    rmSync(folder, { recursive: true, force: true });
    expect(stderr).toBe('');
  });
});
