import { beforeAll, describe, expect, it } from 'vitest';
import type { PictureStep, PlanPicture } from '../../webview/messages.ts';
import { timelineCsv, traceAllocation } from '../../webview/plan/export.ts';
import { alignedSteps, ghostOf, ghostPoints } from '../../webview/plan/ghost.ts';
import { PendingSwitches, patienceMilliseconds } from '../../webview/plan/pending.ts';
import { PriceBook, weightPosition } from '../../webview/plan/prices.ts';
import { choose, nothingChosen } from '../../webview/plan/selection.ts';
import { bytesOfStep, seriesKeys, staticBytes } from '../../webview/plan/series.ts';
import {
  aliveAt,
  bandsOf,
  heightAt,
  stackedSteps,
  topOf,
  visibleSteps,
  wholeRange,
} from '../../webview/plan/timelineData.ts';
import { panned, showing, zoomed } from '../../webview/plan/zoom.ts';
import { compiledPlan, garmentsPlan } from './pictures.ts';

let picture: PlanPicture;
beforeAll(async () => {
  ({ picture } = await compiledPlan(garmentsPlan, false));
});

const step = (layer: string, phase: PictureStep['phase'] = 'forward', liveBytes = 1): PictureStep => {
  return { layer, phase, kernel: 'k', macs: 0, liveBytes, byRole: [0, 0, 0, liveBytes, 0, 0, 0, 0] };
};

describe('the height of the timeline', () => {
  it('is static SRAM, stack and what is alive, in each step', () => {
    for (const [number, each] of picture.steps.entries()) {
      const sum = bytesOfStep(picture.totals, each).reduce((total, bytes) => total + bytes, 0);
      expect(sum).toBe(staticBytes(picture.totals) + each.liveBytes);
      expect(heightAt(picture, number)).toBe(sum);
    }
  });

  it('reaches the SRAM in all where the peak fills the arena', () => {
    expect(picture.peak.bytes).toBe(picture.totals.arenaBytes);
    expect(heightAt(picture, picture.peak.step)).toBe(picture.totals.sramBytes);
  });

  it('stacks each part on those below', () => {
    const { edges, tops } = stackedSteps(picture, wholeRange(picture.steps.length));
    expect(edges).toHaveLength(picture.steps.length + 1);
    expect(edges[0]).toBe(-0.5);
    expect(tops).toHaveLength(seriesKeys.length);
    expect(tops.at(-1)).toEqual(picture.steps.map((_, number) => heightAt(picture, number)));
  });

  it('has the budget in sight only where that leaves room for the rest', () => {
    const { sramBytes } = picture.totals;
    expect(topOf({ ...picture, budgetBytes: sramBytes * 1.5 })).toMatchObject({ showsBudget: true });
    expect(topOf({ ...picture, budgetBytes: sramBytes * 9 }).showsBudget).toBe(false);
    expect(topOf({ ...picture, budgetBytes: sramBytes * 9 }).bytes).toBeLessThan(sramBytes * 2);
  });
});

describe('a schedule of many steps', () => {
  const many = Array.from({ length: 5000 }, (_, index) => ({ liveBytes: index === 3333 ? 999 : index % 7 }));

  it('is thinned out without losing its peak or its ends', () => {
    const shown = visibleSteps(many, wholeRange(many.length), 300);
    expect(shown).toHaveLength(300);
    expect(shown).toContain(3333);
    expect([shown[0], shown.at(-1)]).toEqual([0, 4999]);
    expect(shown).toEqual([...new Set(shown)].sort((a, b) => a - b));
  });

  it('shows each step once zoomed in', () => {
    expect(visibleSteps(many, { min: 99.5, max: 149.5 }, 300)).toEqual(
      Array.from({ length: 52 }, (_, index) => 99 + index),
    );
  });

  it('shows nothing of nothing', () => expect(visibleSteps([], wholeRange(0))).toEqual([]));
});

it('joins backward and update steps into one band', () => {
  const phases = ['forward', 'forward', 'loss', 'backward', 'update', 'backward', 'update'] as const;
  expect(bandsOf(phases.map((phase) => ({ phase })))).toEqual([
    { phase: 'forward', first: 0, last: 1 },
    { phase: 'loss', first: 2, last: 2 },
    { phase: 'backward', first: 3, last: 6 },
  ]);
});

