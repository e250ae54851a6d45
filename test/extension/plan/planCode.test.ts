import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TextDocument } from 'vscode';
import { textHash } from '../../../extension/cli/files/fileSystem.ts';
import { GeneratedCode } from '../../../extension/plan/generatedCode.ts';
import { PlanCode } from '../../../extension/plan/planCode.ts';
import type { CodeState } from '../../../webview/messages.ts';

/** A workspace with one folder, /work, whose files these are; `isSearchable`: VS Code can list them. */
const editor = vi.hoisted(() => ({
  files: new Map<string, string>(),
  isSearchable: true,
  searches: 0,
  typed: [] as ((event: unknown) => void)[],
  tasks: [] as ((event: unknown) => void)[],
  watchers: [] as { glob: string; kind: 'create' | 'change' | 'delete'; tell: (uri: unknown) => void }[],
}));

vi.mock('vscode', async () => {
  const { posix } = await import('node:path');
  class Disposable {
    constructor(readonly dispose: () => void) {}
    static from(...parts: readonly { dispose(): void }[]) {
      return new Disposable(() => {
        for (const part of parts) part.dispose();
      });
    }
  }
  const listen = <Listener>(list: Listener[]) => {
    return (listener: Listener) => {
      list.push(listener);
      return new Disposable(() => void list.splice(list.indexOf(listener), 1));
    };
  };
  class Uri {
    constructor(readonly path: string) {}
    readonly scheme = 'file';
    toString = () => `file://${this.path}`;
    static joinPath = ({ path }: Uri, ...parts: string[]) => new Uri(posix.join(path, ...parts));
  }
  class EventEmitter {
    private readonly listeners: (() => void)[] = [];
    readonly event = listen(this.listeners);
    fire = () => [...this.listeners].map((listener) => listener());
    dispose(): void {}
  }
  const watcher = (glob: string) => {
    const on = (kind: 'create' | 'change' | 'delete') => (tell: (uri: unknown) => void) =>
      listen(editor.watchers)({ glob, kind, tell });
    return Object.assign(new Disposable(() => undefined), {
      onDidCreate: on('create'),
      onDidChange: on('change'),
      onDidDelete: on('delete'),
    });
  };
  return {
    Disposable,
    EventEmitter,
    Uri,
    tasks: { onDidEndTask: listen(editor.tasks) },
    workspace: {
      fs: {
        readFile: async ({ path }: Uri) => new TextEncoder().encode(editor.files.get(path)),
      },
      findFiles: async () => {
        editor.searches++;
        return editor.isSearchable ? [...editor.files.keys()].map((path) => new Uri(path)) : [];
      },
      getWorkspaceFolder: ({ path }: Uri) => (path.startsWith('/work/') ? { name: 'work' } : undefined),
      asRelativePath: ({ path }: Uri) => path.replace('/work/', ''),
      createFileSystemWatcher: watcher,
      onDidChangeTextDocument: listen(editor.typed),
    },
  };
});

const { Uri } = (await import('vscode')) as unknown as { Uri: new (path: string) => TextDocument['uri'] };
const text = 'model "a.tflite"\n';

function generate(folder: string, planText = text, plan = '../a.trainplan'): void {
  const models = { a: { plan, sha256: textHash(planText) } };
  editor.files.set(`${folder}/firmtune.json`, JSON.stringify({ version: 1, project: null, models, files: {} }));
}

/** What VS Code tells of a file or a folder. */
function tell(kind: 'create' | 'change' | 'delete', glob: string, path: string): void {
  for (const each of [...editor.watchers]) if (each.glob === glob && each.kind === kind) each.tell(new Uri(path));
}

function follow(path = '/work/a.trainplan') {
  let now = text;
  const document = { uri: new Uri(path), getText: () => now } as unknown as TextDocument;
  const states: (CodeState | null)[] = [];
  const generated = new GeneratedCode();
  const code = new PlanCode(document, generated, (state) => states.push(state));
  const type = (typed: string): void => {
    now = typed;
    for (const each of editor.typed) each({ document, contentChanges: [{}] });
  };
  return { code, generated, states, type };
}

async function settled(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await new Promise((resolve) => setImmediate(resolve));
}

