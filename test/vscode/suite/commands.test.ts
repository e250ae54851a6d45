import { strict as assert } from 'node:assert';
import { suite, teardown, test } from 'mocha';
import { commands, extensions, type Uri, window, workspace } from 'vscode';
import { closeEditors, codesOf, eventually, folder, sample } from './support.ts';

interface Finding {
  readonly name: string;
  readonly state: string;
  readonly remedy?: string;
}

const manifest = () => extensions.getExtension('firmtune.firmtune')?.packageJSON;

async function namesIn(uri: Uri): Promise<readonly string[]> {
  return (await workspace.fs.readDirectory(uri)).map(([name]) => name);
}

suite('the commands', () => {
  teardown(closeEditors);

  test('that the manifest names are there', async () => {
    const known = new Set(await commands.getCommands(true));
    const named: readonly { command: string; category: string }[] = manifest().contributes.commands;
    assert.ok(named.length >= 6);
    for (const { command, category } of named) {
      assert.ok(known.has(command), command);
      assert.equal(category, 'Firmtune');
    }
  });

  test('New Training Plan opens a plan without an error and writes no file', async () => {
    const before = await namesIn(folder());
    const done = commands.executeCommand('firmtune.newTrainingPlan', sample('garments.tflite'));
    // The question for the board: the first is as good as any.
    const accepted = eventually('the plan', async () => {
      await commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return window.activeTextEditor?.document.isUntitled;
    });
    await Promise.all([done, accepted]);
    const document = window.activeTextEditor?.document;
    assert.ok(document);
    assert.equal(document.languageId, 'trainplan');
    // The sample's own plan has the first choice of names.
    assert.equal(document.uri.path, sample('garments-2.trainplan').path);
    await eventually('its text', () => document.getText().includes('classifier: weights all'));
    assert.match(document.getText(), /^data "data"$/m);
    await eventually('the peak, so the model was found', async () => {
      const lenses = await commands.executeCommand<{ command?: { title: string } }[]>(
        'vscode.executeCodeLensProvider',
        document.uri,
      );
      return lenses.some(({ command }) => command?.title.startsWith('peak '));
    });
    assert.deepEqual(codesOf(document.uri), []);
    assert.deepEqual(await namesIn(folder()), before);
  });

  test('New Training Plan refuses a damaged model', async () => {
    const damaged = sample('damaged.tflite');
    await workspace.fs.writeFile(damaged, new Uint8Array(64));
    await commands.executeCommand('firmtune.newTrainingPlan', damaged);
    assert.equal(window.activeTextEditor, undefined);
    await workspace.fs.delete(damaged);
  });

  test('Doctor names each tool with its version or its remedy', async () => {
    const findings = await commands.executeCommand<readonly Finding[]>('firmtune.doctor');
    await commands.executeCommand('workbench.action.closeQuickOpen');
    const names = findings.map(({ name }) => name);
    for (const name of ['Firmtune', 'arm-none-eabi-gcc', 'qemu-system-arm']) assert.ok(names.includes(name), name);
    for (const { name, state, remedy } of findings) {
      if (remedy === undefined) assert.match(state, /\d+\.\d+/, name);
      else assert.match(remedy, /install/, name);
    }
  });
});
