import { describe, expect, it } from 'vitest';
import { Feed } from '../../../extension/monitor/feed.ts';
import { readReport } from '../../../extension/monitor/lines.ts';
import { RunStore } from '../../../extension/monitor/runStore.ts';

describe('a line of firmware', () => {
  it.each([
    [
      'firmtune: step=12 loss=0.5313 label=2 prediction=3',
      { event: 'step', step: 12, loss: 0.5313, seen: { label: 2, prediction: 3 } },
    ],
    ['firmtune: step=13 loss=nan', { event: 'step', step: 13, loss: Number.NaN }],
    ['firmtune: step=13 loss=-inf', { event: 'step', step: 13, loss: Number.NaN }],
    ['I (1234) app: firmtune: step=1 loss=2', { event: 'step', step: 1, loss: 2 }],
    ['[00:01] firmtune: infer label=0 prediction=1', { event: 'infer', seen: { label: 0, prediction: 1 } }],
    ['firmtune: eval step=100 correct=81 of=100 loss=0.4', { event: 'eval', step: 100, accuracy: 0.81, loss: 0.4 }],
    ['firmtune: eval step=100 loss=0.4', { event: 'eval', step: 100, loss: 0.4 }],
    [
      'firmtune: start classes=2 plan=00c0ffee names=cat,dog',
      { event: 'start', classes: ['cat', 'dog'], plan: '00c0ffee' },
    ],
    ['firmtune: start classes=2', { event: 'start', classes: ['0', '1'] }],
    ['firmtune: start classes=4000000000', { event: 'start', classes: [] }],
    ['firmtune: error reason=fault', { event: 'error', reason: 'fault' }],
    ['firmtune: step=5 loss=0.1 tomorrow=42\r', { event: 'step', step: 5, loss: 0.1 }],
  ])('is read: %s', (line, report) => {
    expect(readReport(line)).toEqual(report);
  });

  it.each([
    '',
    'hello',
    'step=1 loss=2',
    'nofirmtune: step=1 loss=2',
    'firmtune: step=1',
    'firmtune: step= loss=0.5',
    'firmtune: step=one loss=0.5',
    'firmtune: saved bytes=100 result=0',
    'firmtune: infer label=1',
    'firmtune: step=1 loss=0.5 and then it went on',
  ])('is left out: %s', (line) => {
    expect(readReport(line)).toBeUndefined();
  });
});

describe('a run that is fed with lines', () => {
  const start = () => {
    let now = 0;
    const store = new RunStore(() => now);
    const cancelled: string[] = [];
    const feed = new Feed(store, () => cancelled.push('opened'));
    const run = feed.startRun({ title: 'board', source: 'board', cancel: () => cancelled.push('stopped') });
    const kept = store.find(run.id);
    if (kept === undefined) throw new Error('no run');
    return { store, feed, run, kept, cancelled, picture: () => store.picture(kept), wait: (ms: number) => (now += ms) };
  };

  it('reads reports whose text is cut anywhere', () => {
    const { run, picture } = start();
    const text = 'boot\r\nfirmtune: step=1 loss=1.5\r\nnoise\nfirmtune: step=2 loss=1.25\n';
    for (const character of text) run.lines(character);
    run.lines('firmtune: step=3 loss=1');
    expect(picture()).toMatchObject({ state: 'running', steps: 2 });
    run.finish();
    expect(picture()).toMatchObject({ state: 'finished', steps: 3 });
  });

  it('takes each test as an epoch: mean loss and share recognised since the last', () => {
    const { run, kept, picture } = start();
    run.lines(`firmtune: start classes=2 plan=00c0ffee names=cat,dog
firmtune: eval step=0 correct=5 of=10 loss=0.7
firmtune: step=1 loss=1 label=0 prediction=0
firmtune: step=2 loss=3 label=1 prediction=0
firmtune: infer label=1 prediction=1
firmtune: infer label=1 prediction=7
firmtune: eval step=2 correct=9 of=10 loss=0.3
`);
    expect(picture().planHash).toBe('00c0ffee');
    expect(picture().results).toEqual([
      { epoch: 0, steps: 0, testAccuracy: 0.5, testLoss: 0.7 },
      { epoch: 1, steps: 2, loss: 2, trainAccuracy: 2 / 3, testAccuracy: 0.9, testLoss: 0.3 },
    ]);
    expect(kept.test).toEqual({
      epoch: 1,
      basis: 'seen',
      classes: ['cat', 'dog'],
      confusion: [
        [1, 0],
        [1, 1],
      ],
      wrongCount: 1,
      wrong: [],
    });
  });

  it('goes on with the curve after a reset', () => {
    const { run, kept, picture } = start();
    const begin = 'firmtune: start classes=2\nfirmtune: eval step=0 correct=5 of=10\n';
    run.lines(`${begin}firmtune: step=1 loss=1\nfirmtune: step=2 loss=1\n${begin}firmtune: step=1 loss=0.5\n`);
    expect(kept.losses.tail(undefined)?.steps).toEqual([1, 2, 3]);
    expect(picture().results.map(({ epoch, steps }) => [epoch, steps])).toEqual([
      [0, 0],
      [1, 2],
    ]);
    expect(picture().problems.map(({ code }) => code)).toEqual(['board-restarted']);
  });

  it('shows an error of the firmware, its rate, and not what comes after the end', () => {
    const { run, picture, wait } = start();
    run.lines('firmtune: step=1 loss=1\n');
    wait(500);
    run.lines('firmtune: step=11 loss=1\nfirmtune: error reason=fault\n');
    expect(picture().stepsPerSecond).toBe(20);
    run.fail({ message: 'QEMU ended with 1', remedy: 'look at its output' });
    run.lines('firmtune: step=99 loss=1\n');
    run.finish();
    expect(picture()).toMatchObject({ state: 'failed', steps: 11 });
    expect(picture().problems.map(({ code }) => code)).toEqual(['firmware-error', 'run-failed']);
  });

  it('opens the monitor, and can be stopped in it', () => {
    const { feed, run, kept, cancelled, picture } = start();
    expect(picture().canCancel).toBe(true);
    feed.cancel(kept);
    run.cancelled();
    feed.cancel(kept);
    expect(cancelled).toEqual(['opened', 'stopped']);
    expect(picture()).toMatchObject({ state: 'cancelled', canCancel: false, canRunAgain: false });
  });

  it('bears a flood without line ends', () => {
    const { run, picture } = start();
    for (let count = 0; count < 100; count++) run.lines('x'.repeat(10_000));
    run.lines('\nfirmtune: step=1 loss=1\n');
    expect(picture().steps).toBe(1);
  });
});
