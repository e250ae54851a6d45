import { strict as assert } from 'node:assert';
import { suite, teardown, test } from 'mocha';
import { commands, type Tab, TabInputCustom, type Uri, window, workspace } from 'vscode';
import type { ModelViewProbe } from '../../../extension/views/modelView.ts';
import { closeEditors, eventually, sample } from './support.ts';

function modelTabs(model: Uri): readonly Tab[] {
  return window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(
      ({ input }) =>
        input instanceof TabInputCustom && input.viewType === 'firmtune.modelView' && input.uri.path === model.path,
    );
}

function stateOf(model: Uri): Thenable<ModelViewProbe | undefined> {
  return commands.executeCommand<ModelViewProbe | undefined>('_firmtune.modelViewState', model);
}

function whenState(model: Uri, what: string, holds: (state: ModelViewProbe) => boolean | undefined) {
  return eventually(what, async () => {
    const state = await stateOf(model);
    return state !== undefined && holds(state);
  });
}

suite('a model in the editor', () => {
  teardown(closeEditors);

  test('opens as a graph', async () => {
    const model = sample('garments.tflite');
    await commands.executeCommand('vscode.open', model);
    await eventually('the tab', () => modelTabs(model).length === 1);
    await whenState(model, 'the graph, laid out and sent', ({ state, laidOut }) => state === 'open' && laidOut);
  });

  test('shows the layer that a link names, in the view that is open already', async () => {
    const model = sample('garments.tflite');
    await commands.executeCommand('vscode.open', model);
    await whenState(model, 'the graph', ({ laidOut }) => laidOut);
    await commands.executeCommand('vscode.open', model.with({ fragment: 'last_conv' }));
    await whenState(model, 'the layer', ({ layer }) => layer === 'last_conv');
    await eventually('one tab', () => modelTabs(model).length === 1);
    await commands.executeCommand('firmtune.openModel', model, 'classifier');
    await whenState(model, 'the other layer', ({ layer }) => layer === 'classifier');
  });

  test('says what is wrong with a damaged file, and reads it again when it is mended', async () => {
    const damaged = sample('damaged-view.tflite');
    const whole = await workspace.fs.readFile(sample('garments.tflite'));
    await workspace.fs.writeFile(damaged, whole.slice(0, 500));
    try {
      await commands.executeCommand('vscode.open', damaged);
      await whenState(damaged, 'the complaint', ({ state, problems }) => state === 'failed' && problems > 0);
      await workspace.fs.writeFile(damaged, whole);
      await whenState(damaged, 'the graph', ({ state, laidOut }) => state === 'open' && laidOut);
    } finally {
      await workspace.fs.delete(damaged);
    }
  });

  test('stays on the screen, marked, when its file is deleted, and comes back with it', async () => {
    const passing = sample('passing.tflite');
    const whole = await workspace.fs.readFile(sample('garments.tflite'));
    await workspace.fs.writeFile(passing, whole);
    await commands.executeCommand('vscode.open', passing);
    await whenState(passing, 'the graph', ({ laidOut }) => laidOut);
    await workspace.fs.delete(passing);
    await whenState(passing, 'the mark', ({ state, gone }) => state === 'open' && gone);
    assert.equal(modelTabs(passing).length, 1);
    await workspace.fs.writeFile(passing, whole);
    await whenState(passing, 'the model again', ({ state, gone }) => state === 'open' && gone === false);
    await workspace.fs.delete(passing);
  });

  test('is not changed by being looked at', async () => {
    const model = sample('garments.tflite');
    const before = await workspace.fs.readFile(model);
    await commands.executeCommand('vscode.open', model);
    await whenState(model, 'the graph', ({ laidOut }) => laidOut);
    assert.equal(modelTabs(model)[0]?.isDirty, false);
    assert.deepEqual(await workspace.fs.readFile(model), before);
  });
});