it('lists what is alive in a step by size', () => {
  const { peak } = picture;
  expect(aliveAt(picture.buffers, peak.step).map(({ name, bytes }) => ({ name, bytes }))).toEqual(
    peak.alive.map(({ name, bytes }) => ({ name, bytes })),
  );
});

describe('another schedule laid over this one', () => {
  it('lies on itself', () => {
    expect(alignedSteps(picture.steps, picture.steps)).toEqual(picture.steps.map((_, index) => index));
    const points = ghostPoints(ghostOf(picture, 'previous'), picture.steps);
    expect(points.slice(1, -1)).toEqual(picture.steps.map((_, index) => ({ x: index, y: heightAt(picture, index) })));
  });

  it('meets where layer and phase are the same, and spreads what only it has', () => {
    const own = [step('a'), step('b'), step('b', 'backward')];
    const other = [step('a'), step('x'), step('b'), step('y', 'backward'), step('b', 'backward')];
    expect(alignedSteps(other, own)).toEqual([0, 0.5, 1, 1.5, 2]);
  });

  it('never goes back in time, whatever the order', () => {
    const own = ['a', 'b', 'c', 'd', 'e'].map((name) => step(name));
    const places = alignedSteps([...own].reverse(), own);
    expect([...places].sort((a, b) => a - b)).toEqual(places);
  });
});

describe('prices', () => {
  const book = new PriceBook();
  book.add([{ layer: 'a', change: { weights: '1/4' }, sramBytes: -100, arenaBytes: 0 }], false);
  book.add(
    [
      { layer: 'a', change: { bias: false }, sramBytes: -300, arenaBytes: -300 },
      { layer: 'b', change: { weights: 'none' }, sramBytes: -900, arenaBytes: -900 },
      { layer: 'c', change: { weights: 'all' }, sramBytes: null, arenaBytes: null, reason: 'too large' },
    ],
    true,
  );

  it('are found by their switch, and advise the change that saves most', () => {
    expect(book.priceOf('a', { weights: '1/4' })?.sramBytes).toBe(-100);
    expect(book.priceOf('a', { weights: '1/2' })).toBeUndefined();
    expect(book.best('a')?.change).toEqual({ bias: false });
    expect(book.best()?.layer).toBe('b');
    expect(book.best('c')).toBeUndefined();
    expect(book.done).toBe(true);
  });

  it('go with the plan that they were for', () => {
    const old = new PriceBook();
    old.add([{ layer: 'a', change: { bias: true }, sramBytes: 1, arenaBytes: 1 }], true);
    old.clear();
    expect([old.priceOf('a', { bias: true }), old.done]).toEqual([undefined, false]);
  });
});

it.each([
  ['weights none', 'none'],
  ['weights 1/4', '1/4'],
  ['weights 2/8', '1/4'],
  ['weights 4/4', 'all'],
  ['weights all', 'all'],
  ['weights 1/3', undefined],
  ['weights channels 16', undefined],
  ['weights first 1/4', undefined],
])('%s stands at %s', (written, position) => expect(weightPosition(written)).toBe(position));

describe('a switch that was pressed', () => {
  const layer = (weights: string, bias = false): PlanPicture['layers'][number] => {
    const [first] = picture.layers;
    if (first === undefined) throw new Error('no layers');
    return { ...first, name: 'a', weights, bias };
  };

  it('waits for a picture that agrees', () => {
    const pending = new PendingSwitches();
    pending.press('a', { weights: '1/4' }, 0);
    pending.press('a', { bias: true }, 10);
    expect(pending.settle([layer('weights 1/4')], 20)).toBe(true);
    expect(pending.of('a')).toEqual({ weights: '1/4', bias: true });
    expect(pending.settle([layer('weights 2/8', true)], 30)).toBe(false);
    expect(pending.of('a')).toBeUndefined();
  });

  it('waits no longer than a while, and not for a layer that is gone', () => {
    const pending = new PendingSwitches();
    pending.press('a', { weights: 'all' }, 0);
    expect(pending.settle([layer('weights none')], patienceMilliseconds - 1)).toBe(true);
    expect(pending.settle([layer('weights none')], patienceMilliseconds)).toBe(false);
    pending.press('b', { bias: true }, 0);
    expect(pending.settle([layer('weights none')], 1)).toBe(false);
  });
});

