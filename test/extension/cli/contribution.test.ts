import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../extension/cli/run.ts';
import { cli, samplePlan, temporaryFolder } from '../../support/cli.ts';

const recipe = ['--per-class', '8', '--epochs', '1', '--threads', '1'] as const;

/** What does not depend on the time that it took. */
function timeless({
  seconds: _,
  jobs,
  ...document
}: {
  seconds: number;
  jobs: { total: number; done: number };
}): object {
  return { ...document, total: jobs.total, done: jobs.done };
}

describe('contribution', () => {
  it('gives gains of biases and weights, what they are based on, and how well the proxies guess them', async () => {
    const { code, json } = await cli('contribution', samplePlan, ...recipe, '--cache', temporaryFolder(), '--json');
    expect(code).toBe(0);
    expect(json.samples).toEqual({ train: 40, heldOut: 40 });
    expect(json.jobs).toEqual({
      total: json.biases.length + json.weights.length + 1,
      done: json.jobs.total,
      reused: 0,
    });
    expect(json.biases[0]).toMatchObject({ from: expect.any(String), gain: expect.any(Number) });
    expect(json.weights[0]).toMatchObject({ layer: expect.any(String), weights: expect.stringMatching(/all|1\//) });
    for (const proxy of ['fisher', 'gradientNorm']) {
      expect(Math.abs(json.rankCorrelation[proxy])).toBeLessThanOrEqual(1);
    }
  });

  it('writes a file that search reads', async () => {
    const folder = temporaryFolder();
    const out = join(folder, 'contributions.json');
    await cli('contribution', samplePlan, ...recipe, '--cache', join(folder, 'cache'), '--out', out);
    const args = ['--budget', '20000', '--contributions', out, '--evaluations', '60', '--json'];
    expect((await cli('search', samplePlan, ...args)).json).toMatchObject({ source: 'measured' });
  });

  it('goes on where it was interrupted, without repeating a run, and has saved what there was', async () => {
    const folder = temporaryFolder();
    const [cache, out] = [join(folder, 'cache'), join(folder, 'contributions.json')];
    const args = ['contribution', samplePlan, ...recipe, '--out', out, '--json'];
    const controller = new AbortController();
    let partial = '';
    const err = (text: string): void => {
      if (text.startsWith('5/')) controller.abort();
    };
    const print = (text: string): void => {
      partial += text;
    };
    const io = { out: print, err, signal: controller.signal };
    await run([...args, '--cache', cache], io);
    expect(JSON.parse(partial)).toMatchObject({ cancelled: true, jobs: { done: 5 } });
    expect(JSON.parse(readFileSync(out, 'utf8')).weights.length).toBeGreaterThan(0);
    expect(readdirSync(cache)).toHaveLength(5);
    const resumed = (await cli(...args, '--cache', cache)).json;
    expect(resumed.jobs.reused).toBe(5);
    const whole = (await cli(...args, '--cache', join(folder, 'other'))).json;
    expect(timeless(resumed)).toEqual(timeless(whole));
  });

  it('measures again where a result is damaged, or another recipe is asked for', async () => {
    const cache = temporaryFolder();
    const args = ['contribution', samplePlan, '--cache', cache, '--json'];
    await cli(...args, ...recipe);
    const [first = ''] = readdirSync(cache);
    writeFileSync(join(cache, first), '{"accuracy": 0.');
    const again = (await cli(...args, ...recipe)).json.jobs;
    expect(again).toMatchObject({ reused: again.total - 1 });
    expect((await cli(...args, ...recipe, '--per-class', '7')).json.jobs.reused).toBe(0);
  });

  it('names the address that no Redis answers at', async () => {
    const nowhere = join(temporaryFolder(), 'redis.sock');
    const { code, json } = await cli('contribution', samplePlan, ...recipe, '--redis', nowhere, '--json');
    expect(code).toBe(1);
    expect(json.diagnostics[0]).toMatchObject({ code: 'redis-unreachable' });
    expect(await cli('worker')).toMatchObject({ code: 2 });
  });
});

/** A folder with the program as build.mjs makes it, inside the repository, where BullMQ is found. */
async function builtProgram(): Promise<string> {
  mkdirSync('build', { recursive: true });
  const folder = mkdtempSync('build/program-');
  await build({
    entryPoints: ['extension/cli/main.ts'],
    outfile: join(folder, 'firmtune.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    external: ['bullmq', 'ioredis'],
    loader: { '.c': 'text', '.h': 'text', '.ld': 'text' },
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
    logLevel: 'silent',
  });
  return folder;
}

describe('threads', () => {
  it('run the program itself, and measure what one thread measures', async () => {
    const folder = await builtProgram();
    try {
      const args = [
        'contribution',
        samplePlan,
        ...recipe.slice(0, -1),
        '2',
        '--cache',
        join(folder, 'cache'),
        '--json',
      ];
      const tell = 'import { isMainThread } from "node:worker_threads"; if (!isMainThread) console.error("a thread");';
      const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'firmtune.js'), ...args], {
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tell)}` },
      });
      expect(stderr.match(/a thread/g)).toHaveLength(2);
      const alone = await cli('contribution', samplePlan, ...recipe, '--cache', temporaryFolder(), '--json');
      expect(timeless(JSON.parse(stdout))).toEqual(timeless(alone.json));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const hasRedis = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

describe.skipIf(!hasRedis)('workers on a Redis queue (skipped: needs redis-server)', () => {
  let folder = '';
  let socket = '';
  const processes: ChildProcess[] = [];

  const startWorker = (): { readonly child: ChildProcess; readonly done: () => number } => {
    let text = '';
    const child = spawn(process.execPath, [join(folder, 'firmtune.js'), 'worker', '--redis', socket]);
    child.stderr?.on('data', (chunk) => {
      text += String(chunk);
    });
    processes.push(child);
    return { child, done: () => text.split('\n').filter((line) => line.endsWith(' %')).length };
  };

  beforeAll(async () => {
    folder = await builtProgram();
    socket = join(temporaryRedisFolder(), 'redis.sock');
    const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder]);
    processes.push(server);
    await new Promise<void>((ready) => {
      server.stdout?.on('data', (chunk) => /ready to accept connections/i.test(String(chunk)) && ready());
    });
  });

  afterAll(() => {
    for (const child of processes) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Paths of sockets must be short. */
  const temporaryRedisFolder = (): string => mkdtempSync('/tmp/firmtune-');

  it('lose no run when one of them is killed, and give what one process gives', async () => {
    const long = ['--per-class', '10', '--epochs', '4', '--json'];
    const [one, two] = [startWorker(), startWorker()];
    const killed = new Promise<void>((done) => {
      const timer = setInterval(() => {
        if (one.done() === 0) return;
        clearInterval(timer);
        one.child.kill('SIGKILL');
        done();
      }, 20);
    });
    const queued = cli('contribution', samplePlan, ...long, '--cache', temporaryFolder(), '--redis', socket);
    await killed;
    const { code, json } = await queued;
    expect(code).toBe(0);
    expect(one.done()).toBeLessThan(json.jobs.total);
    expect(two.done()).toBeGreaterThan(0);
    const pool = await cli('contribution', samplePlan, ...long, '--cache', temporaryFolder(), '--threads', '1');
    expect(timeless(json)).toEqual(timeless(pool.json));
  });
});
