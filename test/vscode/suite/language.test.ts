import { strict as assert } from 'node:assert';
import { suite, teardown, test } from 'mocha';
import {
  type CodeAction,
  type CodeLens,
  type CompletionList,
  ConfigurationTarget,
  commands,
  type DocumentLink,
  type DocumentSymbol,
  extensions,
  type Hover,
  languages,
  Range,
  type TextDocument,
  type TextEdit,
  WorkspaceEdit,
  window,
  workspace,
} from 'vscode';
import { closeEditors, codesOf, diagnosticWith, eventually, placeOf, sample, showPlan } from './support.ts';

const head = 'model "garments.tflite"\ntarget stm32f746\n';

async function quickFixes(document: TextDocument, code: string): Promise<readonly CodeAction[]> {
  const { range } = await diagnosticWith(document.uri, code);
  return commands.executeCommand<CodeAction[]>('vscode.executeCodeActionProvider', document.uri, range, 'quickfix');
}

async function apply(action: CodeAction | undefined): Promise<void> {
  assert.ok(action?.edit, 'there is a quick fix with an edit');
  assert.ok(await workspace.applyEdit(action.edit));
}

function lenses(document: TextDocument): Thenable<CodeLens[]> {
  return commands.executeCommand<CodeLens[]>('vscode.executeCodeLensProvider', document.uri);
}

/** The peak comes when the plan is compiled. */
function peakLens(document: TextDocument): Promise<string> {
  return eventually('a lens with the peak', async () =>
    (await lenses(document)).map(({ command }) => command?.title ?? '').find((title) => title.startsWith('peak ')),
  );
}

