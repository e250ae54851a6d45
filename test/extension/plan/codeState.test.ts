import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as commandLine from '../../../extension/cli/files/fileSystem.ts';
import { writeGenerated } from '../../../extension/cli/files/generated.ts';
import { manifestName, parseManifest } from '../../../extension/cli/files/manifest.ts';
import { type CodeRecord, codeState, textHash } from '../../../extension/plan/codeState.ts';
import { temporaryFolder } from '../../support/cli.ts';

const plan = 'file:///shelf.trainplan';
const text = 'model "shelf.tflite"\nbudget 64 KB\n';
const record = (more: Partial<CodeRecord> = {}): CodeRecord => ({
  ...{ plan, folder: 'firmtune', sha256: commandLine.textHash(text) },
  ...more,
});

describe('the hash of a text', () => {
  it('is the command line’s, of every text', async () => {
    const piece = fc.constantFrom('\r\n', '\n', '\r', '\uFEFF', 'ä', '学', '\uD800', 'budget 64 KB');
    const texts = fc.array(fc.oneof(piece, fc.string({ unit: 'binary' }))).map((pieces) => pieces.join(''));
    await fc.assert(
      fc.asyncProperty(texts, async (each) => {
        expect(await textHash(each)).toBe(commandLine.textHash(each));
      }),
    );
  });
});

describe('the code of a plan', () => {
  it('is missing where no list names the plan', async () => {
    expect(await codeState([], plan, text)).toEqual({ state: 'missing', folders: [] });
    const other = record({ plan: 'file:///other.trainplan' });
    expect(await codeState([other], plan, text)).toEqual({ state: 'missing', folders: [] });
  });

  it('is current while the text is that of the last generation', async () => {
    expect(await codeState([record()], plan, text)).toEqual({ state: 'current', folders: ['firmtune'] });
  });

  it('is outdated as soon as the text is another, and current again once that is undone', async () => {
    const edited = `${text}// a remark\n`;
    expect(await codeState([record()], plan, edited)).toEqual({ state: 'outdated', folders: ['firmtune'] });
    expect(await codeState([record()], plan, text)).toMatchObject({ state: 'current' });
  });

  it('is current whatever line ends and byte order mark the file has', async () => {
    expect(await codeState([record()], plan, text.replaceAll('\n', '\r\n'))).toMatchObject({ state: 'current' });
    const marked = record({ sha256: commandLine.textHash(`\uFEFF${text}`) });
    expect(await codeState([marked], plan, text)).toMatchObject({ state: 'current' });
  });

  it('is outdated if that in one of several folders is, which is the one that is named', async () => {
    const old = record({ folder: 'old', sha256: commandLine.textHash('other') });
    expect(await codeState([record(), old], plan, text)).toEqual({ state: 'outdated', folders: ['old'] });
    const two = [record({ folder: 'second' }), record({ folder: 'first' }), record({ folder: 'first' })];
    expect(await codeState(two, plan, text)).toEqual({ state: 'current', folders: ['first', 'second'] });
  });

  it('is current after a generation, by the list that it writes', async () => {
    const folder = temporaryFolder();
    const [file, out] = [join(folder, 'shelf.trainplan'), join(folder, 'firmtune')];
    mkdirSync(out);
    writeFileSync(file, text);
    const files = [{ path: 'shelf.h', text: 'void shelf_init(void);\n' }];
    await writeGenerated(out, {
      ...{ model: 'shelf', plan: file, planText: text, kind: undefined, force: false },
      files,
    });
    const models = parseManifest(readFileSync(join(out, manifestName), 'utf8'))?.models ?? {};
    const records = Object.values(models).map(({ sha256 }) => record({ sha256 }));
    expect(await codeState(records, plan, text)).toMatchObject({ state: 'current' });
    expect(await codeState(records, plan, text.replace('64', '65'))).toMatchObject({ state: 'outdated' });
  });
});
