// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are macros of CMake
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { projectKinds } from '../../../compiler/codegen/project/detect.ts';
import { outputFolder, projectAround, projectIn } from '../../../extension/cli/files/workspace.ts';
import { type BuildRequest, buildPlan } from '../../../extension/cli/firmware/commands.ts';
import { newestFile } from '../../../extension/cli/firmware/elf.ts';
import { generatedPlans } from '../../../extension/cli/firmware/outdated.ts';
import { absolutePlaces } from '../../../extension/cli/firmware/places.ts';
import { binaryFolder, readPresets } from '../../../extension/cli/firmware/presets.ts';
import { cli, sampleFolder, samplePlan, temporaryFolder } from '../../support/cli.ts';

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const request = (more: Partial<BuildRequest>): BuildRequest => ({
  kind: 'cmake',
  folder: '/project',
  board: undefined,
  presets: [],
  exists: () => false,
  jobs: 2,
  ...more,
});
const commandsOf = (more: Partial<BuildRequest>) => {
  const plan = buildPlan(request(more));
  return plan.ok ? plan.value.commands.map(({ tool, args }) => [tool, ...args].join(' ')) : plan.diagnostics;
};

describe('a build', () => {
  const presets = [
    { name: 'debug', binaryDir: '${sourceDir}/out/${presetName}' },
    { name: 'release', binaryDir: undefined },
  ];
  it.each([
    [{ kind: 'cmake' }, ['cmake -S . -B build', 'cmake --build build --parallel 2']],
    [{ kind: 'cmake', presets }, ['cmake --preset debug', 'cmake --build /project/out/debug --parallel 2']],
    [
      { kind: 'stm32cube', presets, board: 'release' },
      ['cmake --preset release', 'cmake --build /project/build --parallel 2'],
    ],
    [{ kind: 'cmake', exists: (path: string) => path === 'build/build.ninja' }, ['cmake --build build --parallel 2']],
    [{ kind: 'make', board: 'mine' }, ['make -j 2 BOARD=mine']],
    [{ kind: 'platformio', board: 'nucleo' }, ['pio run -e nucleo']],
    [{ kind: 'zephyr', board: 'qemu_cortex_m3' }, ['west build -b qemu_cortex_m3']],
    [{ kind: 'esp-idf' }, ['idf.py build']],
    [
      { kind: 'arduino', board: 'arduino:mbed:nano33ble', exists: (path: string) => path === 'libraries' },
      ['arduino-cli compile --fqbn arduino:mbed:nano33ble --libraries libraries --build-path build .'],
    ],
  ] as const)("of %j goes through the project's own tool", (more, expected) => {
    expect(commandsOf(more)).toEqual(expected);
  });

  it('of a preset that is not there names those that are', () => {
    expect(commandsOf({ presets, board: 'toaster' })).toMatchObject([
      { code: 'unknown-preset', message: expect.stringContaining('debug, release') },
    ]);
  });
});

describe("CMake's presets", () => {
  it('are those that can be chosen, with folders from those that they inherit', () => {
    const text = JSON.stringify({
      version: 3,
      configurePresets: [
        { name: 'base', hidden: true, binaryDir: '${sourceParentDir}/${sourceDirName}-${presetName}' },
        { name: 'own', binaryDir: '/out' },
        { name: 'child', inherits: ['nothing', 'base'] },
        { name: 'loop', inherits: 'loop' },
      ],
    });
    const folders = readPresets(text).map((preset) => [preset.name, binaryFolder(preset, '/work/app')]);
    expect(folders).toEqual([
      ['own', '/out'],
      ['child', '/work/app-child'],
      ['loop', '/work/app/build'],
    ]);
    expect(readPresets('{ broken')).toEqual([]);
  });
});

describe('a line of a build', () => {
  const existing = ['/p/src/main.c', '/p/build/x.h', '/p/sub/y.c'];
  it.each([
    [['../src/main.c:3:1: error: no'], '/p/src/main.c:3:1: error: no'],
    [['src/main.c:3:1: error: no'], '/p/src/main.c:3:1: error: no'],
    [['In file included from x.h:2,'], 'In file included from /p/build/x.h:2,'],
    [["make[1]: Entering directory '/p/sub'", 'y.c:1:2: warning: w'], '/p/sub/y.c:1:2: warning: w'],
    [["make[1]: Entering directory '/p/sub'", "make[1]: Leaving directory '/p/sub'", 'y.c:1:2: w'], 'y.c:1:2: w'],
    [['firmtune: step=1'], 'firmtune: step=1'],
    [['/p/src/main.c:3:1: error: no'], '/p/src/main.c:3:1: error: no'],
  ])('names files by absolute paths where there are such: %j', (lines, expected) => {
    const place = absolutePlaces(['/p', '/p/build'], (path) => existing.includes(path));
    expect(lines.map(place).at(-1)).toBe(expected);
  });
});

