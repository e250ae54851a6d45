import { describe, expect, it } from 'vitest';
import { editForFit, stopFit } from '../../../extension/engine/fit.ts';
import { drawPlan } from '../../../extension/engine/plans.ts';
import { applyEdits, parsePlan } from '../../../language/index.ts';
import { described, measured, sampleInput, sampleText, searched, worded } from './fitted.ts';

const budget = 30_000;

let first: ReturnType<typeof searched> | undefined;

/** Searched once: a search has no other inputs. */
async function found() {
  first ??= searched(sampleInput(measured), budget);
  const result = await first;
  if (result.kind === 'failed') throw new Error(result.problem.message);
  return result;
}

/** The text after the edit that the engine gives. */
function edited(text: string, update: Parameters<typeof editForFit>[0]['update']): string {
  const answer = editForFit({ ...sampleInput(undefined, text), update });
  if (answer.kind === 'model-needed' || answer.edit === undefined) throw new Error('no edit');
  return applyEdits(text, [answer.edit]);
}

describe('Fit to budget in the engine', () => {
  it('says what there is to choose from: from the least SRAM to all that has a gain', () => {
    const { plan } = described(sampleInput(measured));
    expect(plan).toMatchObject({ name: 'garments', budgetBytes: 32 * 1024, gains: 'measured', others: [] });
    expect(plan?.leastBytes).toBeLessThan(plan?.now.sramBytes ?? 0);
    expect(plan?.mostBytes).toBeGreaterThan(plan?.leastBytes ?? 0);
    expect(plan?.mostBytes).toBeLessThanOrEqual(256 * 1024);
  });

  it('rates the plan as it is by the largest choice in it', () => {
    const { plan } = described(sampleInput(measured));
    // Biases reach deeper than what was measured; 1/4 of block3.pointwise1, all of last_conv; block4's 1/4 is below the 1/2.
    expect(plan?.now).toMatchObject({ score: 3 + 1 + 4, atLeast: true });
    expect(plan?.figures.sramBytes).toBe(plan?.now.sramBytes);
  });

  it('sets other plans of the model beside it, and no plan of another model', () => {
    const headOnly = sampleText.replace(/update \{[^}]*\}/, 'update {\n}');
    const other = { uri: 'file:///sample/head.trainplan', name: 'head', text: headOnly, boards: '{}' };
    const foreign = { ...other, uri: 'file:///else/head.trainplan', name: 'foreign' };
    const { plan } = described(sampleInput(measured), [other, foreign]);
    expect(plan?.others).toEqual([{ name: 'head', sramBytes: plan?.leastBytes, score: 0, atLeast: false }]);
  });

  it('finds the best within the budget, with the front and a proof', async () => {
    const { best, front, end } = await found();
    expect(best).toMatchObject({ score: 11 });
    expect(best.sramBytes).toBeLessThanOrEqual(budget);
    expect(end).toMatchObject({ provenOptimal: true, cancelled: false, scoreBound: 11 });
    expect(front.at(-1)).toMatchObject({ score: 11 });
  });

  it('says that nothing was measured where there is no file, and why a file is not used', () => {
    expect(described(sampleInput()).plan?.gains).toBe('prior');
    const answer = described(sampleInput({ biases: [{ from: 'conv_of_another', gain: 1 }], weights: [] }));
    expect(answer.plan?.gains).toBe('prior');
    expect(answer.contributionsProblem).toContain('conv_of_another');
  });

  it('has the same choices whatever the plan trains now, and others for another target', () => {
    const { basis } = described(sampleInput(measured));
    const retrained = sampleText.replace('last_conv: weights all', 'last_conv: weights 1/2').replace('32 KB', '33 KB');
    expect(described(sampleInput(measured, retrained)).basis).toBe(basis);
    expect(described(sampleInput(measured, sampleText.replace('256 KB', '64 KB'))).basis).not.toBe(basis);
    expect(described(sampleInput()).basis).not.toBe(basis);
  });

  it('edits the update block and nothing else; the text then means the choice, and takes what was said', async () => {
    const { best } = await found();
    const text = edited(sampleText, best.update);
    const outside = (each: string): string => each.replace(/update \{[^}]*\}/, 'update');
    expect(outside(text)).toBe(outside(sampleText));
    const input = sampleInput(measured, text);
    const drawn = drawPlan({ ...input, contributions: input.contributions?.text });
    if (drawn.kind === 'model-needed') throw new Error('the model was not given');
    expect(drawn.picture?.totals.sramBytes).toBe(best.sramBytes);
    const trained = drawn.picture?.layers.filter(({ weights, switchable }) => switchable && weights !== 'weights none');
    const wanted = [...best.update].filter(([, { weights }]) => weights.kind !== 'none').map(([name]) => name);
    expect(trained?.map(({ name }) => name)).toEqual(wanted);
    expect(parsePlan(text, '').diagnostics).toEqual([]);
    expect(described(input).plan?.now).toMatchObject({ score: best.score, atLeast: false });
    expect(worded(input, best.update).diff).toEqual([]);
  });

  it('words a choice: figures, each layer with what it gives, and the lines that change', async () => {
    const { best } = await found();
    const choice = worded(sampleInput(measured), best.update);
    expect(choice).toMatchObject({ score: best.score, figures: { sramBytes: best.sramBytes } });
    expect(choice.layers.find(({ name }) => name === 'last_conv')).toMatchObject({
      trains: 'bias, weights all',
      gain: 4,
      mostGain: 4,
    });
    expect(choice.layers.find(({ name }) => name === 'last_conv')?.why).toContain('all weights: 4.0 points for');
    expect(choice.layers[0]).toMatchObject({ trains: '', gain: 0, mostGain: 0 });
    expect(choice.why).toEqual(['In all 11.0 points over the head alone.']);
    const shown = choice.diff.map(({ text }) => text);
    expect(shown).toContain('  block3.pointwise1: weights all');
    expect(choice.diff.filter(({ kind }) => kind === 'removed').map(({ text }) => text)).toContain(
      '  block3.pointwise1: weights 1/4',
    );
  });

  it('gives layers of the plan view the most that was measured of their weights; none by a file of another model', () => {
    const { contributions: _, ...text } = sampleInput();
    const gains = (contributions: object) => {
      const drawn = drawPlan({ ...text, contributions: JSON.stringify(contributions) });
      const layers = drawn.kind === 'drawn' ? (drawn.picture?.layers ?? []) : [];
      return layers.flatMap(({ name, contribution }) => (contribution === undefined ? [] : [[name, contribution]]));
    };
    expect(gains(measured)).toEqual([
      ['block3.pointwise1', 2.5],
      ['block4.pointwise1', 1.5],
      ['last_conv', 4],
    ]);
    expect(gains({ biases: [{ from: 'conv_of_another', gain: 1 }], weights: [] })).toEqual([]);
  });

  it('shows the front while it searches, and keeps what was found when it is stopped', async () => {
    const seen: number[] = [];
    const result = await searched(sampleInput(), 32 * 1024, ({ front, evaluations }, call) => {
      seen.push(front.length);
      if (evaluations > 60) stopFit({ call });
    });
    expect(seen.length).toBeGreaterThan(0);
    expect(result).toMatchObject({ kind: 'found', end: { cancelled: true, provenOptimal: false } });
  });

  it('says what to do where nothing fits, and where the plan has errors', async () => {
    const nothing = await searched(sampleInput(measured), 1000);
    expect(nothing).toMatchObject({ kind: 'failed', problem: { remedy: expect.stringContaining('raise the budget') } });
    const broken = described(sampleInput(measured, sampleText.replace('last_conv', 'last_conf')));
    expect(broken.plan).toBeUndefined();
    expect(broken.problems[0]?.message).toContain('last_conf');
  });
});
