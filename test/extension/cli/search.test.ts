import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, sampleFolder, samplePlan, temporaryFolder } from '../../support/cli.ts';

/** Few choices, so that tests are quick. */
const contributions = {
  biases: [{ from: 'block3.pointwise1', gain: 3 }],
  weights: [
    { layer: 'block3.pointwise1', weights: '1/4', gain: 1 },
    { layer: 'block3.pointwise1', weights: 'all', gain: 2.5 },
    { layer: 'last_conv', weights: 'all', gain: 4 },
  ],
};

function contributionsFile(document: object = contributions): string {
  const file = join(temporaryFolder(), 'contributions.json');
  writeFileSync(file, JSON.stringify(document));
  return file;
}

describe('search', () => {
  it('gives the choice, what it takes and scores, and the front', async () => {
    const file = contributionsFile();
    const { code, json } = await cli('search', samplePlan, '--budget', '30000', '--contributions', file, '--json');
    expect(code).toBe(0);
    expect(json).toMatchObject({ score: 9.5, provenOptimal: true, source: 'measured' });
    expect(json.sramBytes).toBeLessThanOrEqual(30_000);
    expect(json.update).toContainEqual({ layer: 'last_conv', bias: true, weights: 'all' });
    expect(json.update).toContainEqual({ layer: 'block3.pointwise1', bias: true, weights: 'all' });
    expect(json.pareto.at(-1)).toMatchObject({ score: 9.5, sramBytes: json.sramBytes });
    expect(json.why.length).toBeGreaterThan(3);
  });

  it('shows people the update block, and why', async () => {
    const file = contributionsFile();
    const { out } = await cli('search', samplePlan, '--budget', '30000', '--contributions', file);
    expect(out).toMatch(/^update \{\n {2}block3\.pointwise1 \.\. last_conv: bias\n/);
    expect(out).toContain('last_conv: all weights: 4.0 points for');
  });

  it('writes the choice into the plan, which then takes what was said', async () => {
    const folder = temporaryFolder();
    cpSync(sampleFolder, folder, { recursive: true });
    const plan = join(folder, 'garments.trainplan');
    const before = readFileSync(plan, 'utf8');
    const files = readdirSync(folder).length;
    const file = contributionsFile();
    const args = ['--budget', '30000', '--contributions', file, '--write', '--json'];
    const found = (await cli('search', plan, ...args)).json;
    const after = readFileSync(plan, 'utf8');
    expect(after.slice(0, after.indexOf('update'))).toBe(before.slice(0, before.indexOf('update')));
    expect(readdirSync(folder)).toHaveLength(files);
    const { json } = await cli('plan', plan, '--json');
    expect(json).toMatchObject({ sramBytes: found.sramBytes, flashBytes: found.flashBytes });
  });

  it('leaves the plan alone where nothing fits', async () => {
    const { code, json } = await cli('search', samplePlan, '--budget', '100', '--json', '--evaluations', '40');
    expect(code).toBe(1);
    expect(json.diagnostics[0]).toMatchObject({ code: 'nothing-fits', severity: 'error' });
  });

  it('trains the choice beside the plan as it was, where it is asked to', async () => {
    const plan = join(temporaryFolder(), 'short.trainplan');
    const text = readFileSync(samplePlan, 'utf8').replace(/epochs \d+/, 'epochs 1');
    writeFileSync(plan, text.replace(/(model|data) "/g, `$1 "${resolve(sampleFolder)}/`));
    const contributed = ['--contributions', contributionsFile(), '--evaluations', '60'];
    const args = ['--budget', '30000', ...contributed, '--verify', '2', '--per-class', '4', '--json'];
    const { json } = await cli('search', plan, ...args);
    expect(json.verification).toMatchObject({ seeds: [1, 2], epochs: 1, found: { sramBytes: json.sramBytes } });
    expect(json.verification.found.testAccuracy).toHaveLength(2);
    expect(json.verification.before.sramBytes).toBe((await cli('plan', samplePlan, '--json')).json.sramBytes);
  });

  it('names what is wrong with the contributions', async () => {
    const weights = [{ layer: 'last_conv', weights: '1/3', gain: 4 }];
    const damaged = contributionsFile({ biases: [], weights });
    const result = await cli('search', samplePlan, '--budget', '30000', '--contributions', damaged, '--json');
    expect(result.code).toBe(1);
    expect(result.json.diagnostics[0]).toMatchObject({ code: 'contributions-damaged', file: damaged });
    expect(result.json.diagnostics[0].message).toContain('weights.0.weights');
    const other = contributionsFile({ biases: [{ from: 'conv_of_another', gain: 1 }], weights: [] });
    expect((await cli('search', samplePlan, '--budget', '30000', '--contributions', other)).err).toContain(
      'no layer conv_of_another',
    );
  });

  it('wants a budget', async () => {
    expect(await cli('search', samplePlan)).toMatchObject({ code: 2 });
  });
});
