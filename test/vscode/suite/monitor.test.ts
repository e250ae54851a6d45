import { strict as assert } from 'node:assert';
import { suite, teardown, test } from 'mocha';
import { ConfigurationTarget, commands, TabInputWebview, window, workspace } from 'vscode';
import type { RunPicture } from '../../../webview/messages.ts';
import { closeEditors, eventually, sample, showPlan } from './support.ts';

const sampleText = async (): Promise<string> =>
  new TextDecoder().decode(await workspace.fs.readFile(sample('garments.trainplan')));

function simulate(plan: string): Thenable<RunPicture> {
  return commands.executeCommand('firmtune.simulate', sample(plan));
}

/** A run that has not begun yet cannot be stopped: asks until it is at its end. */
async function stopped(running: Thenable<RunPicture>): Promise<RunPicture> {
  let run: RunPicture | undefined;
  void running.then((ended) => {
    run = ended;
  });
  return eventually('the end of the run', async () => {
    await commands.executeCommand('firmtune.stopTraining');
    return run;
  });
}

function monitorTabs(): number {
  const tabs = window.tabGroups.all.flatMap((group) => group.tabs);
  return tabs.filter(({ input }) => input instanceof TabInputWebview && /firmtune\.monitor$/.test(input.viewType))
    .length;
}

suite('the training monitor', () => {
  teardown(closeEditors);

  test('opens for a simulation, which trains the sample to the end', async () => {
    const running = simulate('garments.trainplan');
    await eventually('the tab of the monitor', () => monitorTabs() === 1);
    const run = await running;
    assert.equal(run.state, 'finished', JSON.stringify(run.problems));
    assert.deepEqual(
      run.results.map(({ epoch }) => epoch),
      [0, 1, 2, 3, 4, 5, 6, 7, 8],
    );
    const [before, ...epochs] = run.results.map(({ testAccuracy }) => testAccuracy ?? 0);
    assert.ok((epochs.at(-1) ?? 0) > (before ?? 1) + 0.5, JSON.stringify(run.results));
  });

  test('is one tab for all runs, and can be opened again', async () => {
    await commands.executeCommand('firmtune.openMonitor');
    await commands.executeCommand('firmtune.openMonitor');
    await eventually('one tab', () => monitorTabs() === 1);
  });

  test('trains on the text in the editor, saved or not', async () => {
    const document = await showPlan('short.trainplan', (await sampleText()).replace('epochs 8', 'epochs 2'));
    const editor = window.activeTextEditor;
    assert.ok(editor);
    const place = document.positionAt(document.getText().indexOf('epochs 2') + 'epochs '.length);
    await editor.edit((edit) => {
      edit.insert(place, '1');
      edit.delete(document.lineAt(place.line).range.with(place));
    });
    assert.ok(document.isDirty);
    const run = await simulate('short.trainplan');
    assert.deepEqual([run.state, run.epochs], ['finished', 1]);
  });

  test('keeps what a stopped run has learned', async () => {
    await showPlan('long.trainplan', (await sampleText()).replace('epochs 8', 'epochs 500'));
    // How long it compiles and reads depends on the machine.
    let run: RunPicture | undefined;
    for (let patienceMs = 2000; (run?.steps ?? 0) === 0 && patienceMs < 60_000; patienceMs *= 2) {
      const running = simulate('long.trainplan');
      await new Promise((resolve) => setTimeout(resolve, patienceMs));
      run = await stopped(running);
    }
    assert.ok(run);
    assert.equal(run.state, 'cancelled');
    assert.ok(run.steps > 0 && run.learnedBytes > 0 && run.canContinue, JSON.stringify(run));
  });

  test('says what a plan lacks', async () => {
    await showPlan('dataless.trainplan', (await sampleText()).replace('data "data"', ''));
    const run = await simulate('dataless.trainplan');
    assert.equal(run.state, 'failed');
    assert.ok(
      run.problems.some(({ code }) => code === 'missing-data'),
      JSON.stringify(run.problems),
    );
  });
});

suite('a board that trains', () => {
  teardown(async () => {
    await workspace.getConfiguration('firmtune').update('serialCommand', undefined, ConfigurationTarget.Global);
    for (const terminal of window.terminals) terminal.dispose();
    await closeEditors();
  });

  test('is watched through the command of the setting, until it ends', async () => {
    const lines = [1, 2, 3].map((step) => `firmtune: step=${step} loss=0.${step}`).join('\\n');
    const run = await watch(`printf 'boot\\n${lines}\\n'`);
    assert.deepEqual([run.source, run.state, run.steps], ['board', 'finished', 3]);
  });

  test('says what the command says when it fails', async () => {
    const run = await watch('echo no such port >&2; exit 1');
    assert.equal(run.state, 'failed');
    assert.match(run.problems[0]?.message ?? '', /no such port/);
    assert.match(run.problems[0]?.remedy ?? '', /firmtune\.serialCommand/);
  });

  test('is left when the run is stopped', async () => {
    const running = watch("printf 'firmtune: step=1 loss=1\\n'; sleep 600");
    await eventually('its terminal', () => window.terminals.length > 0);
    // Most often its line has been read by then.
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal((await stopped(running)).state, 'cancelled');
  });

  async function watch(command: string): Promise<RunPicture> {
    await workspace.getConfiguration('firmtune').update('serialCommand', command, ConfigurationTarget.Global);
    return commands.executeCommand('firmtune.watchBoard');
  }
});
