import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { suite, suiteSetup, suiteTeardown, teardown, test } from 'mocha';
import {
  commands,
  DiagnosticSeverity,
  languages,
  type Task,
  type TaskExecution,
  TaskGroup,
  tasks,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { PlanViewProbe } from '../../../extension/views/planView.ts';
import type { CodeState } from '../../../webview/messages.ts';
import { closeEditors, eventually, sample } from './support.ts';

const builds = ['cmake', 'make', 'arm-none-eabi-gcc'];
const runs = [...builds, 'qemu-system-arm'];
const needs = (names: readonly string[]) => names.filter((name) => spawnSync('which', [name]).status !== 0);
const minuteMs = 60_000;
const buildTimeout = 10 * minuteMs;

/** @returns the exit code of the command's task */
async function run(name: 'generate' | 'build' | 'emulate', plan: Uri): Promise<number | undefined> {
  const ended = new Promise<number | undefined>((resolve) => {
    const listener = tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      if (execution.task.definition.command !== name) return;
      listener.dispose();
      resolve(exitCode);
    });
  });
  await commands.executeCommand(`firmtune.${name}`, plan);
  return ended;
}

function whenCode(plan: Uri, expected: CodeState) {
  return eventually(`the state ${expected.state}`, async () => {
    const probe = await commands.executeCommand<PlanViewProbe | undefined>('_firmtune.planViewState', plan);
    return isDeepStrictEqual(probe?.code, expected);
  });
}

async function offered(): Promise<readonly Task[]> {
  return (await tasks.fetchTasks({ type: 'firmtune' })).filter(({ source }) => source === 'firmtune');
}

suite('the tasks', () => {
  teardown(closeEditors);

  test('generate, build, run, simulate and contribution are offered for each plan', async () => {
    const found = await offered();
    const names = found.map(({ name }) => name).filter((name) => name.includes(' garments.trainplan'));
    const expected = [
      'build garments.trainplan',
      'contribution garments.trainplan',
      'generate garments.trainplan',
      'run garments.trainplan on emulator',
      'simulate garments.trainplan',
    ];
    assert.deepEqual(names.sort(), expected);
    const build = found.find(({ name }) => name === 'build garments.trainplan');
    assert.equal(build?.group, TaskGroup.Build);
    assert.ok(build?.problemMatchers.includes('$firmtune-gcc'));
  });

  test('Generate C Code writes the C files beside the plan', async () => {
    assert.equal(await run('generate', sample('garments.trainplan')), 0);
    const folder = sample('garments-firmware');
    const files = (await workspace.fs.readDirectory(folder)).map(([name]) => name);
    assert.ok(files.includes('garments.c') && files.includes('garments.h'), files.join('; '));
    await workspace.fs.delete(folder, { recursive: true });
  });

  test('the plan view says whether the C files are those of the text in the editor', async () => {
    const plan = sample('garments.trainplan');
    const folder = sample('garments-firmware');
    await commands.executeCommand('firmtune.openPlanView', plan);
    await whenCode(plan, { state: 'missing', folders: [] });
    assert.equal(await run('generate', plan), 0);
    await whenCode(plan, { state: 'current', folders: ['garments-firmware'] });
    assert.ok(await commands.executeCommand('firmtune.toggleLayer', plan, 'last_conv', { weights: '1/2' }));
    // Saved or not.
    await whenCode(plan, { state: 'outdated', folders: ['garments-firmware'] });
    await commands.executeCommand('undo');
    await whenCode(plan, { state: 'current', folders: ['garments-firmware'] });
    await workspace.fs.delete(folder, { recursive: true });
    await whenCode(plan, { state: 'missing', folders: [] });
  });

  test('Measure Contributions writes what it has measured, and can be ended', async () => {
    const file = sample('garments.contributions.json');
    await commands.executeCommand('firmtune.measureContributions', sample('garments.trainplan'));
    await eventually('a first gain in the file', async () => {
      if (!existsSync(file.fsPath)) return false;
      const { biases, weights } = JSON.parse(readFileSync(file.fsPath, 'utf8'));
      return biases.length + weights.length > 0;
    });
    const execution = tasks.taskExecutions.find(({ task }) => task.definition.command === 'contribution');
    if (execution !== undefined) {
      const ended = new Promise<void>((resolve) => {
        tasks.onDidEndTask((event) => event.execution === execution && resolve());
      });
      execution.terminate();
      await ended;
    }
    await workspace.fs.delete(file);
  });

  test('what tasks.json says of a plan comes before the defaults', async () => {
    const task = { type: 'firmtune', command: 'generate', plan: 'garments.trainplan', out: 'own/code', label: 'own' };
    const file = sample('.vscode/tasks.json');
    await workspace.fs.writeFile(file, new TextEncoder().encode(JSON.stringify({ version: '2.0.0', tasks: [task] })));
    await eventually('the task of tasks.json', async () =>
      (await tasks.fetchTasks({ type: 'firmtune' })).some(({ source }) => source === 'Workspace'),
    );
    assert.equal(await run('generate', sample('garments.trainplan')), 0);
    assert.ok(existsSync(sample('own/code/garments.c').fsPath));
    for (const folder of ['own', '.vscode']) await workspace.fs.delete(sample(folder), { recursive: true });
  });
});

