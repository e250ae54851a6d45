import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { complaintsIn, readTask, taskArguments, taskCommands, taskName } from '../../extension/taskArguments.ts';

describe('a task of type firmtune', () => {
  it.each([
    [{ command: 'simulate' }, ['simulate', 'a b/shelf.trainplan']],
    [{ command: 'generate' }, ['generate', 'a b/shelf.trainplan', '--out', 'auto']],
    [{ command: 'contribution' }, ['contribution', 'a b/shelf.trainplan', '--out', 'a b/shelf.contributions.json']],
    [{ command: 'contribution', out: 'c.json' }, ['contribution', 'a b/shelf.trainplan', '--out', 'c.json']],
    [{ command: 'generate', out: 'src/ft' }, ['generate', 'a b/shelf.trainplan', '--out', 'src/ft']],
    [{ command: 'build' }, ['build', 'a b/shelf.trainplan', '--generate']],
    [{ command: 'build', board: 'shelf' }, ['build', 'a b/shelf.trainplan', '--generate', '--board', 'shelf']],
    [{ command: 'emulate' }, ['emulate', 'a b/shelf.trainplan', '--build', '--generate']],
    [
      { command: 'emulate', board: 'virt' },
      ['emulate', 'a b/shelf.trainplan', '--build', '--generate', '--board', 'virt'],
    ],
  ])('is the command line: %j', (more, expected) => {
    const task = readTask({ type: 'firmtune', plan: 'a b/shelf.trainplan', ...more });
    expect(task && taskArguments(task)).toEqual(expected);
  });

  it('is defined in the manifest with the same commands and properties', () => {
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8'));
    const [{ type, properties }] = contributes.taskDefinitions;
    expect(type).toBe('firmtune');
    expect(properties.command.enum).toEqual(taskCommands);
    expect(Object.keys(properties).sort()).toEqual(['board', 'command', 'out', 'plan']);
  });

  it('has a name of its own for each command and board', () => {
    const names = taskCommands.flatMap((command) =>
      [undefined, 'virt'].map((board) =>
        taskName({ type: 'firmtune', command, plan: 'a.trainplan', ...(board && { board }) }),
      ),
    );
    expect(names).toContain('run a.trainplan on emulator');
    expect(names).toContain('run a.trainplan on virt');
    expect(new Set([names[2], names[3], names[4], names[5]]).size).toBe(4);
  });

  it.each([
    [{}],
    [{ command: 'erase', plan: 'a.trainplan' }],
    [{ command: 'generate' }],
    [{ command: 'generate', plan: '' }],
    [{ command: 'generate', plan: 'a.trainplan', out: 7 }],
    [{ command: 'build', plan: 'a.trainplan', board: {} }],
  ])('is refused if its definition means nothing: %j', (definition) => {
    expect(readTask(definition)).toBeUndefined();
  });
});

describe('the errors of the command line', () => {
  it('are told from those of compilers, with code and remedy', () => {
    const output = [
      '/app/src/main.c:7:3: error: unknown type name [-Werror]',
      '    7 |   nonsense',
      'error: make is needed to build and run firmware and is not on the PATH [tool-missing]',
      '  install it',
      'shelf.trainplan:3:1: error: the firmware needs 4 B more [sram-overflow]',
      '  make room',
      'shelf.trainplan:1:1: warning: the plan was edited [code-outdated]',
      '  generate again',
      '',
    ].join('\n');
    expect(complaintsIn(output)).toEqual([
      {
        message: 'make is needed to build and run firmware and is not on the PATH',
        code: 'tool-missing',
        remedy: 'install it',
      },
      { message: 'the firmware needs 4 B more', code: 'sram-overflow', remedy: 'make room' },
    ]);
  });
});
