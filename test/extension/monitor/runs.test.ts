import { describe, expect, it } from 'vitest';
import { archivedRuns, archiveText } from '../../../extension/monitor/archive.ts';
import { runsCsv } from '../../../extension/monitor/csv.ts';
import { LossSeries } from '../../../extension/monitor/lossSeries.ts';
import { Publisher, roundMs } from '../../../extension/monitor/publisher.ts';
import { RunStore } from '../../../extension/monitor/runStore.ts';
import type { LossTail, ToMonitorPage } from '../../../webview/messages.ts';
import { emptyModel, firstChoices, received, smoothed } from '../../../webview/monitor/model.ts';

const simulation = { source: 'simulation', canCancel: true, canRunAgain: true } as const;

describe('a series of losses', () => {
  it('takes a long run in bounded memory, and leaves no loss out', () => {
    const series = new LossSeries();
    const count = 100_000;
    for (let step = 1; step <= count; step++) series.add(step, step % 2);
    const { stride, steps, losses } = series.tail(undefined) ?? { stride: 0, steps: [], losses: [] };
    expect(steps.length).toBeLessThanOrEqual(2000);
    expect(stride).toBe(64);
    expect(steps).toEqual(steps.map((_, index) => (index + 1) * stride));
    expect(new Set(losses)).toEqual(new Set([0.5]));
  });

  it('says no number as null, and only where it was', () => {
    const series = new LossSeries();
    for (const [index, loss] of [1, Number.NaN, Number.POSITIVE_INFINITY, 2].entries()) series.add(index + 1, loss);
    expect(series.tail(undefined)?.losses).toEqual([1, null, null, 2]);
  });

  it('gives a page what it lacks, and everything once points have become others', () => {
    const series = new LossSeries();
    series.add(1, 3);
    const seen = series.seen;
    expect(series.tail(seen)).toBeUndefined();
    series.add(2, 4);
    expect(series.tail(seen)).toEqual({ stride: 1, from: 1, steps: [2], losses: [4] });
    for (let step = 3; step <= 2000; step++) series.add(step, 1);
    expect(series.tail(seen)).toMatchObject({ stride: 2, from: 0 });
  });
});

describe('the store of runs', () => {
  it('keeps the newest twenty, and none that goes on is dropped', () => {
    const store = new RunStore();
    const first = store.add({ name: 'first', ...simulation });
    for (let count = 0; count < 30; count++) store.end(store.add({ name: 'run', ...simulation }), 'finished');
    expect(store.all).toHaveLength(20);
    expect(store.all[0]).toBe(first);
  });

  it('gives runs of the same name different ones', () => {
    const store = new RunStore();
    const names = ['garments', 'garments', 'garments'].map((name) => store.add({ name, ...simulation }).name);
    expect(names).toEqual(['garments', 'garments 2', 'garments 3']);
  });

  it('ends a run once, and counts the time that it ran only', () => {
    let now = 1000;
    const store = new RunStore(() => now);
    const run = store.add({ name: 'run', ...simulation });
    now += 500;
    store.end(run, 'cancelled');
    store.end(run, 'finished');
    now += 10_000;
    expect(store.picture(run)).toMatchObject({ state: 'cancelled', elapsed: 500 });
    run.resume(now);
    now += 200;
    expect(store.picture(run)).toMatchObject({ state: 'starting', elapsed: 700 });
  });

  it('puts together what is reported of one epoch', () => {
    const run = new RunStore().add({ name: 'run', ...simulation });
    run.addResult({ epoch: 1, steps: 10, loss: 0.5 });
    run.addResult({ epoch: 0, steps: 0, testAccuracy: 0.1 });
    run.addResult({ epoch: 1, steps: 10, testAccuracy: 0.9 });
    expect(run.picture(0).results).toEqual([
      { epoch: 0, steps: 0, testAccuracy: 0.1 },
      { epoch: 1, steps: 10, loss: 0.5, testAccuracy: 0.9 },
    ]);
  });

  it('remembers the first step whose loss was no number', () => {
    const run = new RunStore().add({ name: 'run', ...simulation });
    for (const [index, loss] of [1, Number.NaN, 2, Number.NaN].entries()) run.addLoss(index + 1, loss);
    expect(run.picture(0).divergedAt).toBe(2);
  });
});

