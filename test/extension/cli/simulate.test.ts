import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { simulationCaches } from '../../../compiler/simulate/train.ts';
import { compilePlanFile } from '../../../extension/cli/compilation.ts';
import { loadData } from '../../../extension/cli/files/data.ts';
import { run } from '../../../extension/cli/run.ts';
import { type JobData, type JobResult, runJob, type SimulationJob } from '../../../extension/cli/simulation/job.ts';
import { runJobs } from '../../../extension/cli/simulation/pool.ts';
import { cli, samplePlan, temporaryFolder } from '../../support/cli.ts';

const short = ['simulate', samplePlan, '--epochs', '2', '--per-class', '20'] as const;

/** Everything but the time that it took. */
function timeless({ samplesPerSecond: _, epochs, ...report }: JobResult['report']): object {
  return { ...report, epochs: epochs.map((epoch) => ({ ...epoch, seconds: 0 })) };
}

describe('the report of simulate', () => {
  it('has the confusion of classes, and names what was not recognised', async () => {
    const { json } = await cli(...short, '--json');
    expect(json.confusion).toHaveLength(5);
    expect(json.perClass.map(({ name, samples }: { name: string; samples: number }) => [name, samples])).toEqual(
      json.classes.map((name: string) => [name, 100]),
    );
    const right = json.confusion.reduce((sum: number, row: number[], label: number) => sum + (row[label] ?? 0), 0);
    expect(json.wrong).toHaveLength(500 - right);
    expect(json.wrong[0].name).toContain('test-images.u8 (picture');
    const { out } = await cli(...short);
    expect(out).toMatch(/class +samples +right/);
  });
});

describe('several seeds', () => {
  it('give the runs that each seed gives alone, and their mean and spread', async () => {
    const { json } = await cli(...short, '--seeds', '3,4', '--json');
    expect(json.seeds).toEqual([3, 4]);
    const alone = await cli(...short, '--seed', '4', '--json');
    expect(timeless(json.runs[1])).toEqual({ ...timeless(alone.json), cacheBytes: json.runs[1].cacheBytes });
    const last = json.runs.map(({ epochs }: { epochs: { testAccuracy: number }[] }) => epochs.at(-1)?.testAccuracy);
    expect(json.testAccuracy.mean).toBeCloseTo((last[0] + last[1]) / 2);
    expect(json.epochs).toHaveLength(2);
    expect((await cli(...short, '--seeds', '3,4')).out).toContain('on average');
  });

  it('write a file each of what was learned', async () => {
    const folder = temporaryFolder();
    await cli(...short, '--seeds', '3,4', '--learned', join(folder, 'learned.bin'));
    await cli(...short, '--seed', '4', '--learned', join(folder, 'alone.bin'));
    const [third, fourth, alone] = ['learned-3.bin', 'learned-4.bin', 'alone.bin'].map((name) =>
      readFileSync(join(folder, name)),
    );
    expect(fourth).toEqual(alone);
    expect(third).not.toEqual(fourth);
  });
});

describe('worker threads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-worker-'));
  let script: URL;
  let data: JobData;
  let jobs: readonly SimulationJob[];

  beforeAll(async () => {
    const outfile = join(folder, 'worker.mjs');
    const entryPoints = ['extension/cli/simulation/worker.ts'];
    await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
    script = pathToFileURL(outfile);
    const compiled = await compilePlanFile(samplePlan);
    if (!compiled.ok) throw new Error('the sample does not compile');
    const { plan, compilation } = compiled.value;
    const loaded = await loadData(compiled.value, compilation.network, { perClass: 10, seed: 1 });
    if (!loaded.ok) throw new Error('the sample has no data');
    data = loaded.value;
    const machine = await Machine.create(compilation.program);
    const caches = simulationCaches(machine, plan, data.data, { shared: true });
    jobs = [1, 2, 3].map((seed) => ({ program: compilation.program, plan, epochs: 2, seed, caches }));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('give what one thread gives, in the order of the jobs', async () => {
    const seen = new Set<number>();
    const results = await runJobs(jobs, data, { workers: 2, script }, (job) => ({ onProgress: () => seen.add(job) }));
    expect(results.map(({ report }) => report.seed)).toEqual([1, 2, 3]);
    expect([...seen].sort()).toEqual([0, 1, 2]);
    for (const [index, { caches: _, ...job }] of jobs.entries()) {
      const alone = await runJob(job, data, {}, undefined);
      expect(timeless(results[index]?.report ?? alone.report)).toEqual({
        ...timeless(alone.report),
        cacheBytes: results[index]?.report.cacheBytes,
      });
      expect(results[index]?.learned).toEqual(alone.learned);
    }
  });

  it('stop where they are cancelled, and keep what there is', async () => {
    const cancel = new AbortController();
    const endless = jobs.map((job) => ({ ...job, epochs: 1_000_000 }));
    const results = await runJobs(endless, data, { workers: 2, script, signal: cancel.signal }, () => ({
      onProgress: ({ epoch }) => epoch >= 1 && cancel.abort(),
    }));
    expect(results).toHaveLength(2);
    for (const { report, learned } of results) {
      expect(report.cancelled).toBe(true);
      expect(learned.length).toBeGreaterThan(0);
    }
  });

  it('end with the error of a job that fails', async () => {
    const broken = jobs.map((job) => ({ ...job, caches: undefined, epochs: 1 }));
    const empty: JobData = { ...data, data: { ...data.data, train: [] } };
    await expect(runJobs(broken, empty, { workers: 2, script }, () => ({}))).rejects.toThrow('no samples');
  });
});

