/** Generated C leads to the plan, and the plan to generated C. */

import { strict as assert } from 'node:assert';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import { commands, type Hover, type Location, type MarkdownString, Position, type Uri, workspace } from 'vscode';
import { closeEditors, sample, showPlan } from './support.ts';

const sha256 = '0'.repeat(64);
const contents: Readonly<Record<string, string>> = {
  'traced/traced.c': 'static int a;\n/* last_conv */\nft_conv_s8(\n    1);\n',
  'traced/traced.trace.json': JSON.stringify({
    version: 1,
    source: 'traced.c',
    planHash: 1,
    steps: [{ layer: 'last_conv', phase: 'forward', first: 3, last: 4 }],
    ranges: [{ layer: 'last_conv', phase: 'forward', step: 0, first: 3, last: 4 }],
  }),
  'traced/firmtune.json': JSON.stringify({
    version: 1,
    project: null,
    models: { traced: { plan: '../traced.trainplan', sha256 } },
    files: { 'traced.c': { sha256, models: ['traced'] } },
  }),
};

suite('generated C', () => {
  let plan: Uri;

  suiteSetup(async () => {
    for (const [path, text] of Object.entries(contents)) {
      await workspace.fs.writeFile(sample(path), new TextEncoder().encode(text));
    }
    const document = await showPlan(
      'traced.trainplan',
      'model "garments.tflite"\ntarget { core cortex-m7 sram 256 KB flash 1 MB }\nupdate {\n  last_conv: bias\n}\n',
    );
    plan = document.uri;
  });

  suiteTeardown(closeEditors);

  test("tells on hover whose work a line is, and links to the plan's line", async () => {
    await workspace.openTextDocument(sample('traced/traced.c'));
    const hoverAt = async (line: number): Promise<string> => {
      const place = [sample('traced/traced.c'), new Position(line, 2)] as const;
      const hovers = await commands.executeCommand<Hover[]>('vscode.executeHoverProvider', ...place);
      return hovers.flatMap(({ contents: parts }) => parts.map((part) => (part as MarkdownString).value)).join('\n');
    };
    const text = await hoverAt(3);
    assert.match(text, /last\\?_conv/);
    assert.match(text.replaceAll('&nbsp;', ' '), /forward, step 0 of 1/);
    assert.match(text, /traced\.trainplan#L4\)/);
    assert.equal(await hoverAt(0), '');
  });

  test('is found from a layer of the plan', async () => {
    const place = [plan, new Position(3, 4)] as const;
    const found = await commands.executeCommand<Location[]>('vscode.executeImplementationProvider', ...place);
    assert.deepEqual(
      found.map(({ uri, range }) => [uri.path.split('/').at(-1), range.start.line, range.end.line]),
      [['traced.c', 2, 4]],
    );
  });
});
