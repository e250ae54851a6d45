import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  CodeAction,
  CodeLens,
  CompletionList,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  Hover,
  LocationLink,
  SemanticTokens,
  TextEdit,
} from 'vscode-languageserver-protocol';
import { CancellationTokenSource } from 'vscode-languageserver-protocol/node.js';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { compilePlanFile } from '../../../extension/cli/compilation.ts';
import { atCursor, PlanClient } from './client.ts';

const root = resolve(import.meta.dirname, '../../..');
const sample = join(root, 'extension/samples/garments');
const folder = mkdtempSync(join(tmpdir(), 'plans-'));
const plan = join(folder, 'a.trainplan');
const head = 'model "garments.tflite"\ntarget stm32f746\nbudget 32 KB\n';

let client: PlanClient;

beforeAll(async () => {
  mkdirSync(join(folder, 'models'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'sensors.csv'), 'x,y,label\n');
  copyFileSync(join(sample, 'garments.tflite'), join(folder, 'garments.tflite'));
  copyFileSync(join(sample, 'garments.tflite'), join(folder, 'models/other.tflite'));
  client = await PlanClient.start(join(root, 'extension/server'));
});

afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true });
});

async function complete(marked: string): Promise<readonly { label: string; detail: string; inserted: string }[]> {
  const { text, position } = atCursor(marked);
  await client.show(plan, text);
  const list = await client.ask<CompletionList | null>('completion', plan, { position });
  return (list?.items ?? []).map(({ label, detail, textEdit }) => ({
    label,
    detail: detail ?? '',
    inserted: textEdit?.newText ?? '',
  }));
}

const labels = async (marked: string) => (await complete(marked)).map(({ label }) => label);

async function hover(marked: string): Promise<string | undefined> {
  const { text, position } = atCursor(marked);
  await client.show(plan, text);
  const answer = await client.ask<Hover | null>('hover', plan, { position });
  return (answer?.contents as { value: string } | undefined)?.value;
}

describe('diagnostics', () => {
  it('are none for the sample', async () => {
    const path = join(sample, 'garments.trainplan');
    expect(await client.show(path, readFileSync(path, 'utf8'))).toEqual([]);
  });

  it('come with code, place and remedy, and go when the text is right', async () => {
    const wrong = `${head}update {\n  block3.pointwise: bias\n}\n`;
    const [diagnostic, ...rest] = await client.show(plan, wrong);
    expect(rest).toEqual([]);
    expect(diagnostic).toMatchObject({
      severity: 1,
      code: 'unknown-layer',
      source: 'firmtune',
      range: { start: { line: 4, character: 2 }, end: { line: 4, character: 18 } },
    });
    expect(diagnostic?.message).toContain('Did you mean `block3.pointwise1`?');
    const actions = await client.ask<CodeAction[]>('codeAction', plan, {
      range: diagnostic?.range,
      context: { diagnostics: [diagnostic] },
    });
    expect(actions.map(({ title, isPreferred }) => [title, isPreferred])).toEqual([
      ['Change to `block3.pointwise1`', true],
    ]);
    const edit = Object.values(actions[0]?.edit?.changes ?? {})[0]?.[0];
    expect(edit).toEqual({ range: diagnostic?.range, newText: 'block3.pointwise1' });
    expect(await client.show(plan, wrong.replace('pointwise:', 'pointwise1:'))).toEqual([]);
  });

  it('offer the models that are there for one that is not', async () => {
    const text = `${head.replace('garments', 'garmets')}train { classes 5 }\n`;
    const [diagnostic] = await client.show(plan, text);
    const actions = await client.ask<CodeAction[]>('codeAction', plan, {
      range: diagnostic?.range,
      context: { diagnostics: [diagnostic] },
    });
    expect(Object.values(actions[0]?.edit?.changes ?? {})[0]?.[0]?.newText).toBe('"garments.tflite"');
  });

  it('name a model that is not there, and follow the file when it comes and goes', async () => {
    const late = join(folder, 'late.tflite');
    const text = `${head.replace('garments', 'late')}update {\n  classifier: bias\n}\n`;
    const path = join(folder, 'late.trainplan');
    const uri = pathToFileURL(path).toString();
    const codes = (list: readonly { code?: unknown }[]) => list.map(({ code }) => code);
    expect(codes(await client.show(path, text))).toEqual(['model-not-found']);
    const change = async (type: 1 | 2 | 3) => {
      const next = client.nextDiagnostics(uri);
      const changes = [{ uri: pathToFileURL(late).toString(), type }];
      await client.connection.sendNotification('workspace/didChangeWatchedFiles', { changes });
      return codes(await next);
    };
    copyFileSync(join(sample, 'garments.tflite'), late);
    expect(await change(1)).toEqual([]);
    writeFileSync(late, 'no model');
    expect(await change(2)).toHaveLength(1);
    rmSync(late);
    expect(await change(3)).toEqual(['model-not-found']);
  });
});

