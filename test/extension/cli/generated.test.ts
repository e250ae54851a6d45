import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GeneratedFile } from '../../../compiler/codegen/c.ts';
import { type FileSystem, nodeFileSystem } from '../../../extension/cli/files/fileSystem.ts';
import { type Generation, writeGenerated } from '../../../extension/cli/files/generated.ts';
import { temporaryFolder } from '../../support/cli.ts';

const oldFiles: readonly GeneratedFile[] = [
  { path: 'shelf.h', text: '/* Documented. */\nvoid shelf_init(void);\n' },
  { path: 'shelf.c', text: '#include "shelf.h"\n' },
  { path: 'kernels/conv_s8.c', text: 'int conv;\n' },
  { path: 'kernels/add_s8.c', text: 'int add;\n' },
];
/** Another plan: a kernel less, one more, one in another folder, the model's files changed. */
const newFiles: readonly GeneratedFile[] = [
  { path: 'shelf.h', text: '/* Documented anew. */\nvoid shelf_init(void);\n' },
  { path: 'shelf.c', text: '#include "shelf.h"\nint changed;\n' },
  { path: 'kernels/conv_s8.c', text: 'int conv;\n' },
  { path: 'more/mul_s8.c', text: 'int mul;\n' },
];

const generation = (files: readonly GeneratedFile[], more: Partial<Generation> = {}): Generation => ({
  model: 'shelf',
  plan: 'shelf.trainplan',
  planText: 'name shelf\n',
  kind: 'make',
  files,
  force: false,
  ...more,
});

/** Every file below a folder with its text. */
function snapshot(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(folder, name), 'utf8')]));
}

const visible = (files: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...files].filter(([name]) => !name.startsWith('.firmtune')));

async function generated(folder: string, files = oldFiles): Promise<void> {
  expect(await writeGenerated(folder, generation(files))).toMatchObject({ ok: true });
}

class Stopped extends Error {}

/**
 * Fails at the operation with this number. `kill`: nothing works from then on, and a write got half of its text out.
 * `full`: the disk is full, so what needs space fails and the rest works.
 */
function failingFileSystem(at: number, how: 'kill' | 'full'): FileSystem & { readonly failed: () => boolean } {
  let [count, failed] = [0, false];
  const needsSpace = new Set(['write', 'makeFolder']);
  const guard = <K extends keyof FileSystem>(name: K): FileSystem[K] => {
    const operation = nodeFileSystem[name] as (...args: unknown[]) => Promise<unknown>;
    return (async (...args: unknown[]) => {
      const fails = ++count >= at && (how === 'kill' || needsSpace.has(name));
      if (!fails) return await operation(...args);
      if (name === 'write' && (how === 'full' || !failed)) {
        const [path, text] = args as [string, string];
        await nodeFileSystem.write(path, text.slice(0, text.length / 2));
      }
      failed = true;
      throw new Stopped(how === 'full' ? 'no space left on the device' : 'killed');
    }) as FileSystem[K];
  };
  const names = Object.keys(nodeFileSystem) as (keyof FileSystem)[];
  return {
    ...(Object.fromEntries(names.map((name) => [name, guard(name)])) as unknown as FileSystem),
    failed: () => failed,
  };
}