describe('the project around a folder', () => {
  it('is the nearest one, within the repository', () => {
    const folder = folderWith({
      'CMakeLists.txt': 'project(outer C)',
      'app/platformio.ini': '',
      'app/lib/readme': '',
      'other/.git/config': '',
      'other/lib/readme': '',
    });
    expect(projectAround(join(folder, 'app/lib'))).toMatchObject({ kind: 'platformio', folder: join(folder, 'app') });
    expect(projectAround(join(folder, 'other/lib'))).toBeUndefined();
    expect(projectIn(folder)).toMatchObject({ kind: 'cmake' });
    expect(projectIn(join(folder, 'app/lib'))).toBeUndefined();
  });

  it('has a usual place for generated code; without a project it lies beside the plan', () => {
    const folder = folderWith({ 'app/platformio.ini': '', 'app/plans/shelf.trainplan': '', 'shelf.trainplan': '' });
    expect(outputFolder(join(folder, 'app/plans/shelf.trainplan'))).toBe(join(folder, 'app/lib/firmtune'));
    expect(outputFolder(join(folder, 'shelf.trainplan'))).toBe(join(folder, 'shelf-firmware'));
  });

  it('decides what generate writes, and is remembered', async () => {
    const folder = folderWith({ 'platformio.ini': '', 'nothing/readme': '' });
    const out = join(folder, 'lib/models');
    const first = await cli('generate', samplePlan, '--out', out, '--json');
    expect(first.json.project).toBe('platformio');
    expect(first.json.files.map(({ path }: { path: string }) => path)).toContain('library.json');

    const chosen = join(folder, 'chosen');
    expect((await cli('generate', samplePlan, '--out', chosen, '--project', 'esp-idf', '--json')).json.project).toBe(
      'esp-idf',
    );
    const again = await cli('generate', samplePlan, '--out', chosen, '--json');
    expect(again.json.project).toBe('esp-idf');
    expect(again.json.files.filter(({ changed }: { changed: boolean }) => changed)).toEqual([]);
    const changed = await cli('generate', samplePlan, '--out', chosen, '--project', 'none', '--json');
    expect(changed.json.removed.sort()).toEqual(['CMakeLists.txt', 'idf_component.yml']);
  });

  it.each(projectKinds)('can be %s, and generating twice changes nothing', async (kind) => {
    const out = join(temporaryFolder(), 'out');
    for (const expected of [true, false]) {
      const { code, json } = await cli('generate', samplePlan, '--out', out, '--project', kind, '--json');
      expect(code).toBe(0);
      expect(json.files.some((file: { changed: boolean }) => file.changed)).toBe(expected);
    }
  });
});

describe('generate', () => {
  it('puts the licence of the user on top of the C files, and prints a launch hint on request only', async () => {
    const folder = folderWith({ 'licence.txt': 'SPDX-License-Identifier: Apache-2.0\n' });
    const out = join(folder, 'out');
    const argv = ['generate', samplePlan, '--out', out, '--licence', join(folder, 'licence.txt'), '--json'] as const;
    expect((await cli(...argv)).json.launch).toBeUndefined();
    const { json } = await cli(...argv, '--launch');
    expect(json.launch).toMatchObject({ type: 'cppdbg', miDebuggerPath: 'gdb-multiarch' });
    expect(newestFile([out], 'garments.h')).toBeDefined();
    expect((await cli('generate', samplePlan, '--out', out, '--licence', 'none.txt')).code).toBe(1);
  });
});

describe('a tool that is missing', () => {
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  it.each([
    ['build', { 'platformio.ini': '' }, [], 'https://docs.platformio.org/'],
    ['build', { 'CMakeLists.txt': 'find_package(Zephyr)' }, [], 'https://docs.zephyrproject.org/'],
    ['build', { Makefile: '' }, [], 'apt install make'],
    ['emulate', { Makefile: '' }, ['--board', 'virt'], 'apt install qemu-system-misc'],
  ] as const)('ends %s with exit code 3 and how to get it (%j)', async (command, files, flags, remedy) => {
    // Folders with the names of tools are no tools.
    const folder = folderWith({ ...files, 'make/readme': '', 'qemu-system-riscv32/readme': '' });
    process.env.PATH = folder;
    const { code, json } = await cli(command, folder, ...flags, '--json');
    expect(code).toBe(3);
    expect(json.diagnostics).toMatchObject([{ code: 'tool-missing', remedy: expect.stringContaining(remedy) }]);
  });
});