/** Timers that run when the test says so. */
function manualTimers() {
  const waiting = new Map<number, { readonly callback: () => void; readonly ms: number }>();
  let next = 0;
  return {
    waiting,
    set: (callback: () => void, ms: number) => {
      waiting.set(next, { callback, ms });
      return next++;
    },
    clear: (timer: unknown) => void waiting.delete(timer as number),
    runAll: () => {
      for (const [timer, { callback }] of [...waiting]) {
        waiting.delete(timer);
        callback();
      }
    },
  };
}

describe('what the page is sent', () => {
  function publishing() {
    const store = new RunStore(() => 0);
    const timers = manualTimers();
    const messages: ToMonitorPage[] = [];
    const publisher = new Publisher(store, (message) => messages.push(structuredClone(message)), timers);
    const take = (): readonly ToMonitorPage[] => messages.splice(0);
    return { store, timers, publisher, take };
  }

  it('comes at most ten times a second, however often a run changes', () => {
    const { store, timers, take } = publishing();
    const run = store.add({ name: 'run', ...simulation });
    for (let step = 1; step <= 1000; step++) {
      run.addLoss(step, 1);
      store.changed(run);
    }
    expect(take()).toEqual([]);
    expect([...timers.waiting.values()].map(({ ms }) => ms)).toEqual([roundMs]);
    expect(roundMs).toBeGreaterThanOrEqual(100);
    timers.runAll();
    expect(take().map(({ type }) => type)).toEqual(['runs', 'run']);
    expect(timers.waiting.size).toBe(0);
  });

  it('does not repeat losses, and tells all of them to a page that comes back', () => {
    const { store, timers, publisher, take } = publishing();
    const run = store.add({ name: 'run', ...simulation });
    const tails = (): readonly (LossTail | undefined)[] =>
      take().flatMap((message) => (message.type === 'run' ? [message.loss] : []));
    for (const step of [1, 2, 3]) {
      run.addLoss(step, step);
      store.changed(run);
      timers.runAll();
    }
    expect(tails().map((tail) => tail?.steps)).toEqual([[1], [2], [3]]);
    publisher.sendAll();
    expect(tails()).toEqual([{ stride: 1, from: 0, steps: [1, 2, 3], losses: [1, 2, 3] }]);
  });

  it('makes the page know what the store knows, over any number of rounds', () => {
    const { store, timers, take } = publishing();
    const run = store.add({ name: 'run', ...simulation });
    let model = emptyModel(firstChoices);
    for (let step = 1; step <= 9000; step++) {
      run.addLoss(step, Math.sin(step));
      store.changed(run);
      if (step % 700 === 0) timers.runAll();
    }
    timers.runAll();
    for (const message of take()) model = received(model, message);
    const { steps, losses } = run.losses.tail(undefined) ?? {};
    expect(model.curves.get(run.id)).toEqual({ steps, losses });
    expect(model.runs).toEqual([store.picture(run)]);
    store.end(run, 'finished');
    store.remove(run);
    timers.runAll();
    for (const message of take()) model = received(model, message);
    expect([model.runs, model.curves.size]).toEqual([[], 0]);
  });
});

describe('smoothing', () => {
  it('is the mean so far at first, follows a change, and leaves gaps where there is no number', () => {
    const steps = Array.from({ length: 400 }, (_, index) => index + 1);
    const losses = steps.map((step) => (step === 50 ? null : step <= 200 ? 2 : 1));
    const smooth = smoothed({ steps, losses }, 20);
    expect(smooth[0]).toBe(2);
    expect(smooth[48]).toBeCloseTo(2, 9);
    expect(smooth[49]).toBeNull();
    expect(smooth[219]).toBeCloseTo(1 + Math.exp(-1), 1);
    expect(smooth.at(-1)).toBeCloseTo(1, 3);
    expect(smoothed({ steps, losses }, 0)).toBe(losses);
  });
});

