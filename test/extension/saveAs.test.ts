import { beforeEach, describe, expect, it, vi } from 'vitest';
import { saveAs, writeWhole } from '../../extension/saveAs.ts';

/** A disk on which one kind of work can fail, and an author who answers in this order. */
const editor = vi.hoisted(() => ({
  files: new Map<string, string>(),
  failing: undefined as 'write' | 'rename' | undefined,
  targets: [] as unknown[],
  answers: [] as (string | undefined)[],
  asked: [] as unknown[],
  errors: [] as string[],
}));

vi.mock('vscode', () => {
  const { files } = editor;
  const fail = (work: string) => {
    if (editor.failing === work) throw new Error(`no ${work}`);
  };
  return {
    Uri: class {},
    l10n: { t: (text: string, ...values: string[]) => text.replace(/\{(\d)\}/g, (_, at) => values[at] ?? '') },
    window: {
      async showSaveDialog(options: unknown) {
        editor.asked.push(options);
        return editor.targets.shift();
      },
      async showErrorMessage(text: string) {
        editor.errors.push(text);
        return editor.answers.shift();
      },
    },
    workspace: {
      fs: {
        async writeFile({ path }: { path: string }, content: Uint8Array) {
          const text = new TextDecoder().decode(content);
          // What fails has written a part.
          files.set(path, editor.failing === 'write' ? text.slice(0, 3) : text);
          fail('write');
        },
        async rename(from: { path: string }, to: { path: string }, { overwrite }: { overwrite: boolean }) {
          fail('rename');
          if (files.has(to.path) && !overwrite) throw new Error('it exists');
          files.set(to.path, files.get(from.path) ?? '');
          files.delete(from.path);
        },
        async delete({ path }: { path: string }) {
          if (!files.delete(path)) throw new Error('no such file');
        },
      },
    },
  };
});

function place(path: string) {
  return { path, with: ({ path: other }: { path: string }) => place(other) } as unknown as Parameters<
    typeof writeWhole
  >[0];
}

const content = new TextEncoder().encode('all of it');
const question = { title: 'Export', proposal: place('/a.svg'), ending: 'svg' };
const written = () => Object.fromEntries(editor.files);

beforeEach(() => {
  editor.files.clear();
  editor.failing = undefined;
  for (const list of [editor.targets, editor.answers, editor.asked, editor.errors]) list.length = 0;
});

describe('a file that is written whole', () => {
  it('takes the place of what was there', async () => {
    editor.files.set('/a.svg', 'old');
    await writeWhole(place('/a.svg'), content);
    expect(written()).toEqual({ '/a.svg': 'all of it' });
  });

  it.each(['write', 'rename'] as const)('leaves what was there, and nothing else, where a %s fails', async (work) => {
    editor.files.set('/a.svg', 'old');
    editor.failing = work;
    await expect(writeWhole(place('/a.svg'), content)).rejects.toThrow(`no ${work}`);
    expect(written()).toEqual({ '/a.svg': 'old' });
  });
});

describe('saving as', () => {
  it('begins at the proposal, and knows the ending', async () => {
    editor.targets = [place('/b.svg')];
    expect(await saveAs(question, content)).toMatchObject({ path: '/b.svg' });
    expect(editor.asked).toEqual([{ title: 'Export', defaultUri: question.proposal, filters: { SVG: ['svg'] } }]);
    expect(written()).toEqual({ '/b.svg': 'all of it' });
  });

  it('writes and says nothing if the author cancels', async () => {
    expect(await saveAs(question, content)).toBeUndefined();
    expect(written()).toEqual({});
    expect(editor.errors).toEqual([]);
  });

  it('says which file could not be written, and why', async () => {
    editor.targets = [place('/folder/b.svg')];
    editor.failing = 'rename';
    expect(await saveAs(question, content)).toBeUndefined();
    expect(editor.errors).toEqual(['b.svg could not be written: no rename']);
    expect(editor.asked).toHaveLength(1);
  });

  it('asks again if the author wants another place', async () => {
    editor.targets = [place('/folder/b.svg'), undefined];
    editor.answers = ['Save Elsewhere…'];
    editor.failing = 'write';
    expect(await saveAs(question, content)).toBeUndefined();
    expect(editor.asked).toHaveLength(2);
    expect(written()).toEqual({});
  });
});