suite('a training plan in the editor', () => {
  teardown(closeEditors);

  test('activates the extension when it is opened, not before', async () => {
    const extension = extensions.getExtension('firmtune.firmtune');
    assert.ok(extension);
    assert.equal(extension.isActive, false);
    const document = await workspace.openTextDocument(sample('garments.trainplan'));
    assert.equal(document.languageId, 'trainplan');
    await eventually('activation', () => extension.isActive);
  });

  test('has no complaint about the sample, and shows its peak over the budget', async () => {
    const document = await workspace.openTextDocument(sample('garments.trainplan'));
    assert.match(await peakLens(document), /^peak [\d.]+ KB of 32\.0 KB \(proven least\), flash /);
    assert.deepEqual(codesOf(document.uri), []);
  });

  test('shows what is wrong, with code, place and remedy, and a quick fix that makes it right', async () => {
    const document = await showPlan('wrong.trainplan', `${head}update {\n  classifer: bias\n}\n`);
    const { range, message, source } = await diagnosticWith(document.uri, 'unknown-layer');
    assert.equal(source, 'firmtune');
    assert.deepEqual(range, new Range(3, 2, 3, 11));
    assert.match(message, /classifer/);
    const [fix] = await quickFixes(document, 'unknown-layer');
    await apply(fix);
    assert.equal(document.lineAt(3).text, '  classifier: bias');
    await eventually('a clean plan', () => codesOf(document.uri).length === 0);
  });

  test('says when the budget is too small, and offers changes that fit', async () => {
    const whole = new TextDecoder().decode(await workspace.fs.readFile(sample('garments.trainplan')));
    const fitting = await showPlan('fitting.trainplan', whole);
    const [, peakKb] = /^peak ([\d.]+) KB/.exec(await peakLens(fitting)) ?? [];
    const budget = `budget ${Math.ceil(Number(peakKb)) - 1} KB`;
    const document = await showPlan('large.trainplan', whole.replace('budget 32 KB', budget));
    const fixes = await quickFixes(document, 'budget-exceeded');
    await apply(fixes.find(({ title }) => title.includes('fits')));
    await eventually('a clean plan', () => codesOf(document.uri).length === 0);
  });

  test('checks again with every change of the text', async () => {
    const document = await showPlan('typed.trainplan', `${head}update {\n  classifier: bias\n}\n`);
    await peakLens(document);
    const editor = window.activeTextEditor;
    assert.ok(editor);
    await editor.edit((edit) => edit.insert(placeOf(document, 'classifier'), 'no_such_'));
    await diagnosticWith(document.uri, 'unknown-layer');
    await commands.executeCommand('undo');
    await eventually('a clean plan', () => codesOf(document.uri).length === 0);
  });

  test('tells what a layer is and costs', async () => {
    const document = await showPlan('hover.trainplan', `${head}update {\n  last_conv: weights 1/2\n}\n`);
    const shown = await eventually('a hover', async () => {
      const place = placeOf(document, 'last_conv');
      const hovers = await commands.executeCommand<Hover[]>('vscode.executeHoverProvider', document.uri, place);
      return hovers.flatMap(({ contents }) =>
        contents.map((each) => (typeof each === 'string' ? each : each.value)),
      )[0];
    });
    assert.match(shown, /\*\*last_conv\*\*[\s\S]*CONV_2D/);
  });

  test('completes models of the folder, boards, and layers in their order', async () => {
    const document = await showPlan('complete.trainplan', 'model ""\ntarget \nupdate {\n  \n}\n');
    const labels = async (line: number, character: number): Promise<readonly string[]> => {
      const place = document.lineAt(line).range.start.translate(0, character);
      const list = await commands.executeCommand<CompletionList>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        place,
      );
      return list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    };
    assert.ok((await labels(0, 7)).includes('garments.tflite'));
    assert.ok((await labels(1, 7)).includes('nrf52840'));
    const named = await showPlan('layers.trainplan', `${head}update {\n  \n}\n`);
    const list = await commands.executeCommand<CompletionList>(
      'vscode.executeCompletionItemProvider',
      named.uri,
      named.lineAt(3).range.end,
    );
    const layers = [...list.items]
      .sort((a, b) => String(a.sortText ?? a.label).localeCompare(String(b.sortText ?? b.label)))
      .map(({ label }) => (typeof label === 'string' ? label : label.label))
      .filter((label) => ['first_conv', 'block2.depthwise', 'classifier'].includes(label));
    assert.deepEqual(layers, ['first_conv', 'block2.depthwise', 'classifier']);
  });

  test('shows over each update line what it trains', async () => {
    const document = await showPlan('lenses.trainplan', `${head}update {\n  classifier: bias\n}\n`);
    const titles = await eventually('lenses', async () => {
      const found = (await lenses(document)).map(({ command }) => command?.title);
      return found.length > 0 ? found : undefined;
    });
    assert.ok(titles.includes('20 B trained'), titles.join('; '));
  });

  test('leads to no command that is not there', async () => {
    const document = await showPlan('links.trainplan', `${head}update {\n  classifier: bias\n}\n`);
    const known = new Set(await commands.getCommands(true));
    await peakLens(document);
    for (const { command } of await lenses(document)) {
      assert.ok(command?.command === '' || known.has(command?.command ?? ''), command?.command);
    }
    const links = await commands.executeCommand<DocumentLink[]>('vscode.executeLinkProvider', document.uri);
    assert.deepEqual(
      links.map(({ target }) => target?.path),
      [sample('garments.tflite').path],
    );
  });

  test('is formatted, and keeps its comments', async () => {
    const document = await showPlan('untidy.trainplan', `${head}update{\nclassifier:bias // all of it\n   }\n`);
    const options = { tabSize: 2, insertSpaces: true };
    const edits = await eventually('edits', () =>
      commands.executeCommand<TextEdit[]>('vscode.executeFormatDocumentProvider', document.uri, options),
    );
    const edit = new WorkspaceEdit();
    edit.set(document.uri, edits);
    await workspace.applyEdit(edit);
    assert.match(document.getText(), /update \{\n {2}classifier: bias +\/\/ all of it\n\}\n$/);
  });

  test('has an outline', async () => {
    const document = await showPlan('outline.trainplan', `${head}update {\n  classifier: bias\n}\n`);
    const symbols = await eventually('symbols', () =>
      commands.executeCommand<DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', document.uri),
    );
    assert.deepEqual(
      symbols.map(({ name }) => name),
      ['model', 'target', 'update'],
    );
  });

  test("knows the user's own boards as soon as they are in the settings", async () => {
    const text = 'model "garments.tflite"\ntarget shelf_camera\nupdate {\n  classifier: bias\n}\n';
    const document = await showPlan('own-board.trainplan', text);
    await eventually('an error', () => codesOf(document.uri).length > 0);
    const settings = workspace.getConfiguration('firmtune');
    const boards = { shelf_camera: { core: 'cortex-m7', sram: '256 KB', flash: '1 MB' } };
    await settings.update('boards', boards, ConfigurationTarget.Global);
    try {
      await eventually('a clean plan', () => languages.getDiagnostics(document.uri).length === 0);
    } finally {
      await settings.update('boards', undefined, ConfigurationTarget.Global);
    }
  });

  test('is served again after a restart of the language server', async () => {
    const document = await showPlan('restart.trainplan', `${head}update {\n  classifer: bias\n}\n`);
    await diagnosticWith(document.uri, 'unknown-layer');
    await commands.executeCommand('firmtune.restartLanguageServer');
    await diagnosticWith(document.uri, 'unknown-layer');
    const [fix] = await quickFixes(document, 'unknown-layer');
    assert.match(fix?.title ?? '', /classifier/);
  });
});
