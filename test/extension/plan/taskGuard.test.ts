import { describe, expect, it } from 'vitest';
import { taskRefusal } from '../../../extension/plan/taskGuard.ts';

describe('running programs for a plan', () => {
  const trusted = { runsTasks: true, isTrusted: true, scheme: 'file' };

  it('is allowed for a file, and for a plan that is not saved yet, in a trusted workspace', () => {
    expect(taskRefusal(trusted)).toBeUndefined();
    expect(taskRefusal({ ...trusted, scheme: 'untitled' })).toBeUndefined();
  });

  it('is refused in a workspace that is not trusted', () => {
    expect(taskRefusal({ ...trusted, isTrusted: false })).toBe('untrusted');
  });

  it('is refused for virtual files and in a browser, trusted or not', () => {
    expect(taskRefusal({ ...trusted, scheme: 'vscode-vfs' })).toBe('not-on-disk');
    expect(taskRefusal({ runsTasks: false, isTrusted: false, scheme: 'vscode-vfs' })).toBe('browser');
  });
});