describe('an exceeded budget', () => {
  const withBudget = (bytes: number) => `${head.replace('32 KB', `${bytes} B`)}train { classes 5 }
update {
  block1.pointwise1 .. classifier: bias
  last_conv: weights all
  block4.pointwise1: weights all
}
`;
  const uri = pathToFileURL(plan).toString();

  it('shows on its line once the plan is compiled, with changes that fit', async () => {
    await client.show(plan, withBudget(1));
    const [far] = await client.compiled(plan);
    const needed = Number(/takes (\d+) B/.exec(far?.message ?? '')?.[1]);
    const text = withBudget(needed - 100);
    expect(await client.show(plan, text)).toEqual([]);
    const [diagnostic] = await client.compiled(plan);
    expect(diagnostic).toMatchObject({ code: 'budget-exceeded', range: { start: { line: 2, character: 0 } } });
    const actions = await client.ask<CodeAction[]>('codeAction', plan, {
      range: diagnostic?.range,
      context: { diagnostics: [diagnostic] },
    });
    const fitting = actions.find(({ title }) => title.includes('fits'));
    const [edit] = fitting?.edit?.changes?.[uri] ?? [];
    if (edit === undefined) throw new Error(JSON.stringify(actions));
    const next = TextDocument.applyEdits(TextDocument.create(uri, 'trainplan', 1, text), [edit]);
    await client.show(plan, next);
    expect(await client.compiled(plan)).toEqual([]);
  });

  it('has its changes for who asks after another request that was cancelled', async () => {
    await client.show(plan, withBudget(2));
    const [diagnostic] = await client.compiled(plan);
    const params = { range: diagnostic?.range, context: { diagnostics: [diagnostic] } };
    const gone = new CancellationTokenSource();
    const handled = (): Promise<unknown> => client.ask('hover', plan, { position: { line: 0, character: 0 } });
    const first = client.ask<CodeAction[]>('codeAction', plan, params, gone.token).catch(() => undefined);
    await handled();
    const second = client.ask<CodeAction[]>('codeAction', plan, params);
    await handled();
    gone.cancel();
    await first;
    expect((await second).map(({ title }) => title)).toContainEqual(expect.stringContaining('too much'));
  });
});

describe('boards of the user', () => {
  it('come from the settings, and the plans follow them', async () => {
    const text = `${head.replace('stm32f746', 'my-board')}train { classes 5 }\n`;
    const uri = pathToFileURL(plan).toString();
    expect((await client.show(plan, text)).map(({ code }) => code)).toEqual(['unknown-board']);
    const next = client.nextDiagnostics(uri);
    const boards = { 'my-board': { core: 'cortex-m4', sram: '64 KB', flash: '1 MB' }, bad: { core: 'z80' } };
    await client.connection.sendNotification('workspace/didChangeConfiguration', {
      settings: { firmtune: { boards } },
    });
    expect(await next).toEqual([]);
    expect(await labels('target my|')).toContain('my-board');
  });
});

