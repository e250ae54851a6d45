import { describe, expect, it } from 'vitest';
import { RunStore } from '../../../extension/monitor/runStore.ts';
import { cli, samplePlan } from '../../support/cli.ts';
import { sampleSimulation, sampleText } from '../../support/simulation.ts';

describe('a simulation in the monitor', () => {
  it('has the losses and accuracies of `firmtune simulate`', async () => {
    const store = new RunStore();
    const { run, ...simulation } = start(store, { epochs: 2, seed: 3 });
    const [{ json }] = await Promise.all([
      cli('simulate', samplePlan, '--epochs', '2', '--seed', '3', '--json'),
      simulation.done,
    ]);
    const picture = store.picture(run);
    expect(picture).toMatchObject({ state: 'finished', seed: 3, epochs: 2, steps: 1200, problems: [] });
    const figures = json.epochs.map(({ seconds, ...figures }: { seconds: number }) => figures);
    expect(picture.results.slice(1).map(({ epoch, steps, ...figures }) => figures)).toEqual(figures);
    expect(picture.results[0]).toMatchObject({ epoch: 0, steps: 0, ...json.before });
    expect(run.test?.confusion).toEqual(json.confusion);
    expect(run.test?.wrongCount).toBe(json.wrong.length);
  });

  it('tells every step, and mistakes with their pictures', async () => {
    const store = new RunStore();
    const { run, done } = start(store, { epochs: 1 });
    await done;
    const { steps = [], losses = [] } = run.losses.tail(undefined) ?? {};
    expect(steps).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
    const mean = losses.reduce((sum: number, loss) => sum + (loss ?? Number.NaN), 0) / 600;
    expect(mean).toBeCloseTo(store.picture(run).results[1]?.loss ?? Number.NaN, 6);
    const [first] = run.test?.wrong ?? [];
    expect(first?.picture).toMatchObject({ width: 28, height: 28, channels: 1 });
    expect(first?.name).toMatch(/\w/);
    expect(new Set(first?.picture?.pixels).size).toBeGreaterThan(10);
  });

  it('keeps what it learned when it is stopped, and goes on as if it had not been', async () => {
    const store = new RunStore();
    const whole = start(store, { epochs: 2 });
    await whole.done;
    const { run, simulation, done } = start(store, { epochs: 2 });
    const stopAt = store.onChange(({ kind }) => {
      if (kind === 'run' && store.picture(run).steps > 700) simulation.stop();
    });
    await done;
    stopAt();
    const stopped = store.picture(run);
    expect(stopped).toMatchObject({ state: 'cancelled', canContinue: true, canRunAgain: true, canCancel: false });
    expect(stopped.results.map(({ epoch }) => epoch)).toEqual([0, 1]);
    expect(stopped.steps).toBeGreaterThan(700);
    expect(stopped.steps).toBeLessThan(1200);
    expect(stopped.learnedBytes).toBeGreaterThan(0);
    run.resume(store.now());
    await simulation.train();
    const continued = store.picture(run);
    expect(continued.state).toBe('finished');
    expect(continued.results).toEqual(store.picture(whole.run).results);
    expect(run.learned).toEqual(whole.run.learned);
    expect(run.losses.tail(undefined)).toEqual(whole.run.losses.tail(undefined));
  });

  it.each([
    ['no data line', (text: string) => text.replace('data "data"', ''), 'missing-data', 'data "folder"'],
    ['data that is not there', (text: string) => text.replace('"data"', '"dota"'), 'data-not-found', 'path'],
    ['an unknown layer', (text: string) => text.replace('last_conv:', 'last_conf:'), 'unknown-layer', 'last_conv'],
    ['no such model', (text: string) => text.replace('garments.tflite', 'g.tflite'), 'model-not-found', 'path'],
  ])('fails with the reason and a remedy: %s', async (_, change, code, remedy) => {
    const store = new RunStore();
    const { run, done } = start(store, { text: change(sampleText()) });
    await done;
    const { state, problems } = store.picture(run);
    expect(state).toBe('failed');
    const problem = problems.find((each) => each.code === code);
    expect(problem, JSON.stringify(problems)).toMatchObject({ severity: 'error', line: expect.any(Number) });
    expect(problem?.remedy).toContain(remedy);
  });

  it('fails with the words of a file system that fails', async () => {
    const store = new RunStore();
    const broken = () => Promise.reject(new Error('the host is not connected'));
    const { run, done } = start(store, { files: { list: broken, read: broken } });
    await done;
    expect(store.picture(run)).toMatchObject({
      state: 'failed',
      problems: [{ message: expect.stringContaining('the host is not connected') }],
    });
  });

  it('tells plans of different meaning apart, not those of different text', async () => {
    const store = new RunStore();
    const texts = [sampleText(), `// a note\n${sampleText()}`, sampleText().replace('0.015', '0.02')];
    for (const text of texts) await start(store, { text, epochs: 0 }).done;
    const [first, same, other] = store.all.map((run) => store.picture(run));
    expect(same?.planHash).toBe(first?.planHash);
    expect(other?.planHash).not.toBe(first?.planHash);
    expect(first?.settings).toContainEqual(['learning-rate', '0.015']);
    expect(other?.settings).toContainEqual(['learning-rate', '0.02']);
    expect(first?.settings).toContainEqual(['last_conv', expect.stringContaining('weights all')]);
    expect(first?.settings).toContainEqual(['peak SRAM', expect.stringMatching(/^[\d,]+ B$/)]);
  });
});

function start(store: RunStore, options: Parameters<typeof sampleSimulation>[1]) {
  const simulation = sampleSimulation(store, options);
  return { simulation, run: simulation.run, done: simulation.train() };
}