describe('an edited generated file', () => {
  it('stops generation, which names it and the remedy and writes nothing', async () => {
    const folder = temporaryFolder();
    await generated(folder);
    writeFileSync(join(folder, 'shelf.c'), '#include "shelf.h"\nint mine;\n');
    writeFileSync(join(folder, 'kernels/conv_s8.c'), 'int conv_mine;\n');
    const before = snapshot(folder);
    const result = await writeGenerated(folder, generation(newFiles));
    expect(result.ok).toBe(false);
    expect(result.diagnostics).toEqual(
      ['shelf.c', 'kernels/conv_s8.c'].map((path) =>
        expect.objectContaining({
          code: 'generated-file-edited',
          severity: 'error',
          file: join(folder, path),
          remedy: expect.stringContaining('--force'),
        }),
      ),
    );
    expect(snapshot(folder)).toEqual(before);
  });

  it('is kept beside the new one with --force, each time under a name of its own', async () => {
    const folder = temporaryFolder();
    await generated(folder);
    for (const [edit, keptAs] of [
      ['int first;\n', 'shelf.c.orig'],
      ['int second;\n', 'shelf.c.orig2'],
    ] as const) {
      writeFileSync(join(folder, 'shelf.c'), edit);
      const result = await writeGenerated(folder, generation(newFiles, { force: true }));
      expect(result).toMatchObject({ ok: true, value: { kept: [{ path: 'shelf.c', keptAs }] } });
      expect(readFileSync(join(folder, keptAs), 'utf8')).toBe(edit);
      expect(readFileSync(join(folder, 'shelf.c'), 'utf8')).toBe(newFiles[1]?.text);
    }
    expect(readFileSync(join(folder, 'shelf.c.orig'), 'utf8')).toBe('int first;\n');
  });

  it('is no edit where version control changed the line ends, or where the edit is what is generated anyway', async () => {
    const folder = temporaryFolder();
    await generated(folder);
    writeFileSync(join(folder, 'shelf.c'), oldFiles[1]?.text.replaceAll('\n', '\r\n') ?? '');
    writeFileSync(join(folder, 'shelf.h'), newFiles[0]?.text ?? '');
    expect(await writeGenerated(folder, generation(newFiles))).toMatchObject({ ok: true, value: { kept: [] } });
  });

  it('counts as edited where the list of generated files is damaged', async () => {
    const folder = temporaryFolder();
    await generated(folder);
    writeFileSync(join(folder, 'firmtune.json'), '<<<<<<< HEAD\n');
    const result = await writeGenerated(folder, generation(newFiles));
    expect(result).toMatchObject({ ok: false });
    expect(result.diagnostics.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['manifest-damaged', 'file-in-the-way']),
    );
    expect(await writeGenerated(folder, generation(oldFiles))).toMatchObject({ ok: true });
    expect(readFileSync(join(folder, 'firmtune.json.orig'), 'utf8')).toBe('<<<<<<< HEAD\n');
    expect(await writeGenerated(folder, generation(newFiles))).toMatchObject({ ok: true, diagnostics: [] });
  });

  it('that no model needs any more stays, with a warning', async () => {
    const folder = temporaryFolder();
    await generated(folder);
    writeFileSync(join(folder, 'kernels/add_s8.c'), 'int add_mine;\n');
    const result = await writeGenerated(folder, generation(newFiles));
    expect(result).toMatchObject({ ok: true, value: { removed: [] }, diagnostics: [{ code: 'edited-file-left' }] });
    expect(readFileSync(join(folder, 'kernels/add_s8.c'), 'utf8')).toBe('int add_mine;\n');
  });
});

describe("a file of the user's where a generated one should be", () => {
  it('is never overwritten', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'README.md'), '# My project\n');
    const result = await writeGenerated(folder, generation(oldFiles));
    expect(result).toMatchObject({ ok: false, diagnostics: [{ code: 'file-in-the-way' }] });
    expect([...snapshot(folder).keys()]).toEqual(['README.md']);
    expect(await writeGenerated(folder, generation(oldFiles, { force: true }))).toMatchObject({ ok: true });
    expect(readFileSync(join(folder, 'README.md.orig'), 'utf8')).toBe('# My project\n');
  });
});

describe('generating again', () => {
  it('touches only what changed, and removes what no model needs', async () => {
    const folder = temporaryFolder();
    await generated(folder);
    const time = (name: string): number => statSync(join(folder, name)).mtimeMs;
    const before = { conv: time('kernels/conv_s8.c'), list: time('firmtune.json') };
    await generated(folder);
    expect({ conv: time('kernels/conv_s8.c'), list: time('firmtune.json') }).toEqual(before);

    const result = await writeGenerated(folder, generation(newFiles));
    expect(result).toMatchObject({ ok: true, value: { removed: ['kernels/add_s8.c'] } });
    expect(existsSync(join(folder, 'kernels/add_s8.c'))).toBe(false);
    expect(time('kernels/conv_s8.c')).toBe(before.conv);
    const glue = readFileSync(join(folder, 'firmtune.mk'), 'utf8');
    expect(glue).toContain('more/mul_s8.c');
    expect(glue).not.toContain('add_s8.c');
  });

  it('lets two models share a folder: kernels once, each removed with the last model that needs it', async () => {
    const folder = temporaryFolder();
    const voice: readonly GeneratedFile[] = [
      { path: 'voice.h', text: '/* Voice. */\nvoid voice_init(void);\n' },
      { path: 'voice.c', text: 'int voice;\n' },
      { path: 'kernels/add_s8.c', text: 'int add;\n' },
    ];
    await generated(folder);
    expect(await writeGenerated(folder, generation(voice, { model: 'voice', plan: 'voice.trainplan' }))).toMatchObject({
      ok: true,
      diagnostics: [],
      value: { removed: [] },
    });
    const glue = readFileSync(join(folder, 'firmtune.mk'), 'utf8');
    expect(glue.match(/add_s8\.c/g)).toHaveLength(1);
    expect(glue).toContain('shelf.c');
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toMatch(/shelf_init[\s\S]*voice_init/);

    expect(await writeGenerated(folder, generation(newFiles))).toMatchObject({ ok: true, value: { removed: [] } });
    expect(existsSync(join(folder, 'kernels/add_s8.c'))).toBe(true);
  });

  it('warns where a kernel changes that another model shares', async () => {
    const folder = temporaryFolder();
    await generated(folder);
    const voice = [{ path: 'kernels/conv_s8.c', text: 'int conv_of_another_version;\n' }];
    const result = await writeGenerated(folder, generation(voice, { model: 'voice' }));
    expect(result).toMatchObject({ ok: true, diagnostics: [{ code: 'shared-kernels-changed' }] });
  });
});

