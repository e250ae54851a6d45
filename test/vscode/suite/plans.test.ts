import { strict as assert } from 'node:assert';
import { suite, teardown, test } from 'mocha';
import {
  commands,
  Disposable,
  EventEmitter,
  extensions,
  FileSystemError,
  type FileSystemProvider,
  FileType,
  TabInputCustom,
  TabInputText,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { PlanViewProbe } from '../../../extension/views/planView.ts';
import { closeEditors, eventually, folder, sample, showPlan } from './support.ts';

const viewType = 'firmtune.planView';

const plan = (model = 'garments.tflite') => `// A plan of the tests.
model "${model}"
target stm32f746
budget 64 KB

train {
  classes 5
  learning-rate 0.01
}

update {
  block4.pointwise1 .. classifier: bias
  block3.pointwise1: weights 1/4 // a remark
}
`;

function viewTabs(uri: Uri): number {
  const tabs = window.tabGroups.all.flatMap(({ tabs }) => tabs);
  return tabs.filter(
    ({ input }) =>
      input instanceof TabInputCustom && input.viewType === viewType && input.uri.toString() === uri.toString(),
  ).length;
}

function stateOf(uri: Uri): Thenable<PlanViewProbe | undefined> {
  return commands.executeCommand('_firmtune.planViewState', uri);
}

function toggle(uri: Uri, layer: string, change: object): Thenable<boolean> {
  return commands.executeCommand('firmtune.toggleLayer', uri, layer, change);
}

suite('the plan view', () => {
  teardown(closeEditors);

  test('is offered beside the text editor, which stays the default', async () => {
    const uri = sample('garments.trainplan');
    await commands.executeCommand('vscode.open', uri);
    assert.ok(window.tabGroups.activeTabGroup.activeTab?.input instanceof TabInputText);
    await commands.executeCommand('firmtune.openPlanView');
    await eventually('the view', () => viewTabs(uri) === 1);
    assert.equal(window.tabGroups.all.length, 2);
    // Once more: the same view, not a second one.
    await commands.executeCommand('firmtune.showPlan', uri.toString());
    await commands.executeCommand('firmtune.showLayers', uri.toString(), ['last_conv']);
    assert.equal(viewTabs(uri), 1);
  });

  test('opens on a plan that is not saved yet', async () => {
    const document = await workspace.openTextDocument(sample('unsaved.trainplan').with({ scheme: 'untitled' }));
    const editor = await window.showTextDocument(document);
    await editor.edit((edit) => edit.insert(document.positionAt(0), plan()));
    await commands.executeCommand('firmtune.openPlanView');
    await eventually('the view', () => viewTabs(document.uri) === 1);
    assert.equal(await toggle(document.uri, 'last_conv', { weights: '1/2' }), true);
    assert.match(document.getText(), /^ {2}last_conv: weights 1\/2$/m);
    assert.equal((await stateOf(document.uri))?.code, null);
  });
});

suite('a switch of a layer', () => {
  teardown(closeEditors);

  test('changes its own place in the text and nothing else', async () => {
    const document = await showPlan('one-place.trainplan', plan());
    const before = document.getText();
    assert.equal(await toggle(document.uri, 'block3.pointwise1', { weights: '1/2' }), true);
    assert.equal(document.getText(), before.replace('weights 1/4 // a', 'weights 1/2 // a'));
    assert.ok(document.isDirty);
  });

  test('is one step of undo and redo, also for several layers', async () => {
    const document = await showPlan('undo.trainplan', plan());
    const before = document.getText();
    assert.equal(await toggle(document.uri, 'last_conv', { bias: false, weights: 'all' }), true);
    const after = document.getText();
    assert.match(after, /^ {2}last_conv: bias none, weights all$/m);
    await commands.executeCommand('undo');
    assert.equal(document.getText(), before);
    await commands.executeCommand('redo');
    assert.equal(document.getText(), after);
  });

  test('does nothing where the plan says so already', async () => {
    const document = await showPlan('same.trainplan', plan());
    assert.equal(await toggle(document.uri, 'block3.pointwise1', { weights: '1/4' }), false);
    assert.ok(!document.isDirty);
  });

  test('is computed for the text as it is, however fast it changes', async () => {
    const document = await showPlan('fast.trainplan', plan());
    const editor = window.visibleTextEditors.find((each) => each.document === document);
    assert.ok(editor);
    const switches = ['1/8', '1/2', 'all', '1/4', '1/8'].map((weights) =>
      toggle(document.uri, 'block3.pointwise1', { weights }),
    );
    const typed = editor.edit((edit) => edit.insert(document.positionAt(0), '// typed meanwhile\n'));
    await Promise.all([...switches, typed]);
    assert.equal(document.getText(), `// typed meanwhile\n${plan().replace('weights 1/4 // a', 'weights 1/8 // a')}`);
  });

  test('agrees in two editors of one plan, and is saved once', async () => {
    const document = await showPlan('twice.trainplan', plan());
    await commands.executeCommand('workbench.action.splitEditor');
    await commands.executeCommand('vscode.openWith', document.uri, viewType);
    assert.equal(await toggle(document.uri, 'block3.pointwise1', { weights: 'all' }), true);
    const texts = window.visibleTextEditors
      .filter((editor) => editor.document.uri.toString() === document.uri.toString())
      .map((editor) => editor.document.getText());
    assert.ok(texts.length >= 1);
    for (const text of texts) assert.match(text, /weights all \/\/ a remark/);
    assert.ok(await document.save());
    const stored = new TextDecoder().decode(await workspace.fs.readFile(document.uri));
    assert.equal(stored, document.getText());
  });

  test('leaves a plan with errors alone, and works again once they are gone', async () => {
    const document = await showPlan('broken.trainplan', plan('not-there.tflite'));
    assert.equal(await toggle(document.uri, 'last_conv', { bias: false }), false);
    await workspace.fs.copy(sample('garments.tflite'), sample('not-there.tflite'));
    await eventually('the model', () => toggle(document.uri, 'last_conv', { bias: false }));
    await workspace.fs.delete(sample('not-there.tflite'));
  });
});

suite('plans of a virtual workspace', () => {
  teardown(closeEditors);

  test('are read, shown and changed through the file system provider', async () => {
    const files = new MemoryFiles();
    const registered = workspace.registerFileSystemProvider('firmtune-memory', files, { isCaseSensitive: true });
    try {
      const uri = Uri.parse('firmtune-memory:/plans/garments.trainplan');
      await workspace.fs.writeFile(uri, new TextEncoder().encode(plan('../garments.tflite')));
      const model = Uri.parse('firmtune-memory:/garments.tflite');
      await workspace.fs.writeFile(model, await workspace.fs.readFile(sample('garments.tflite')));
      const document = await workspace.openTextDocument(uri);
      await commands.executeCommand('vscode.openWith', uri, viewType);
      await eventually('the view', () => viewTabs(uri) === 1);
      assert.equal(await toggle(uri, 'block3.pointwise1', { weights: '1/2' }), true);
      assert.match(document.getText(), /weights 1\/2 \/\/ a remark/);
      // It is in no workspace folder, so nobody knows of its code.
      assert.equal((await stateOf(uri))?.code, null);
      assert.ok(await document.save());
      assert.match(new TextDecoder().decode(await workspace.fs.readFile(uri)), /weights 1\/2 \/\/ a remark/);
    } finally {
      registered.dispose();
    }
  });
});

suite('the sample', () => {
  test('is copied to a folder of its own, without what made it', async () => {
    const copied = await commands.executeCommand<Uri>('firmtune.openSample', folder());
    const names = (await workspace.fs.readDirectory(copied)).map(([name]) => name);
    for (const name of ['garments.tflite', 'garments.trainplan', 'data']) assert.ok(names.includes(name), name);
    assert.ok(!names.includes('make'));
    await workspace.fs.delete(copied, { recursive: true });
  });
});

suite('the manifest of the views', () => {
  test('starts nothing before it is needed', () => {
    const { activationEvents, contributes } = extensions.getExtension('firmtune.firmtune')?.packageJSON ?? {};
    // VS Code derives them from what is contributed.
    for (const event of activationEvents) assert.doesNotMatch(event, /\*$|onStartupFinished/);
    assert.equal(contributes.customEditors[0].priority, 'option');
  });
});

/** As little of a file system as the editor needs. */
class MemoryFiles extends Disposable implements FileSystemProvider {
  private readonly files = new Map<string, Uint8Array>();
  private readonly changed = new EventEmitter<never[]>();
  readonly onDidChangeFile = this.changed.event;

  constructor() {
    super(() => this.changed.dispose());
  }

  watch(): Disposable {
    return new Disposable(() => undefined);
  }

  stat({ path }: Uri) {
    const content = this.files.get(path);
    if (content !== undefined) {
      return { type: FileType.File, ctime: 0, mtime: content.length, size: content.length };
    }
    if ([...this.files.keys()].some((file) => file.startsWith(path))) {
      return { type: FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    }
    throw FileSystemError.FileNotFound();
  }

  readDirectory(): [string, FileType][] {
    return [];
  }

  readFile(uri: Uri): Uint8Array {
    const content = this.files.get(uri.path);
    if (content === undefined) throw FileSystemError.FileNotFound(uri);
    return content;
  }

  writeFile({ path }: Uri, content: Uint8Array): void {
    this.files.set(path, content);
  }

  createDirectory(): void {}

  delete({ path }: Uri): void {
    this.files.delete(path);
  }

  rename(): void {
    throw FileSystemError.NoPermissions();
  }
}
