import { expect, it, vi } from 'vitest';
import type { DrawnPlan } from '../../../extension/engine/plans.ts';
import type { PlanFigures } from '../../../extension/plan/figures.ts';
import { PlanTree } from '../../../extension/views/planTree.ts';

vi.mock('vscode', () => {
  class Disposable {
    static from = () => new Disposable();
    dispose(): void {}
  }
  class EventEmitter<T> extends Disposable {
    private readonly listeners: ((event: T) => void)[] = [];
    readonly event = (listener: (event: T) => void) => this.listeners.push(listener);
    fire(event: T): void {
      for (const listener of this.listeners) listener(event);
    }
  }
  class Uri {
    constructor(private readonly text: string) {}
    toString(): string {
      return this.text;
    }
  }
  const view = { visible: true, onDidChangeVisibility: () => new Disposable() };
  return { Disposable, EventEmitter, Uri, window: { createTreeView: () => view }, workspace: {}, l10n: {}, env: {} };
});

it('tells news of the very objects that the editor was given last, however often it asks while plans are drawn', async () => {
  const { Uri } = (await import('vscode')) as unknown as { Uri: new (text: string) => never };
  let finish: (drawn: DrawnPlan) => void = () => undefined;
  const drawing = new Promise<DrawnPlan>((resolve) => {
    finish = resolve;
  });
  const figures = {
    onDidChange: () => ({ dispose: () => undefined }),
    // As VS Code finds files: other objects each time.
    plans: async () => [new Uri('file:///a.trainplan')],
    drawn: () => drawing,
  };
  const tree = new PlanTree(figures as unknown as PlanFigures);
  const news: unknown[] = [];
  tree.onDidChangeTreeData((node) => news.push(node));
  await tree.getChildren();
  const last = await tree.getChildren();
  finish({ kind: 'drawn', diagnostics: [], lines: new Map() });
  await drawing;
  await Promise.resolve();
  expect(news).toHaveLength(1);
  expect(news[0]).toBe(last[0]);
});
