import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Compilation, compile } from '../../../compiler/compile.ts';
import { estimateInstructions, estimateTime } from '../../../compiler/timing/instructions.ts';
import { workOf } from '../../../compiler/timing/work.ts';
import type { TrainingPlan } from '../../../compiler/training/plan.ts';
import { compilePlanFile } from '../../../extension/cli/compilation.ts';

const garments = 'extension/samples/garments/garments.trainplan';
const shared = '../shared/data/plans';

async function compiledPlan(file: string, change: (plan: TrainingPlan) => TrainingPlan = (plan) => plan) {
  const read = await compilePlanFile(file);
  if (!read.ok) throw new Error(read.diagnostics[0]?.message);
  const plan = change(read.value.plan);
  const compilation = compile(read.value.graph, plan);
  if (!compilation.ok) throw new Error(compilation.diagnostics[0]?.message);
  return { plan, compilation: compilation.value };
}

function total(compilation: Compilation): number {
  const { forward = 0, backward = 0, update = 0 } = estimateInstructions(compilation, 'cortex-m7') ?? {};
  return forward + backward + update;
}

describe('the work of a program', () => {
  it('has the multiply-accumulates of every step', async () => {
    const { compilation } = await compiledPlan(garments, (plan) => ({
      ...plan,
      train: { ...plan.train, stream: false },
    }));
    // A tile of positions of the sample's widths is never done again in part, but where a row has 7 positions.
    const work = workOf(compilation).filter(({ kernel }) => kernel !== 'ft_conv_s8');
    const steps = compilation.program.steps.filter(({ calls }) => calls.every(({ kernel }) => kernel !== 'ft_conv_s8'));
    const sum = (values: readonly { readonly macs: number }[]): number =>
      values.reduce((all, { macs }) => all + macs, 0);
    expect(sum(work)).toBe(sum(steps));
    expect(sum(steps)).toBeGreaterThan(100_000);
  });

  it('counts positions twice that the last tile of a row does again', async () => {
    const { compilation } = await compiledPlan(garments);
    const [odd] = workOf(compilation).filter(
      ({ layer, kernel }) => layer === 'block2.pointwise1' && kernel === 'ft_conv_s8',
    );
    // Rows of 7 positions in tiles of 4; 16 channels in, 48 out.
    expect(odd).toMatchObject({ variant: '1x1 by 4', macs: (7 * 7 * 16 * 48 * 8) / 7 });
  });
});

describe('the estimate of instructions', () => {
  // Counted on an emulated Cortex-M7: docs/benchmarks.md, "Instructions before anything is built".
  it('is near what the sample takes', async () => {
    const { compilation } = await compiledPlan(garments);
    expect(Math.abs(total(compilation) / 2_541_955 - 1)).toBeLessThan(0.1);
  });

  const counted = {
    'mcunet-5fps-49kb': 59_056_445,
    'mbv2-w0.35-138kb': 63_957_000,
    'proxyless-w0.3-148kb': 74_960_000,
  };
  const missing = existsSync(shared) ? '' : ' (skipped: needs ../shared/data, which is not part of the repository)';
  it.skipIf(missing !== '')(`is near what published plans take${missing}`, async () => {
    for (const [name, instructions] of Object.entries(counted)) {
      const { compilation } = await compiledPlan(join(shared, `${name}.trainplan`));
      expect(Math.abs(total(compilation) / instructions - 1), name).toBeLessThan(0.05);
    }
  });

  it('counts what is done once a batch with its share', async () => {
    const { compilation } = await compiledPlan(garments, (plan) => ({ ...plan, train: { ...plan.train, batch: 8 } }));
    const { program } = compilation;
    const training = program.ports.training;
    if (training === undefined) throw new Error('the program trains');
    const steps = program.steps.map((step) => ({ ...step, when: 'always' as const }));
    const every = total({ ...compilation, program: { ...program, steps } });
    const ports = { ...program.ports, training: { ...training, batch: 16 } };
    const sixteenth = total({ ...compilation, program: { ...program, ports } });
    const eighth = total(compilation);
    expect(every).toBeGreaterThan(eighth + 10_000);
    expect((every - sixteenth) / (every - eighth)).toBeCloseTo(15 / 16 / (7 / 8), 3);
  });

  it('gives milliseconds where the clock is known, at one instruction per cycle', async () => {
    const { compilation, plan } = await compiledPlan(garments);
    expect(estimateTime(compilation, plan.target)).not.toHaveProperty('milliseconds');
    const time = estimateTime(compilation, { ...plan.target, clockHz: 216e6 });
    expect(time?.milliseconds).toBeCloseTo(total(compilation) / 216e3, 6);
  });

  it('says nothing of cores on which nothing was measured', async () => {
    const { compilation, plan } = await compiledPlan(garments);
    expect(estimateTime(compilation, { ...plan.target, core: 'xtensa-lx7' })).toBeUndefined();
  });
});
