import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plan as planCommand } from '../../../extension/cli/commands/plan.ts';
import { compilePlanFile } from '../../../extension/cli/compilation.ts';
import { bytesByRole, planPicture } from '../../../extension/engine/picture.ts';
import { roles } from '../../../webview/messages.ts';

const shared = '../shared/data/plans';
const plans = existsSync(shared) ? readdirSync(shared).filter((name) => name.endsWith('.trainplan')) : [];
const sample = 'extension/samples/garments/garments.trainplan';

async function pictureOf(file: string) {
  const compiled = await compilePlanFile(resolve(file));
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('; '));
  const { plan, graph, compilation, memory } = compiled.value;
  return { picture: planPicture(plan, graph, compilation, memory), memory };
}

/** As the command line prints it. */
async function reportOf(file: string) {
  const io = { out: () => undefined, err: () => undefined, signal: new AbortController().signal };
  const outcome = await planCommand.run({ operands: [file], flags: {} }, io);
  return JSON.parse(JSON.stringify(outcome.document));
}

async function expectAgreement(file: string): Promise<void> {
  const { picture } = await pictureOf(file);
  const report = await reportOf(file);
  expect(report).toMatchObject(picture.totals);
  expect(picture.steps.map(({ byRole: _, ...step }) => step)).toEqual(report.steps);
  expect(picture.buffers.map(({ element: _, ...buffer }) => buffer)).toEqual(
    report.buffers
      .filter(({ home }: { home: string }) => home === 'arena')
      .map(({ home: _, ...buffer }: { home: string; reason?: string }) => ({ reason: '', ...buffer })),
  );
  const { bestChange: _, ...peak } = report.peak;
  expect({ ...picture.peak, alive: picture.peak.alive.map(({ element: _, ...buffer }) => buffer) }).toEqual(peak);
  expect(picture.chains).toEqual(report.chains);
  expect(
    picture.layers.map(({ name, bias, trainedChannels, channels, trainableBytes }) => ({
      name,
      bias: bias === true,
      weights: trainedChannels,
      channels,
      trainableBytes,
    })),
  ).toEqual(report.layers.map(({ weightShape: _, ...layer }: { weightShape?: unknown }) => layer));
}

describe('the picture of a plan', () => {
  it('has the figures that `firmtune plan --json` prints', () => expectAgreement(sample));

  it('splits the live bytes of each step by role without remainder', async () => {
    const { picture } = await pictureOf(sample);
    for (const { byRole, liveBytes } of picture.steps) {
      expect(byRole).toHaveLength(roles.length);
      expect(byRole.reduce((sum, bytes) => sum + bytes, 0)).toBe(liveBytes);
    }
  });

  it('names every layer with weights, and locks the new head', async () => {
    const { picture, memory } = await pictureOf(sample);
    expect(picture.layers.map(({ name }) => name)).toEqual(memory.layers.map(({ name }) => name));
    const head = picture.layers.at(-1);
    expect(head).toMatchObject({ switchable: false, weights: 'weights all', bias: true });
    for (const layer of picture.layers.slice(0, -1)) {
      expect(layer.switchable).toBe(true);
      expect(layer.outputShape).toHaveLength(4);
      expect(layer.macs).toBeGreaterThan(0);
      expect(layer.weightBytes).toBeGreaterThan(0);
    }
  });

  it('sums to the MACs of the report over the forward steps', async () => {
    const { picture } = await pictureOf(sample);
    const forward = picture.steps.filter(({ phase }) => phase === 'forward').reduce((sum, { macs }) => sum + macs, 0);
    expect(forward).toBe(picture.totals.macs.forward);
    expect(picture.layers.reduce((sum, { macs }) => sum + macs, 0)).toBeLessThanOrEqual(forward);
  });
});

describe('bytes by role', () => {
  const at = (role: 'activation' | 'gradient', offset: number, bytes: number, first: number) => ({
    role,
    offset,
    bytes,
    first,
  });
  const of = (role: (typeof roles)[number], sums: readonly number[]) => sums[roles.indexOf(role)];

  it('counts shared bytes for the buffer that came later', () => {
    const sums = bytesByRole([at('activation', 0, 100, 1), at('gradient', 60, 100, 2)]);
    expect([of('activation', sums), of('gradient', sums)]).toEqual([60, 100]);
  });

  it('counts an older buffer around a newer one', () => {
    const sums = bytesByRole([at('activation', 0, 100, 1), at('gradient', 20, 30, 5)]);
    expect([of('activation', sums), of('gradient', sums)]).toEqual([70, 30]);
  });

  it('leaves gaps out', () => {
    const sums = bytesByRole([at('activation', 0, 10, 1), at('activation', 50, 10, 1)]);
    expect(of('activation', sums)).toBe(20);
  });
});

describe.skipIf(plans.length === 0)('the fifteen published plans (skipped: needs ../shared/data)', () => {
  it.each(plans)('%s: the figures of the command line', (name) => expectAgreement(`${shared}/${name}`));
});