describe('completion', () => {
  it('offers the statements that are not there yet', async () => {
    expect(await labels(`${head}|`)).toEqual(['name', 'input', 'data', 'train', 'update']);
    expect(await labels(`${head}up|`)).toContain('update');
  });

  it('offers boards with their memory, cores, and units', async () => {
    const boards = await complete('target |');
    expect(boards.find(({ label }) => label === 'stm32f746')?.detail).toBe('cortex-m7, 320.0 KB SRAM, 1024.0 KB flash');
    expect(await labels('target {\n  core |\n}')).toContain('cortex-m55');
    expect(await labels('target {\n  |\n}')).toEqual(['core', 'sram', 'flash']);
    expect(await labels('target {\n  sram 256 |\n}')).toEqual(['KB', 'MB', 'B']);
    expect(await labels('budget 160|')).toEqual([]);
    expect(await labels('budget 160 |')).toEqual(['KB', 'MB', 'B']);
  });

  it('offers settings and their values', async () => {
    expect(await labels('train {\n  classes 3\n  |\n}')).toEqual(expect.arrayContaining(['loss', 'batch']));
    expect(await labels('train {\n  classes 3\n  |\n}')).not.toContain('classes');
    expect(await labels('train {\n  loss |\n}')).toEqual(['cross-entropy', 'mean-squared-error']);
    expect(await labels('train {\n  schedule cosine 50 |\n}')).toEqual(['steps']);
    expect(await labels('train {\n  optimizer sgd |\n}')).toEqual(['momentum']);
    expect(await labels('data "d" {\n  |\n}')).toEqual(
      expect.arrayContaining(['resize', 'fit', 'augment', 'normalise', 'features', 'split', 'label', 'skip-broken']),
    );
    expect(await labels('data "d" {\n  fit |\n}')).toEqual(['stretch', 'crop']);
    expect(await labels('data "d" {\n  augment flip |\n}')).toEqual(['shift', 'crop']);
    expect(await labels('data "d" {\n  frames 30 |\n}')).toEqual(['ms']);
  });

  it('offers the layers that can train, in order, with their shapes, and replaces the whole name', async () => {
    const layers = await complete(`${head}update {\n  block3.|\n}\n`);
    expect(layers.map(({ label }) => label).slice(0, 3)).toEqual([
      'first_conv',
      'block0.depthwise',
      'block0.pointwise2',
    ]);
    expect(layers.map(({ label }) => label)).not.toContain('avgpool');
    expect(layers[0]?.detail).toBe('CONV_2D 28x28x1 to 14x14x8');
    const { text, position } = atCursor(`${head}update {\n  first_conv .. block3.|\n}\n`);
    await client.show(plan, text);
    const list = await client.ask<CompletionList>('completion', plan, { position });
    expect(list.items[0]?.textEdit).toMatchObject({ range: { start: { line: 4, character: 16 } } });
  });

  it('offers changes, and fractions with the bytes that each trains', async () => {
    const changes = await complete(`${head}update {\n  block4.pointwise1: |\n}\n`);
    expect(changes.map(({ label }) => label)).toEqual([
      'bias',
      'none',
      'weights 1/8',
      'weights 1/4',
      'weights 1/2',
      'weights all',
    ]);
    expect(changes.at(-1)?.detail).toBe('2,304 B, 24 of 24 channels');
    const fractions = await complete(`${head}update {\n  block4.pointwise1: bias, weights |\n}\n`);
    expect(fractions.map(({ label }) => label)).toEqual(['1/8', '1/4', '1/2', 'all', 'none', 'first']);
    expect(fractions[1]?.detail).toBe('576 B, 6 of 24 channels');
    expect(await labels(`${head}update {\n  block4.pointwise1: weights first 3 |\n}\n`)).toEqual(['channels']);
    expect(await labels(`${head}update {\n  block4.pointwise1: weights 1/|\n}\n`)).toContain('1/4');
  });

  it('offers models below the plan, tables beside it, and folders', async () => {
    expect(await labels('model "|"')).toEqual(['garments.tflite', 'models/other.tflite', 'data/', 'models/', '../']);
    expect(await labels('model "models/o|"')).toEqual(['models/other.tflite']);
    expect(await labels('data "|"')).toEqual(['sensors.csv', 'data/', 'models/', '../']);
  });

  it('offers nothing in comments', async () => {
    expect(await labels('// target |')).toEqual([]);
    expect(await labels('model "a" // "|')).toEqual([]);
  });
});

describe('hover', () => {
  it('tells what a layer is and what it trains', async () => {
    const text = await hover(`${head}update {\n  block3.pointwise1|: bias, weights 1/4\n}\n`.replace('e1|', 'e|1'));
    expect(text).toContain('**block3.pointwise1**');
    expect(text).toContain('| operator | CONV_2D |');
    expect(text).toContain('| shape | 7x7x16 to 7x7x48 |');
    expect(text).toContain('37.6 k MACs, 960 B of weights');
    expect(text).toContain('bias, weights 1/4: 384 B, 9,408 MACs');
    expect(text).toMatch(/zero point -?\d+/);
  });

  it('lists what a pattern matches', async () => {
    expect(await hover(`${head}update {\n  block3|.*: bias\n}\n`)).toBe(
      '3 layers\n\n- block3.pointwise1\n- block3.depthwise\n- block3.pointwise2',
    );
  });

  it('tells the figures of a board with their source, and what a keyword means', async () => {
    expect(await hover('target stm32|f746')).toContain('| SRAM | 320.0 KB |');
    expect(await hover('target stm32|f746')).toContain('DS10916');
    expect(await hover('train {\n  bat|ch 2\n}')).toContain('Samples per update');
    expect(await hover('bud|get 3 KB')).toContain('SRAM that training may use');
    expect(await hover('// bud|get 3 KB')).toBeUndefined();
  });
});