describe('the state of the code of a plan that is shown', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    // Web Crypto answers from a thread of its own, past any clock of the tests.
    const digest = async (_: string, bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
    vi.stubGlobal('crypto', { subtle: { digest } });
    editor.files.clear();
    editor.files.set('/work/a.trainplan', text);
    Object.assign(editor, { isSearchable: true, searches: 0 });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    for (const listeners of [editor.typed, editor.watchers, editor.tasks]) listeners.length = 0;
  });

  it('is looked for once there is time, not before', async () => {
    const { code, states, type } = follow();
    type('other');
    await settled(5000);
    expect([code.state?.state, editor.searches, states]).toEqual(['looking', 0, []]);
    code.start();
    await settled(0);
    expect(states).toEqual([{ state: 'missing', folders: [] }]);
  });

  it('follows the text, once nothing was typed for 300 ms, without another search', async () => {
    generate('/work/firmtune');
    const { code, states, type } = follow();
    code.start();
    await settled(0);
    type('other');
    await settled(200);
    type('another');
    await settled(299);
    expect(states).toEqual([{ state: 'current', folders: ['firmtune'] }]);
    await settled(1);
    expect(states.at(-1)).toEqual({ state: 'outdated', folders: ['firmtune'] });
    type(text);
    await settled(300);
    expect(states.map((each) => each?.state)).toEqual(['current', 'outdated', 'current']);
    expect(editor.searches).toBe(1);
  });

  it('follows the lists of generated files: written, written again, deleted with their folder', async () => {
    const { code, states } = follow();
    code.start();
    await settled(0);
    generate('/work/firmtune', 'older');
    tell('create', '**/firmtune.json', '/work/firmtune/firmtune.json');
    await settled(300);
    expect(states.at(-1)).toEqual({ state: 'outdated', folders: ['firmtune'] });
    generate('/work/firmtune');
    tell('change', '**/firmtune.json', '/work/firmtune/firmtune.json');
    await settled(300);
    expect(states.at(-1)).toEqual({ state: 'current', folders: ['firmtune'] });
    editor.files.delete('/work/firmtune/firmtune.json');
    tell('delete', '**/*', '/work/firm');
    await settled(300);
    expect(editor.searches).toBe(3);
    tell('delete', '**/*', '/work/firmtune');
    await settled(300);
    expect(states.at(-1)).toEqual({ state: 'missing', folders: [] });
    // As VS Code tells of a first generation on Linux.
    generate('/work/firmtune');
    tell('create', '**/*', '/work/main.o');
    await settled(300);
    expect(editor.searches).toBe(4);
    tell('create', '**/*', '/work/firmtune');
    await settled(300);
    expect(states.at(-1)).toEqual({ state: 'current', folders: ['firmtune'] });
  });

  it('is looked for when a task of ours has ended: on some file systems nothing is told', async () => {
    const { code, states } = follow();
    code.start();
    await settled(0);
    generate('/work/firmtune');
    for (const type of ['npm', 'firmtune'])
      for (const each of editor.tasks) each({ execution: { task: { definition: { type } } } });
    await settled(300);
    expect(states.at(-1)).toEqual({ state: 'current', folders: ['firmtune'] });
    expect(editor.searches).toBe(2);
  });

  it('names the workspace folder where the code lies in it directly', async () => {
    generate('/work', text, 'a.trainplan');
    const { code, states } = follow();
    code.start();
    await settled(0);
    expect(states).toEqual([{ state: 'current', folders: ['work'] }]);
  });

  it('passes over lists that cannot be read', async () => {
    editor.files.set('/work/firmtune/firmtune.json', '<<<<<<< ours');
    const { code, states } = follow();
    code.start();
    await settled(0);
    expect(states).toEqual([{ state: 'missing', folders: [] }]);
  });

  it('is not shown outside of the workspace, nor where files cannot be searched', async () => {
    const outside = follow('/elsewhere/a.trainplan');
    outside.code.start();
    await settled(0);
    expect([outside.code.state, editor.searches]).toEqual([null, 0]);
    editor.isSearchable = false;
    const { code, states } = follow();
    code.start();
    await settled(0);
    expect(states).toEqual([null]);
  });

  it('is not followed any more once the view is closed', async () => {
    generate('/work/firmtune');
    const { code, generated, states, type } = follow();
    code.start();
    await settled(0);
    type('other');
    code.dispose();
    generated.dispose();
    await settled(5000);
    expect(states).toHaveLength(1);
    expect([editor.typed, editor.watchers, editor.tasks]).toEqual([[], [], []]);
  });
});