suite('the sample firmware', () => {
  let folder: Uri;
  let plan: Uri;

  suiteSetup(async () => {
    const copied = await commands.executeCommand<Uri>('firmtune.openSample', sample('.'));
    folder = copied;
    plan = Uri.joinPath(folder, 'garments.trainplan');
  });
  teardown(async () => {
    for (const execution of tasks.taskExecutions) execution.terminate();
    for (const terminal of window.terminals) terminal.dispose();
    await closeEditors();
  });
  suiteTeardown(() => workspace.fs.delete(folder, { recursive: true }));

  test('is built, after its code was generated; a mistake in C is a problem at its place', async function () {
    this.timeout(buildTimeout);
    if (needs(builds).length > 0) this.skip();
    assert.equal(await run('build', plan), 0);
    assert.ok(existsSync(Uri.joinPath(folder, 'firmtune/garments.c').fsPath));

    const source = Uri.joinPath(folder, 'src/main.c');
    const text = readFileSync(source.fsPath, 'utf8');
    writeFileSync(source.fsPath, text.replace('report_begin("start")', 'report_begin(strat)'));
    assert.equal(await run('build', plan), 1);
    const problem = await eventually('the problem', () =>
      languages.getDiagnostics(source).find(({ severity }) => severity === DiagnosticSeverity.Error),
    );
    const line = text.split('\n').findIndex((each) => each.includes('report_begin("start")'));
    assert.deepEqual([problem.source, problem.range.start.line], ['gcc', line]);
    assert.match(problem.message, /strat.? undeclared/);
    writeFileSync(source.fsPath, text);
    assert.equal(await run('build', plan), 0);
    await eventually('no problem', () => languages.getDiagnostics(source).length === 0);
  });

  test('shows in the plan what fills a region that is too small', async function () {
    this.timeout(buildTimeout);
    if (needs(builds).length > 0) this.skip();
    const script = Uri.joinPath(folder, 'boards/mps2.ld');
    const text = readFileSync(script.fsPath, 'utf8');
    const small = text.replace(/(RAM\b.*LENGTH *= *)\w+/, '$116K');
    assert.notEqual(small, text);
    writeFileSync(script.fsPath, small);
    assert.equal(await run('build', plan), 1);
    const problem = await eventually('the problem', () =>
      languages.getDiagnostics(plan).find(({ message }) => message.includes('more than the region')),
    );
    assert.match(problem.message, /B arena/);
    writeFileSync(script.fsPath, text);
  });

  test('ends, and its emulator with it, when the task is ended', async function () {
    this.timeout(buildTimeout);
    if (needs(runs).length > 0) this.skip();
    const started = new Promise<TaskExecution>((resolve) => {
      const listener = tasks.onDidStartTask(({ execution }) => {
        listener.dispose();
        resolve(execution);
      });
    });
    const emulators = () => spawnSync('pgrep', ['-f', `qemu.*${folder.fsPath}/`], { encoding: 'utf8' }).stdout;
    await commands.executeCommand('firmtune.emulate', plan);
    const execution = await started;
    await eventually('the emulator', emulators, 4 * minuteMs);
    execution.terminate();
    await eventually('no emulator', () => emulators() === '');
    await eventually('the end of the task', () => tasks.taskExecutions.length === 0);
  });

  test('is not built without its tools', async () => {
    const path = process.env.PATH;
    process.env.PATH = folder.fsPath;
    try {
      assert.equal(await run('build', plan), 3);
      assert.equal(await run('emulate', plan), 3);
    } finally {
      process.env.PATH = path;
    }
  });
});
