import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeTflite } from '../../../compiler/model/write-tflite.ts';
import { cli, sampleFolder, samplePlan, temporaryFolder } from '../../support/cli.ts';
import { floatTwin } from '../../support/float-twin.ts';
import { smallGraph } from '../../support/small-graph.ts';

const sampleModel = `${sampleFolder}/garments.tflite`;
/** The first test pictures of the sample as codes. */
const codes = (count: number) =>
  readFileSync(`${sampleFolder}/data/test-images.u8`)
    .subarray(0, count * 784)
    .map((pixel) => pixel - 128);

describe('inspect', () => {
  it('gives every layer with its shapes and costs', async () => {
    const { code, json, err } = await cli('inspect', sampleModel, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(json).toMatchObject({ name: 'garments', input: { shape: [1, 28, 28, 1] }, macs: expect.any(Number) });
    expect(json.layers[0]).toMatchObject({ name: 'first_conv', operator: 'CONV_2D', trainable: true });
    expect(json.layers.reduce((sum: number, { macs }: { macs: number }) => sum + macs, 0)).toBe(json.macs);
  });

  it('shows the same to people in columns', async () => {
    const { out } = await cli('inspect', sampleModel);
    expect(out).toMatch(/^ *0 {2}first_conv +CONV_2D +\[1, 28, 28, 1\]/m);
  });
});

describe('check', () => {
  it('finds nothing wrong with the sample', async () => {
    expect(await cli('check', samplePlan, '--json')).toMatchObject({ code: 0, json: { diagnostics: [] }, err: '' });
  });
});

describe('plan', () => {
  it('adds up: SRAM is arena, trained, state and stack', async () => {
    const { code, json } = await cli('plan', samplePlan, '--json');
    expect(code).toBe(0);
    const { arenaBytes, trainableBytes, stateBytes, stackBytes, sramBytes, lowerBoundBytes } = json;
    expect(arenaBytes + trainableBytes + stateBytes + stackBytes).toBe(sramBytes);
    expect(lowerBoundBytes).toBeLessThanOrEqual(arenaBytes);
    expect(json.milliseconds).toEqual(expect.any(Number));
  });

  it('tells people the peak, its bound and what is alive there', async () => {
    const { out } = await cli('plan', samplePlan);
    expect(out).toMatch(/^arena +[\d,]+ +(the least possible|no packing takes less than [\d,]+)/m);
    expect(out).toMatch(/^Peak [\d,]+ B .* in step \d+: \S+, \w+$/m);
    expect(out).toMatch(/^last_conv +yes +all 24 channels/m);
  });
});

describe('generate', () => {
  it('writes the files that it lists, and leaves them alone the second time', async () => {
    const folder = join(temporaryFolder(), 'deep', 'out');
    const first = await cli('generate', samplePlan, '--out', folder, '--json');
    expect(first.code).toBe(0);
    for (const { path, bytes } of first.json.files) expect(statSync(join(folder, path)).size).toBe(bytes);
    const written = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'));
    expect(written.sort()).toEqual(first.json.files.map(({ path }: { path: string }) => path).sort());

    rmSync(join(folder, 'garments.h'));
    const before = statSync(join(folder, 'garments.c')).mtimeMs;
    const second = await cli('generate', samplePlan, '--out', folder, '--json');
    const changed = second.json.files.filter((file: { changed: boolean }) => file.changed);
    expect(changed).toEqual([expect.objectContaining({ path: 'garments.h' })]);
    expect(statSync(join(folder, 'garments.c')).mtimeMs).toBe(before);
  });

  it('leaves nothing behind where it cannot write', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'kernels'), 'a file where a folder should be');
    const { code, json } = await cli('generate', samplePlan, '--out', folder, '--json');
    expect({ code, diagnostics: json.diagnostics }).toMatchObject({ code: 1, diagnostics: [{ code: 'cannot-write' }] });
    expect(readdirSync(folder)).toEqual(['kernels']);
  });
});

