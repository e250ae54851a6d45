import { describe, expect, it } from 'vitest';
import { compileInference } from '../../../compiler/compile.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { initialState, referenceBackward, referenceTraining } from '../../reference/step.ts';
import { at } from '../../reference/values.ts';
import { gradientProbe, heldBy } from './model.ts';
import { compiled, type PlanChanges, residual, residualUpdate, sampleOf, whole } from './networks.ts';

/** Largest difference to the float64 reference on the machine's own activations, relative to a tensor's largest gradient. */
async function differenceToReference(
  { gradients: precision = 'float32', ...others }: PlanChanges,
  softmax = false,
): Promise<number> {
  const network = residual(softmax);
  const changes: PlanChanges = { ...others, gradients: precision };
  const codes = sampleOf(8 * 8 * 3, 1, 7);
  const compilation = compiled(network, changes);
  const machine = await Machine.create(compilation.program);
  const settings = { head: 'float32', loss: 'cross-entropy', scaling: true, weights: 'int8' } as const;
  const training = referenceTraining(network, { ...settings, update: residualUpdate, ...changes });
  const inference = compileInference(network, { everyTensor: true });
  if (!inference.ok) throw new Error(JSON.stringify(inference.diagnostics));
  const everyTensor = await Machine.create(inference.value.program);
  everyTensor.infer(codes);
  const kept = new Set(training.graph.layers.flatMap(({ outputs }) => outputs));
  const activations = new Map(
    [...inference.value.tensors]
      .filter(([id]) => kept.has(id))
      .map(([id, buffer]) => [id, new Int8Array(everyTensor.bytes(buffer).slice().buffer)]),
  );
  const { trained } = referenceBackward(training, initialState(training), [codes], 2, { activations });
  const held = heldBy(machine, compilation.network.graph, { weights: 'int8' });
  const gradients = (await gradientProbe(network, changes))(held, codes, 2);
  let most = 0;
  for (const { layer, role, tensor } of training.trainables) {
    const one = held.find((candidate) => candidate.layer === layer && candidate.role === role);
    const got = one === undefined ? undefined : gradients.get(one);
    const wanted = trained.get(tensor) ?? new Float64Array();
    expect(got?.length, `${layer} ${role}`).toBe(wanted.length);
    const largest = wanted.reduce((size, g) => Math.max(size, Math.abs(g)), 1e-30);
    wanted.forEach((g, i) => {
      most = Math.max(most, Math.abs(g - at(got ?? [], i)) / largest);
    });
  }
  expect(training.trainables.length).toBe(held.length);
  return most;
}

describe('a compiled gradient', () => {
  it('is that of the float64 reference through a residual block, to 1e-5', async () => {
    const update = new Map([...residualUpdate, ['classifier', whole]]);
    expect(await differenceToReference({ update }, true)).toBeLessThan(1e-5);
  });

  it('is that of the float64 reference through a residual block, to 2e-4 with mantissas of 16 bits', async () => {
    const update = new Map([...residualUpdate, ['classifier', whole]]);
    expect(await differenceToReference({ update, gradients: 'int16' }, true)).toBeLessThan(2e-4);
  });

  it('is that of the reference in a new float head', async () => {
    expect(await differenceToReference({ classes: 5, update: new Map() })).toBeLessThan(1e-5);
  });
});