describe('the export', () => {
  it('has a row for each point and each epoch, quoted as RFC 4180 wants it', () => {
    const store = new RunStore();
    const run = store.add({ name: 'one, "two"', plan: 'a.trainplan', ...simulation });
    run.describe({ seed: 7, planHash: '00ff00ff' });
    run.addLoss(1, 0.5);
    run.addLoss(2, Number.NaN);
    run.addResult({ epoch: 1, steps: 2, loss: 0.5, trainAccuracy: 0.25, testAccuracy: 0.75 });
    expect(runsCsv(store, [run]).split('\r\n')).toEqual([
      'run,source,plan,plan_hash,seed,row,epoch,step,loss,train_accuracy,test_accuracy',
      '"one, ""two""",simulation,a.trainplan,00ff00ff,7,step,,1,0.5,,',
      '"one, ""two""",simulation,a.trainplan,00ff00ff,7,step,,2,NaN,,',
      '"one, ""two""",simulation,a.trainplan,00ff00ff,7,epoch,1,2,0.5,0.25,0.75',
      '',
    ]);
  });
});

describe('the runs of a window that was closed', () => {
  function closed(): RunStore {
    const store = new RunStore(() => 1000);
    const done = store.add({ name: 'done', planUri: 'file:///a.trainplan', ...simulation });
    done.describe({ seed: 2, epochs: 1 });
    for (const [index, loss] of [2, Number.NaN, 1].entries()) done.addLoss(index + 1, loss);
    done.addResult({ epoch: 1, steps: 3, loss: Number.NaN, testAccuracy: 0.5 });
    const picture = { width: 1, height: 1, channels: 1, pixels: new Uint8Array(1) };
    const wrong = [{ index: 0, name: 'x', label: 0, prediction: 1, picture }];
    done.test = {
      epoch: 1,
      basis: 'test',
      classes: ['a', 'b'],
      confusion: [
        [0, 1],
        [0, 0],
      ],
      wrongCount: 1,
      wrong,
    };
    done.learned = new Uint8Array(10);
    store.end(done, 'finished');
    store.add({ name: 'under way', ...simulation }).addLoss(1, 1);
    return store;
  }

  it('are there again with curves, results and matrix', () => {
    const store = new RunStore();
    store.restore(archivedRuns(archiveText(closed())));
    const [done] = store.all;
    if (done === undefined) throw new Error('no run');
    expect(store.picture(done)).toMatchObject({
      ...{ id: 1, name: 'done', state: 'finished', seed: 2, canRunAgain: true, canContinue: false, learnedBytes: 0 },
      results: [{ epoch: 1, steps: 3, testAccuracy: 0.5 }],
    });
    expect(done.losses.tail(undefined)).toEqual({ stride: 1, from: 0, steps: [1, 2, 3], losses: [2, null, 1] });
    expect(done.test).toMatchObject({
      confusion: [
        [0, 1],
        [0, 0],
      ],
      wrong: [{ index: 0, name: 'x' }],
    });
    expect(done.isActive).toBe(false);
  });

  it('say that they were interrupted, and can be removed', () => {
    const store = new RunStore();
    store.restore(archivedRuns(archiveText(closed())));
    const run = store.all[1];
    if (run === undefined) throw new Error('no run');
    expect(store.picture(run)).toMatchObject({
      state: 'cancelled',
      canCancel: false,
      problems: [{ code: 'window-closed' }],
    });
    store.remove(run);
    expect(store.all).toHaveLength(1);
  });

  it('do not take the numbers of runs that are there already', () => {
    const store = new RunStore();
    const mine = store.add({ name: 'mine', ...simulation });
    store.restore(archivedRuns(archiveText(closed())));
    expect(new Set(store.all.map(({ id }) => id)).size).toBe(3);
    expect(store.all.at(-1)).toBe(mine);
    expect(new Set([...store.all.map(({ id }) => id), store.add({ name: 'next', ...simulation }).id]).size).toBe(4);
  });

  it.each(['', '{', 'null', '{"version":0,"runs":[]}', '{"version":1}'])(
    'are none where the file is damaged: %s',
    (text) => {
      expect(archivedRuns(text)).toEqual([]);
    },
  );
});
