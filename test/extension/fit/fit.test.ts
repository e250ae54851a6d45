import { describe, expect, it } from 'vitest';
import type { ParetoPoint } from '../../../compiler/search/scheme.ts';
import { differenceOf } from '../../../extension/fit/difference.ts';
import { Front } from '../../../extension/fit/front.ts';

const point = (sramBytes: number, score: number, layer = `l${sramBytes}`): ParetoPoint => ({
  ...{ sramBytes, score },
  update: new Map([[layer, { bias: true, weights: { kind: 'none' } }]]),
});

describe('the front of several searches', () => {
  it('is what no other point is better than in both, by ascending bytes', () => {
    const front = new Front();
    expect(front.add([point(10, 1), point(30, 3)])).toBe(true);
    expect(front.add([point(20, 2), point(25, 1.5)])).toBe(true);
    expect(front.points.map(({ sramBytes }) => sramBytes)).toEqual([10, 20, 30]);
    front.add([point(15, 4)]);
    expect(front.points.map(({ sramBytes }) => sramBytes)).toEqual([10, 15]);
  });

  it('keeps the number of a choice, also of one that has been overtaken', () => {
    const front = new Front();
    front.add([point(10, 1), point(30, 3)]);
    const [first, second] = front.points;
    expect(front.add([point(10, 1)])).toBe(false);
    front.add([point(20, 5)]);
    expect(front.points[0]?.id).toBe(first?.id);
    expect(front.find(second?.id ?? -1)?.sramBytes).toBe(30);
  });

  it('forgets all when the plan has become another', () => {
    const front = new Front();
    front.add([point(10, 1)]);
    const [old] = front.points;
    front.clear();
    expect(front.points).toEqual([]);
    front.add([point(10, 1)]);
    expect(front.points[0]?.id).not.toBe(old?.id);
  });
});

describe('the preview of an edit', () => {
  const signs = { same: ' ', removed: '-', added: '+' } as const;
  const shown = (before: string, after: string): readonly string[] =>
    differenceOf(before, after).map(({ kind, text }) => signs[kind] + text);

  it('shows what changes, with two lines around', () => {
    expect(shown('a\nb\nc\nd\ne\nf\ng\n', 'a\nb\nc\nD\ne\nf\ng\n')).toEqual([' b', ' c', '-d', '+D', ' e', ' f']);
  });

  it('keeps lines that stay between those that change', () => {
    expect(shown('u {\n a\n b\n c\n}\n', 'u {\n b\n d\n}\n')).toEqual([' u {', '- a', '  b', '- c', '+ d', ' }']);
  });

  it('is empty where nothing changes, and works at the ends of a text', () => {
    expect(shown('a\r\nb', 'a\r\nb')).toEqual([]);
    expect(shown('a', 'a\nb\n')).toEqual([' a', '+b']);
    expect(shown('', 'x')).toEqual(['-', '+x']);
  });
});