describe('choosing layers', () => {
  const order = ['a', 'b', 'c', 'd'];
  it('takes one, adds one, and takes all in between', () => {
    const one = choose(nothingChosen, 'b', 'one', order);
    expect([...one.chosen]).toEqual(['b']);
    expect([...choose(one, 'd', 'toggle', order).chosen]).toEqual(['b', 'd']);
    expect([...choose(one, 'd', 'range', order).chosen]).toEqual(['b', 'c', 'd']);
    expect([...choose(choose(one, 'd', 'range', order), 'a', 'range', order).chosen]).toEqual(['a', 'b']);
    expect([...choose(one, 'b', 'toggle', order).chosen]).toEqual([]);
  });
});

describe('zoom', () => {
  const whole = { min: -0.5, max: 99.5 };
  it('keeps what the pointer is at where it is', () => {
    const near = zoomed(whole, whole, 0.5, 24.5, 'steps');
    expect(near).toEqual({ min: 12, max: 62 });
  });
  it('ends at the whole, and at a few steps', () => {
    expect(zoomed({ min: 10, max: 95 }, whole, 1.25, 50, 'steps')).toBeNull();
    const nearest = zoomed({ min: 10, max: 15 }, whole, 0.01, 12, 'steps');
    expect((nearest?.max ?? 0) - (nearest?.min ?? 0)).toBe(4);
  });
  it('moves no further than there are steps', () => {
    expect(panned({ min: 80, max: 99 }, whole, 1)).toEqual({ min: 80.5, max: 99.5 });
    expect(showing({ min: 10, max: 20 }, whole, 50)).toEqual({ min: 45, max: 55 });
    expect(showing({ min: 10, max: 20 }, whole, 12)).toEqual({ min: 10, max: 20 });
  });
});

describe('exports', () => {
  it('write a line of CSV for each step, whose parts add up', () => {
    const lines = timelineCsv(picture)
      .split('\r\n')
      .slice(0, -1)
      .map((line) => line.split(','));
    expect(lines).toHaveLength(picture.steps.length + 1);
    const [head = [], ...rows] = lines;
    expect(head).toEqual([
      'step',
      'phase',
      'layer',
      'kernel',
      'macs',
      'sram_bytes',
      'arena_live_bytes',
      ...seriesKeys.map((key) => `${key}_bytes`),
    ]);
    for (const row of rows) {
      expect(row).toHaveLength(head.length);
      expect(row.slice(7).reduce((sum, cell) => sum + Number(cell), 0)).toBe(Number(row[5]));
    }
    expect(Math.max(...rows.map((row) => Number(row[5])))).toBe(picture.totals.sramBytes);
  });

  it('quote what would break a line of CSV', () => {
    const odd = { ...picture, steps: [step('a "b", c')] };
    expect(timelineCsv(odd)).toContain('"a ""b"", c"');
  });

  it('write every buffer of the arena in the format of the allocation viewer', () => {
    const { schema_version, segments } = JSON.parse(traceAllocation(picture));
    expect(schema_version).toBe(1);
    expect(segments).toHaveLength(1);
    const [{ title, size, allocations }] = segments;
    expect(title).toBe('garments: arena');
    expect(size).toBe(picture.totals.arenaBytes);
    expect(allocations).toHaveLength(picture.buffers.length);
    for (const [index, buffer] of picture.buffers.entries()) {
      expect(allocations[index]).toMatchObject({
        ...{ offset: buffer.offset, size: buffer.bytes },
        ...{ alive_from: buffer.first, alive_till: buffer.last + 1 },
      });
    }
    expect(Math.max(...allocations.map((each: { offset: number; size: number }) => each.offset + each.size))).toBe(
      size,
    );
  });
});
