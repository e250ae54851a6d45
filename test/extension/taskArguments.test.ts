import { describe, expect, it } from 'vitest';
import { readTask, taskArguments } from '../../extension/taskArguments.ts';

describe('a task of type firmtune', () => {
  it('is the command line with its plan', () => {
    expect(taskArguments({ type: 'firmtune', command: 'simulate', plan: 'a b/shelf.trainplan' })).toEqual([
      'simulate',
      'a b/shelf.trainplan',
    ]);
  });

  it('writes generated files beside the plan unless told where', () => {
    const task = { type: 'firmtune', command: 'generate', plan: 'plans/shelf.trainplan' } as const;
    expect(taskArguments(task)).toEqual(['generate', 'plans/shelf.trainplan', '--out', 'plans/shelf-firmware']);
    expect(taskArguments({ ...task, out: 'src/ft' })).toEqual(['generate', 'plans/shelf.trainplan', '--out', 'src/ft']);
  });

  it.each([
    [{}],
    [{ command: 'erase', plan: 'a.trainplan' }],
    [{ command: 'generate' }],
    [{ command: 'generate', plan: '' }],
    [{ command: 'generate', plan: 'a.trainplan', out: 7 }],
  ])('is refused if its definition means nothing: %j', (definition) => {
    expect(readTask(definition)).toBeUndefined();
  });
});
