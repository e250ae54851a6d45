import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProjectKind } from '../../compiler/codegen/project/detect.ts';
import { findTools } from '../../extension/cli/board/tools.ts';
import { cli, samplePlan, temporaryFolder } from '../support/cli.ts';

const found = findTools(['arm-none-eabi-gcc', 'cmake', 'make']);
const hasTools = found.ok;
const needs = '(skipped: needs arm-none-eabi-gcc, cmake and make)';
const plan = resolve(samplePlan);

const main = `#include "garments.h"
int main(void) {
  garments_init();
  return garments_infer(garments_input()) + (garments_train_step(garments_input(), 0) > 0.0f);
}
`;
/** Bare metal without start-up code: it has to link, not to run. */
const machine = '-mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard -mthumb';
const toolchain = `set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_C_FLAGS_INIT "${machine} -Wall -Wextra -Werror -Og -ffast-math")
set(CMAKE_EXE_LINKER_FLAGS_INIT "--specs=nosys.specs")
`;

/** A project of the user's files, with the sample generated into `out`. */
async function project(
  files: Readonly<Record<string, string>>,
  out: string,
  kind: ProjectKind | 'auto',
): Promise<string> {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const generated = await cli('generate', plan, '--out', join(folder, out), '--project', kind);
  expect({ code: generated.code, err: generated.err }).toEqual({ code: 0, err: '' });
  return folder;
}

function run(folder: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  expect({ command, args, status, output: status === 0 ? '' : stdout + stderr }).toMatchObject({ status: 0 });
  return stdout;
}

const cSources = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.c'))
    .map((name) => name.replaceAll('\\', '/'))
    .sort();

/** Multiply-adds that round once. */
const fusedIn = (folder: string, ...objects: readonly string[]): number =>
  run(folder, 'arm-none-eabi-objdump', '-d', ...objects).match(/\tvfn?m[as]\./g)?.length ?? 0;

interface CompileCommand {
  readonly file: string;
  readonly command: string;
}

/** What CMake would run for each generated source. */
function compileCommands(folder: string, generated: string): readonly CompileCommand[] {
  run(
    folder,
    'cmake',
    '-S',
    '.',
    '-B',
    'build',
    '-DCMAKE_TOOLCHAIN_FILE=toolchain.cmake',
    '-DCMAKE_EXPORT_COMPILE_COMMANDS=ON',
  );
  const all = JSON.parse(readFileSync(join(folder, 'build/compile_commands.json'), 'utf8')) as CompileCommand[];
  return all.filter(({ file }) => file.startsWith(join(folder, generated)));
}

function expectFlags(folder: string, generated: string): void {
  const commands = compileCommands(folder, generated);
  const files = commands.map(({ file }) => relative(join(folder, generated), file)).sort();
  expect(files).toEqual(cSources(join(folder, generated)));
  for (const { command } of commands) {
    expect(command).toMatch(/-ffast-math .*-O3 -ffp-contract=off -fno-fast-math/);
    expect(command.indexOf(' -O3')).toBeGreaterThan(command.indexOf(' -Og'));
  }
}