describe('lenses', () => {
  it('tell what each update line trains, with its layers for the model view', async () => {
    await client.show(plan, `${head}update {\n  block3.*: bias\n  last_conv: weights all\n}\n`);
    const lenses = await client.ask<CodeLens[]>('codeLens', plan);
    expect(lenses.map(({ range, command }) => [range.start.line, command?.title])).toEqual([
      [4, '3 layers, 480 B trained'],
      [5, '2,304 B trained, 36.9 k MACs'],
      [2, expect.stringMatching(/^peak \d.* of 32\.0 KB \(.*\), flash .* KB of 1024\.0 KB$/)],
    ]);
    expect(lenses[1]?.command?.arguments?.[1]).toEqual(['last_conv']);
  });

  it.each(['head float32', 'head int8', 'head int8\n  weights int16'])(
    'count a new classifier as the compiler does, whatever the line trains of it: %s',
    async (format) => {
      const line = 'classifier: weights 1/2';
      const text = `${head}train {\n  classes 10\n  ${format}\n}\nupdate {\n  ${line}\n}\n`;
      const file = join(folder, 'new-head.trainplan');
      writeFileSync(file, text);
      const compiled = await compilePlanFile(file);
      if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
      const { trainableBytes } = compiled.value.memory.layers.find(({ name }) => name === 'classifier') ?? {};
      const bytes = `${trainableBytes?.toLocaleString('en')} B`;
      await client.show(plan, text);
      const lenses = await client.ask<CodeLens[]>('codeLens', plan);
      const macs = `${(10 * 96).toLocaleString('en')} MACs`;
      expect(lenses[0]?.command?.title).toBe(`${bytes} trained, ${macs}`);
      const told = await hover(text.replace('classifier', 'class|ifier'));
      expect(told).toContain(`a new head of 10 classes, which trains as a whole: ${bytes}, ${macs}`);
      const offered = await complete(text.replace('weights 1/2', 'weights |'));
      expect(offered.find(({ label }) => label === '1/4')?.detail).toBe(`${bytes}: a new head trains as a whole`);
    },
  );

  it('are not over a line whose layer is not in the model', async () => {
    await client.show(plan, `${head}update {\n  no_such_layer: bias\n}\n`);
    expect(await client.ask<CodeLens[]>('codeLens', plan)).toEqual([]);
  });
});

describe('structure', () => {
  const text = `// one\n// two\n${head}update { // three\n    last_conv:weights 1/4 // c\n classifier .. logits : bias\n}\n`;

  it('formats the whole plan or some lines, and leaves a formatted one alone', async () => {
    await client.show(plan, text);
    const options = { options: { tabSize: 2, insertSpaces: true } };
    const edits = await client.ask<TextEdit[]>('formatting', plan, options);
    expect(edits).toHaveLength(1);
    const range = { start: { line: 7, character: 0 }, end: { line: 7, character: 3 } };
    expect(await client.ask('rangeFormatting', plan, { range, ...options })).toEqual([
      {
        range: { start: { line: 7, character: 0 }, end: { line: 7, character: 28 } },
        newText: '  classifier .. logits: bias',
      },
    ]);
    await client.show(plan, head);
    expect(await client.ask('formatting', plan, options)).toEqual([]);
  });

  it('folds blocks and comments', async () => {
    await client.show(plan, text);
    const ranges = await client.ask<FoldingRange[]>('foldingRange', plan);
    expect(ranges.map(({ startLine, endLine }) => [startLine, endLine])).toEqual([
      [5, 7],
      [0, 1],
    ]);
  });

  it('outlines statements and their lines', async () => {
    await client.show(plan, text);
    const symbols = await client.ask<DocumentSymbol[]>('documentSymbol', plan);
    expect(symbols.map(({ name, detail }) => `${name} ${detail}`)).toEqual([
      'model "garments.tflite"',
      'target stm32f746',
      'budget 32 KB',
      'update ',
    ]);
    expect(symbols[3]?.children?.map(({ name }) => name)).toEqual([
      'last_conv:weights 1/4',
      'classifier .. logits : bias',
    ]);
  });

  it('links the paths, and layers to the model', async () => {
    const { text: plain, position } = atCursor(`${head}data "data"\nupdate {\n  last_|conv: bias\n}\n`);
    await client.show(plan, plain);
    const links = await client.ask<DocumentLink[]>('documentLink', plan);
    expect(links.map(({ target }) => target)).toEqual(
      ['garments.tflite', 'data'].map((name) => pathToFileURL(join(folder, name)).toString()),
    );
    const [location] = await client.ask<LocationLink[]>('definition', plan, { position });
    expect(location?.targetUri).toBe(`${pathToFileURL(join(folder, 'garments.tflite'))}#last_conv`);
  });

  it('colours a word by its place', async () => {
    await client.show(plan, 'update {\n  bias: bias\n}\n');
    const { data } = await client.ask<SemanticTokens>('semanticTokens/full', plan);
    const types = [3, 8].map((index) => data[index]);
    expect(data).toHaveLength(10);
    expect(types[0]).not.toBe(types[1]);
  });
});