describe('resuming', () => {
  const state = (folder: string) => ['--resume', join(folder, 'state.json'), '--learned', join(folder, 'learned.bin')];

  it('goes on after a cancelled run as if it had never stopped', async () => {
    const folder = temporaryFolder();
    const cancel = new AbortController();
    let out = '';
    const io = {
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        if (text.includes('epoch 1/')) cancel.abort();
      },
      signal: cancel.signal,
    };
    await run(['simulate', samplePlan, '--epochs', '3', '--per-class', '20', '--json', ...state(folder)], io);
    expect(JSON.parse(out)).toMatchObject({ cancelled: true });
    const partly = readFileSync(join(folder, 'learned.bin'));
    const longer = ['simulate', samplePlan, '--epochs', '3', '--per-class', '20', '--json'];
    const resumed = await cli(...longer, ...state(folder));
    const whole = await cli(...longer, '--learned', join(folder, 'whole.bin'));
    expect(timeless(resumed.json)).toEqual(timeless(whole.json));
    expect(readFileSync(join(folder, 'learned.bin'))).toEqual(readFileSync(join(folder, 'whole.bin')));
    expect(readFileSync(join(folder, 'learned.bin'))).not.toEqual(partly);
  });

  it.each([
    ['another data set', ['--per-class', '19'], 'state-mismatch'],
    ['another seed', ['--seed', '9'], 'state-mismatch'],
  ])('refuses a state of %s', async (_, flags, code) => {
    const folder = temporaryFolder();
    const file = join(folder, 'state.json');
    await cli(...short, '--resume', file);
    const result = await cli(...short, ...flags, '--resume', file, '--json');
    expect(result).toMatchObject({ code: 1, json: { diagnostics: [{ code, file }] } });
  });

  it.each(['{', '{"version": 1}', 'x'])('refuses a file that is no state: %s', async (text) => {
    const file = join(temporaryFolder(), 'state.json');
    writeFileSync(file, text);
    const result = await cli(...short, '--resume', file, '--json');
    expect(result).toMatchObject({ code: 1, json: { diagnostics: [{ code: 'state-damaged', file }] } });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('says where a file cannot be written, and reports all the same', async () => {
    const file = join(temporaryFolder(), 'missing', 'learned.bin');
    const { code, json } = await cli(...short, '--learned', file, '--json');
    expect(code).toBe(1);
    expect(json).toMatchObject({ trainSamples: 100, diagnostics: [{ code: 'cannot-write', file }] });
  });
});

describe('the flags of simulate', () => {
  it.each([
    ['--seeds', 'a,b'],
    ['--seeds', '1,1'],
    ['--seeds', ''],
    ['--cache', '-1'],
    ['--workers', '0'],
  ])('are checked: %s %s', async (flag, value) => {
    expect(await cli(...short, `${flag}=${value}`)).toMatchObject({ code: 2 });
  });

  it('exclude a seed beside several', async () => {
    expect(await cli(...short, '--seed', '1', '--seeds', '1,2')).toMatchObject({ code: 2 });
  });
});