/** The states that files may have while a run from `oldFiles` to `newFiles` is under way. */
async function stateAfter(files: readonly GeneratedFile[], before?: readonly GeneratedFile[]) {
  const folder = temporaryFolder();
  if (before !== undefined) await generated(folder, before);
  await generated(folder, files);
  return visible(snapshot(folder));
}

describe.each(['kill', 'full'] as const)('a run that fails at any file operation (%s)', (how) => {
  it('leaves every file old or new as a whole, and the next run completes it', async () => {
    const [old, wanted] = [await stateAfter(oldFiles), await stateAfter(newFiles, oldFiles)];
    let [failures, decided] = [0, 0];
    for (let at = 1; ; at++) {
      const folder = temporaryFolder();
      await generated(folder);
      const failing = failingFileSystem(at, how);
      const result = await writeGenerated(folder, generation(newFiles), failing);
      if (!failing.failed()) {
        expect(result.ok).toBe(true);
        break;
      }
      failures++;
      const files = visible(snapshot(folder));
      for (const [name, text] of files) expect([old.get(name), wanted.get(name)]).toContain(text);
      for (const name of old.keys()) if (wanted.has(name)) expect(files.has(name)).toBe(true);
      const isOld = [...old].every(([name, text]) => files.get(name) === text);
      if (!isOld) decided++;
      // A full disk is noticed before the first file changes.
      if (how === 'full') expect({ at, files }).toEqual({ at, files: old });
      expect(await writeGenerated(folder, generation(newFiles))).toMatchObject({ ok: true, value: { kept: [] } });
      expect(snapshot(folder)).toEqual(wanted);
    }
    expect(failures).toBeGreaterThan(how === 'kill' ? 40 : 20);
    if (how === 'kill') expect(decided).toBeGreaterThan(5);
  });

  it('never loses an edit, made before a run with --force or between two runs', async () => {
    const edit = '#include "shelf.h"\nint mine;\n';
    for (let at = 1; ; at++) {
      const folder = temporaryFolder();
      await generated(folder);
      writeFileSync(join(folder, 'shelf.c'), edit);
      const failing = failingFileSystem(at, how);
      await writeGenerated(folder, generation(newFiles, { force: true }), failing);
      expect([...visible(snapshot(folder)).values()]).toContain(edit);
      const later = 'int between;\n';
      writeFileSync(join(folder, 'shelf.h'), later);
      await writeGenerated(folder, generation(newFiles, { force: true }));
      const texts = [...snapshot(folder).values()];
      expect(texts).toContain(edit);
      expect(texts).toContain(later);
      if (!failing.failed()) break;
    }
  });
});

describe('a run that cannot write', () => {
  it('leaves nothing behind, not even folders', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'more'));
    const out = join(folder, 'deep', 'out');
    for (let at = 1; at < 40; at++) {
      const result = await writeGenerated(out, generation(oldFiles), failingFileSystem(at, 'full'));
      if (result.ok) break;
      expect(result.diagnostics).toMatchObject([{ code: 'cannot-write', file: out }]);
      expect(readdirSync(folder)).toEqual(['more']);
    }
  });
});