describe.skipIf(!hasTools)(`generated code in a project of ${needs}`, () => {
  it('CMake builds and links with its library, whatever flags the rest has', async () => {
    const lists = `cmake_minimum_required(VERSION 3.13)
project(firmware C)
add_subdirectory(lib/models)
add_executable(firmware main.c)
target_link_libraries(firmware PRIVATE firmtune)
`;
    const files = { 'CMakeLists.txt': lists, 'toolchain.cmake': toolchain, 'main.c': main };
    const folder = await project(files, 'lib/models', 'auto');
    expectFlags(folder, 'lib/models');
    run(folder, 'cmake', '--build', 'build', '--parallel', '2');
    expect(fusedIn(folder, 'build/firmware')).toBe(0);
  });

  it('make builds and links two models with one set of kernels, and knows what a header changes', async () => {
    const makefile = `CC := arm-none-eabi-gcc
CFLAGS := ${machine} -Wall -Wextra -Werror -Og -ffast-math
firmware.elf: main.c
include lib/models/firmtune.mk
CPPFLAGS += $(FIRMTUNE_CPPFLAGS)
firmware.elf: $(FIRMTUNE_OBJECTS)
\t$(CC) $(CPPFLAGS) $(CFLAGS) --specs=nosys.specs $^ -o $@
`;
    const second = readFileSync(plan, 'utf8')
      .replace('name garments', 'name second')
      .replace('"garments.tflite"', JSON.stringify(join(dirname(plan), 'garments.tflite')));
    const both = main
      .replace('int main', '#include "second.h"\nint main')
      .replace('return', 'second_init();\n  return second_infer(second_input()) +');
    const folder = await project(
      { Makefile: makefile, 'main.c': both, 'second.trainplan': second },
      'lib/models',
      'auto',
    );
    const added = await cli('generate', join(folder, 'second.trainplan'), '--out', join(folder, 'lib/models'));
    expect(added).toMatchObject({ code: 0, err: expect.not.stringContaining('shared-kernels-changed') });
    // Less optimisation: the flags are the same, and it takes half the time.
    run(folder, 'make', '-j', '2', 'FIRMTUNE_OPTIMISATION=-O1');
    expect(fusedIn(folder, 'firmware.elf')).toBe(0);
    expect(run(folder, 'make', '-q')).toBe('');
    const header = join(folder, 'lib/models/garments.h');
    writeFileSync(header, readFileSync(header));
    expect(run(folder, 'make', '-n')).toMatch(/-c lib\/models\/garments\.c/);
  });

  it('STM32CubeMX gives each generated source the flags of both', async () => {
    const files = {
      'F767.ioc': '',
      'toolchain.cmake': toolchain,
      'main.c': main,
      'cmake/stm32cubemx/CMakeLists.txt': 'add_library(stm32cubemx INTERFACE)\n',
      'CMakeLists.txt': `cmake_minimum_required(VERSION 3.22)
set(CMAKE_PROJECT_NAME F767)
project(\${CMAKE_PROJECT_NAME} C)
add_executable(\${CMAKE_PROJECT_NAME} main.c)
add_subdirectory(cmake/stm32cubemx)
add_subdirectory(firmtune)
target_link_libraries(\${CMAKE_PROJECT_NAME} stm32cubemx firmtune)
`,
    };
    expectFlags(await project(files, 'firmtune', 'auto'), 'firmtune');
  });

  it("Zephyr and ESP-IDF gives each the flags, with stand-ins for the functions of the two systems' CMake", async () => {
    const zephyr = `cmake_minimum_required(VERSION 3.20)
project(app C)
# find_package(Zephyr) would define these, as the names say.
macro(zephyr_library_named name)
  set(current \${name})
  add_library(\${name} STATIC)
endmacro()
macro(zephyr_library_sources)
  target_sources(\${current} PRIVATE \${ARGN})
endmacro()
macro(zephyr_library_compile_options)
  target_compile_options(\${current} PRIVATE \${ARGN})
endmacro()
macro(zephyr_include_directories)
  include_directories(\${ARGN})
endmacro()
set(CONFIG_FIRMTUNE y)
add_subdirectory(module)
`;
    expectFlags(
      await project({ 'CMakeLists.txt': zephyr, 'toolchain.cmake': toolchain }, 'module', 'zephyr'),
      'module',
    );

    const espressif = `cmake_minimum_required(VERSION 3.16)
project(app C)
function(idf_component_register)
  cmake_parse_arguments(it "" "" "SRCS;INCLUDE_DIRS" \${ARGN})
  get_filename_component(name \${CMAKE_CURRENT_SOURCE_DIR} NAME)
  add_library(__idf_\${name} STATIC \${it_SRCS})
  target_include_directories(__idf_\${name} PUBLIC \${it_INCLUDE_DIRS})
  set(COMPONENT_LIB __idf_\${name} PARENT_SCOPE)
endfunction()
add_subdirectory(components/models)
`;
    const files = { 'CMakeLists.txt': espressif, 'toolchain.cmake': toolchain };
    expectFlags(await project(files, 'components/models', 'esp-idf'), 'components/models');
  });

  it('Arduino compiles without flags of its own, and without fused multiply-adds', async () => {
    const folder = await project({ 'sketch.ino': '' }, 'libraries/models', 'auto');
    const library = join(folder, 'libraries/models');
    const flags = [...machine.split(' '), '-Os', '-Wall', '-Wextra', '-Werror', '-Isrc', '-c'];
    const compiled = cSources(library);
    expect(compiled.every((name) => name.startsWith('src/'))).toBe(true);
    run(library, 'arm-none-eabi-gcc', ...flags, ...compiled);
    const objects = readdirSync(library).filter((name) => name.endsWith('.o'));
    expect(objects).toHaveLength(compiled.length);
    expect(fusedIn(library, ...objects)).toBe(0);
    run(
      library,
      'arm-none-eabi-gcc',
      ...machine.split(' '),
      '-Isrc',
      '-fsyntax-only',
      '-x',
      'c++',
      '-std=c++17',
      ...['src/garments.h'],
    );

    // What would happen without the pragmas: otherwise the line above proves nothing.
    writeFileSync(join(library, 'src/ft_flags.h'), '');
    run(library, 'arm-none-eabi-gcc', ...flags, '-O3', 'src/kernels/update_f32.c');
    expect(fusedIn(library, 'update_f32.o')).toBeGreaterThan(0);
  });
});