describe('build and emulate', () => {
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  it('say where there is no project, no image, no plan', async () => {
    const empty = folderWith({ 'main.c': '' });
    expect((await cli('build', empty, '--json')).json.diagnostics).toMatchObject([{ code: 'no-project' }]);
    expect((await cli('build', join(empty, 'none.trainplan'), '--json')).json.diagnostics).toMatchObject([
      { code: 'file-not-found' },
    ]);
    expect(await cli('emulate', empty, '--board', 'toaster')).toMatchObject({ code: 2 });
    expect(await cli('build', empty, '--project', 'ant')).toMatchObject({ code: 2 });
  });

  it('generate first what is missing or older than its plan, and stop where a generated file was edited', async () => {
    const folder = join(temporaryFolder(), 'workspace');
    await cli('sample', folder);
    const plan = join(folder, 'garments.trainplan');
    const code = join(folder, 'firmtune/garments.c');
    // No tools: the build ends where it would begin.
    process.env.PATH = folder;
    const build = () => cli('build', plan, '--generate', '--json');
    expect((await build()).json.diagnostics).toMatchObject([{ code: 'tool-missing' }]);
    const first = readFileSync(code, 'utf8');

    writeFileSync(code, `${first}// mine\n`);
    expect((await build()).json.diagnostics).toMatchObject([{ code: 'tool-missing' }]);
    expect(readFileSync(code, 'utf8')).toContain('// mine');

    writeFileSync(plan, readFileSync(plan, 'utf8').replace('rate 0.015', 'rate 0.02'));
    expect((await build()).json.diagnostics).toMatchObject([{ code: 'generated-file-edited' }]);
    expect((await cli('build', plan, '--json')).json.diagnostics[0]).toMatchObject({ code: 'code-outdated' });
    writeFileSync(code, first);
    expect((await build()).json.diagnostics).toMatchObject([{ code: 'tool-missing' }]);
    expect(readFileSync(code, 'utf8')).not.toBe(first);
  });

  it('know code in a folder of its own', async () => {
    const folder = folderWith({ 'CMakeLists.txt': '' });
    const plan = join(folder, 'garments.trainplan');
    cpSync(sampleFolder, folder, { recursive: true });
    await cli('generate', plan, '--out', join(folder, 'src/learned'));
    process.env.PATH = folder;
    await cli('build', plan, '--generate');
    expect(existsSync(join(folder, 'firmtune'))).toBe(false);
    expect(await generatedPlans(folder)).toMatchObject([{ directory: relative('', join(folder, 'src/learned')) }]);
  });

  it.each([
    ['core cortex-m4', 'qemu-system-arm'],
    ['core riscv32', 'qemu-system-riscv32'],
    ['core xtensa-lx7', undefined],
  ])('take the board for the plan with %s', async (core, emulator) => {
    const folder = folderWith({ 'CMakeLists.txt': '' });
    const plan = join(folder, 'garments.trainplan');
    cpSync(sampleFolder, folder, { recursive: true });
    writeFileSync(plan, readFileSync(plan, 'utf8').replace('core cortex-m7', core));
    process.env.PATH = folder;
    const { json } = await cli('emulate', plan, '--json');
    const expected = emulator === undefined ? 'no emulated board has xtensa-lx7' : `${emulator} is needed`;
    expect(json.diagnostics).toMatchObject([{ message: expect.stringContaining(expected) }]);
  });
});

describe('sample', () => {
  it('writes a workspace whose project is found, and never over other files', async () => {
    const folder = join(temporaryFolder(), 'workspace');
    const { code, json } = await cli('sample', folder, '--json');
    expect(code).toBe(0);
    expect(json.files).toEqual(expect.arrayContaining(['src/main.c', 'garments.trainplan', 'data/train-images.u8']));
    expect(projectAround(folder)).toMatchObject({ kind: 'cmake' });
    expect((await cli('check', join(folder, 'garments.trainplan'))).code).toBe(0);
    expect(await cli('sample', folder, '--json')).toMatchObject({
      code: 1,
      json: { diagnostics: [{ code: 'file-in-the-way' }] },
    });
  });
});