describe('infer', () => {
  it('runs each input, names every tensor, and writes the outputs raw', async () => {
    const folder = temporaryFolder();
    const [input, output] = [join(folder, 'x.i8'), join(folder, 'y.i8')];
    writeFileSync(input, codes(3));
    const { code, json } = await cli('infer', sampleModel, '--input', input, '--output', output, '--tensors', '--json');
    expect(code).toBe(0);
    expect(json.outputs).toHaveLength(3);
    expect(Object.keys(json.tensors)).toEqual(expect.arrayContaining(['input', 'first_conv', 'block2.add', 'logits']));
    for (const sums of Object.values(json.tensors)) expect(sums).toHaveLength(3);
    expect([...new Int8Array(readFileSync(output))]).toEqual(json.outputs.flat());
    expect((await cli('infer', sampleModel, '--input', input)).out).toMatch(/^ +0 +\d/m);
  });

  it('refuses a file that is no whole number of inputs, or of another type by its name', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'x.i8'), codes(2).subarray(1));
    writeFileSync(join(folder, 'x.f32'), codes(2));
    for (const [name, code] of [
      ['x.i8', 'input-size'],
      ['x.f32', 'input-type'],
      ['missing.i8', 'file-not-found'],
    ] as const) {
      const result = await cli('infer', sampleModel, '--input', join(folder, name), '--json');
      expect(result).toMatchObject({ code: 1, json: { diagnostics: [{ code, file: join(folder, name) }] } });
    }
  });
});

describe('simulate', () => {
  const short = ['simulate', samplePlan, '--epochs', '2', '--per-class', '20', '--json'] as const;

  it('learns, and reports each epoch', async () => {
    const { code, json, err } = await cli(...short);
    expect(code).toBe(0);
    expect(json.before.testAccuracy).toBeCloseTo(0.2, 1);
    expect(json.trainSamples).toBe(100);
    expect(json.epochs).toHaveLength(2);
    expect(json.epochs[1].loss).toBeLessThan(json.epochs[0].loss);
    expect(json.epochs[1].testAccuracy).toBeGreaterThan(0.5);
    expect(json.samplesPerSecond).toBeGreaterThan(0);
    expect(err).toContain('epoch 2/2');
  });

  it('gives the same numbers for the same seed, others for another', async () => {
    const losses = async (...more: string[]) =>
      (await cli(...short, '--limit', '30', ...more)).json.epochs.map(({ loss }: { loss: number }) => loss);
    const first = await losses();
    expect(await losses()).toEqual(first);
    expect(await losses('--seed', '7')).not.toEqual(first);
  });
});

describe('wrong usage', () => {
  it.each([
    [[], /which command/],
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['plan'], /PLAN is missing/],
    [['plan', 'a', 'b'], /'b' is one operand too many/],
    [['plan', 'a', '--frob'], /Unknown option '--frob'/],
    [['generate', samplePlan], /--out is missing/],
    [['simulate', samplePlan, '--epochs', 'many'], /--epochs takes a whole number/],
    [['simulate', samplePlan, '--limit', '0'], /--limit takes a whole number, at least 1/],
    [['bench', samplePlan, '--board', 'toaster'], /--board is one of mps2-an500/],
  ])('%j ends with exit code 2, the usage on stderr and nothing on stdout', async (argv, message) => {
    const { code, out, err } = await cli(...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
    expect(err).toContain('usage: firmtune');
  });

  it('is answered by help on request', async () => {
    expect(await cli('--help')).toMatchObject({ code: 0, out: expect.stringContaining('simulate PLAN') });
    expect(await cli('bench', '--help')).toMatchObject({ code: 0, out: expect.stringContaining('--board') });
  });
});

