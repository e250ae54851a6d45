import { strict as assert } from 'node:assert';
import { suite, teardown, test } from 'mocha';
import { commands, TabInputWebview, window, workspace } from 'vscode';
import type { RunPicture } from '../../../webview/messages.ts';
import { closeEditors, eventually, sample, showPlan } from './support.ts';

const sampleText = async (): Promise<string> =>
  new TextDecoder().decode(await workspace.fs.readFile(sample('garments.trainplan')));

function simulate(plan: string): Thenable<RunPicture> {
  return commands.executeCommand('firmtune.simulate', sample(plan));
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
    const running = simulate('long.trainplan');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await commands.executeCommand('firmtune.stopTraining');
    const run = await running;
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
