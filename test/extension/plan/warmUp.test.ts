import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engines } from '../../../extension/plan/engines.ts';
import { EngineWarmUp } from '../../../extension/plan/warmUp.ts';

const editors = vi.hoisted(() => ({ active: undefined as unknown, followers: [] as (() => void)[] }));
vi.mock('vscode', () => ({
  Disposable: class {
    constructor(readonly dispose: () => void) {}
  },
  Uri: { parse: (text: string) => ({ path: text, toString: () => text }) },
  window: {
    get activeTextEditor() {
      return editors.active;
    },
    onDidChangeActiveTextEditor(follow: () => void) {
      editors.followers.push(follow);
      return { dispose: () => editors.followers.splice(editors.followers.indexOf(follow), 1) };
    },
  },
  workspace: { getConfiguration: () => ({ get: () => [] }) },
}));

const plan = {
  languageId: 'trainplan',
  uri: { toString: () => 'file:///a.trainplan' },
  getText: () => 'model "a.tflite"',
};

/** An engine that notes what it is asked, and has a model. */
function engine(isRunning = false) {
  const calls: [string, unknown][] = [];
  const quick = {
    isRunning: () => isRunning || calls.length > 0,
    async call(name: string, input: unknown) {
      calls.push([name, input]);
      return { kind: 'drawn', model: 'file:///a.tflite' };
    },
  };
  return { calls, quick: quick as unknown as Engines['quick'] };
}

function show(document: unknown): void {
  editors.active = document === undefined ? undefined : { document };
  for (const follow of editors.followers) follow();
}

describe('the engine that answers clicks', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    editors.active = undefined;
    editors.followers.length = 0;
  });

  it('draws a plan once its text has been in the active editor for a second, and keeps no model that nobody watches', async () => {
    const { calls, quick } = engine();
    new EngineWarmUp(quick);
    show(plan);
    await vi.advanceTimersByTimeAsync(999);
    expect(calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toEqual([
      ['drawPlan', expect.objectContaining({ uri: 'file:///a.trainplan', text: 'model "a.tflite"' })],
      ['forgetModel', { uri: 'file:///a.tflite' }],
    ]);
  });

  it('draws the plan that is there already when the extension starts', async () => {
    const { calls, quick } = engine();
    show(plan);
    new EngineWarmUp(quick);
    await vi.advanceTimersByTimeAsync(1000);
    expect(calls).toHaveLength(2);
  });

  it.each([
    ['the author has gone on', false, (): void => show(undefined)],
    ['it runs already', true, (): void => undefined],
    ['another language is shown', false, (): void => show({ ...plan, languageId: 'c' })],
  ])('draws nothing where %s', async (_, isRunning, then) => {
    const { calls, quick } = engine(isRunning);
    new EngineWarmUp(quick);
    show(plan);
    then();
    await vi.advanceTimersByTimeAsync(5000);
    expect(calls).toEqual([]);
  });

  it('draws nothing once it is disposed of', async () => {
    const { calls, quick } = engine();
    const warmUp = new EngineWarmUp(quick);
    show(plan);
    warmUp.dispose();
    await vi.advanceTimersByTimeAsync(5000);
    expect(calls).toEqual([]);
    expect(editors.followers).toEqual([]);
  });
});