describe('errors in the input', () => {
  const target = 'target { core cortex-m7 sram 256 KB flash 1 MB }';

  function planFile(text: string): { readonly file: string; readonly out: string } {
    const folder = temporaryFolder();
    const file = join(folder, 'test.trainplan');
    writeFileSync(file, text.replace('MODEL', resolve(sampleModel)));
    return { file, out: join(folder, 'out') };
  }

  it('stand in the plan with line, column and remedy, and leave no output', async () => {
    const { file, out } = planFile(`model "MODEL"\n${target}\nupdate {\n  block1.depthwize: bias\n}\n`);
    const { code, json, err } = await cli('generate', file, '--out', out, '--json');
    expect(code).toBe(1);
    expect(json.diagnostics).toMatchObject([
      {
        severity: 'error',
        code: 'unknown-layer',
        file,
        line: 4,
        column: 3,
        remedy: expect.stringContaining('depthwise'),
      },
    ]);
    expect(err).toMatch(/^.*test\.trainplan:4:3: error: /);
    expect(existsSync(out)).toBe(false);
  });

  it('of a cut model stand in the line that names it', async () => {
    const { file, out } = planFile(`${target}\nmodel "cut.tflite"\ntrain { classes 5 }\n`);
    writeFileSync(join(file, '..', 'cut.tflite'), readFileSync(sampleModel).subarray(0, 20_000));
    const { code, json } = await cli('generate', file, '--out', out, '--json');
    expect(code).toBe(1);
    expect(json.diagnostics).toMatchObject([{ severity: 'error', file, line: 2 }]);
    expect(json.diagnostics[0].message).toContain('cut.tflite');
    expect(existsSync(out)).toBe(false);
    expect(await cli('inspect', join(file, '..', 'cut.tflite'))).toMatchObject({ code: 1, out: '' });
  });

  it('name a model or plan that is not there', async () => {
    const { file } = planFile(`model "none.tflite"\n${target}\n`);
    expect(await cli('check', file, '--json')).toMatchObject({
      code: 1,
      json: { diagnostics: [{ code: 'file-not-found', file, line: 1 }] },
    });
    expect(await cli('check', 'none.trainplan', '--json')).toMatchObject({
      code: 1,
      json: { diagnostics: [{ code: 'file-not-found', file: 'none.trainplan', line: 1, column: 1 }] },
    });
  });

  it('such as an exceeded budget are told with a complete report, but stop generate', async () => {
    const { file, out } = planFile(
      `model "MODEL"\n${target}\nbudget 10 KB\ntrain { classes 5 }\nupdate { last_conv: weights all }\n`,
    );
    const { code, json } = await cli('plan', file, '--json');
    expect(code).toBe(1);
    expect(json.sramBytes).toBeGreaterThan(10 * 1024);
    expect(json.steps.length).toBeGreaterThan(20);
    expect(json.diagnostics).toMatchObject([{ severity: 'error', code: 'budget-exceeded', file, line: 3 }]);
    expect(json.diagnostics[0].message).toContain(` ${json.sramBytes - 10 * 1024} B more`);
    expect(await cli('check', file)).toMatchObject({ code: 1 });
    expect(await cli('generate', file, '--out', out)).toMatchObject({ code: 1 });
    expect(existsSync(out)).toBe(false);
  });

  it('such as an exceeded budget let simulate run', async () => {
    const data = resolve(`${sampleFolder}/data`);
    const { file } = planFile(`model "MODEL"\n${target}\nbudget 1 KB\ndata "${data}"\ntrain { classes 5 }\n`);
    const { code, json } = await cli('simulate', file, '--epochs', '1', '--limit', '10', '--json');
    expect(code).toBe(1);
    expect(json.epochs).toHaveLength(1);
    expect(json.diagnostics).toMatchObject([{ code: 'budget-exceeded' }]);
  });

  it('tell a target whose flash or SRAM is too small', async () => {
    const { file } = planFile(
      'model "MODEL"\ntarget {\n core cortex-m4\n sram 4 KB\n flash 16 KB\n}\ntrain { classes 5 }\n',
    );
    const { json } = await cli('check', file, '--json');
    expect(json.diagnostics).toMatchObject([
      { code: 'sram-exceeded', line: 4 },
      { code: 'flash-exceeded', line: 5 },
    ]);
  });

  it('such as models that cannot train are told in the line that names the model', async () => {
    const small = smallGraph();
    const exotic = small.layers.map((layer) =>
      layer.operator === 'SOFTMAX' ? { ...layer, operator: 'EXP', attributes: { kind: 'none' } as const } : layer,
    );
    const twin = floatTwin(small);
    const float = {
      ...twin.graph,
      tensors: twin.graph.tensors.map((tensor) => {
        const values = twin.parameters.get(tensor.id);
        return values === undefined ? tensor : { ...tensor, data: new Uint8Array(Float32Array.from(values).buffer) };
      }),
    };
    for (const [model, statement, code] of [
      [{ ...small, layers: exotic }, 'update { *: bias }', 'unsupported-operator'],
      [float, 'train { classes 5 }', 'no-trainable-layer'],
    ] as const) {
      const { file, out } = planFile(`${target}\nmodel "other.tflite"\n${statement}\n`);
      writeFileSync(join(file, '..', 'other.tflite'), writeTflite(model));
      const { code: exit, json } = await cli('generate', file, '--out', out, '--json');
      expect(exit).toBe(1);
      expect(json.diagnostics).toContainEqual(expect.objectContaining({ severity: 'error', code, file }));
      expect(existsSync(out)).toBe(false);
    }
  });
});
