import { describe, expect, it } from 'vitest';
import { flatten, markdownTable } from './table.ts';

describe('markdownTable', () => {
  it('has a column for each field of any row, numbers to the right', () => {
    const rows = [
      { plan: 'a', bytes: 12345 },
      { plan: 'b', bytes: 1, same: true },
    ];
    expect(markdownTable(rows)).toBe('| plan | bytes | same |\n|---|---:|---|\n| a | 12,345 |  |\n| b | 1 | yes |\n');
  });
});

describe('flatten', () => {
  it('names nested fields by their path', () => {
    expect(flatten({ plan: 'a', board: { sramBytes: 3 } })).toEqual({ plan: 'a', 'board sramBytes': 3 });
  });
});
