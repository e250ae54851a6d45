import { describe, expect, it } from 'vitest';
import { withTemporaryDirectory } from '../../extension/cli/board/bench.ts';
import { buildHostProgram, runHostProgram } from '../../extension/cli/board/host.ts';
import { findTools } from '../../extension/cli/board/tools.ts';
import { expectedTraining, type FakeOptions, fakeModel, fakeSamples } from './fakeModel.ts';

const samples = fakeSamples(30);

describe.each(['gcc', 'clang'] as const)('%s on the host', (name) => {
  const tools = findTools([name]);
  const compiler = tools.ok ? tools.value[name] : '';

  async function train(options: FakeOptions) {
    return await withTemporaryDirectory(async (directory) => {
      const program = await buildHostProgram({ ...fakeModel(options), compiler, directory });
      if (!program.ok) return program;
      return await runHostProgram(program.value, { training: samples, inference: [] });
    });
  }

  it.skipIf(!tools.ok)(`trains bit for bit as computed here (skipped: needs ${name})`, async () => {
    const result = await train({});
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
    const expected = expectedTraining(samples);
    expect(result.value.steps.map((step) => step.lossBits)).toEqual(expected.lossBits);
    expect(result.value.learned).toEqual(expected.learned);
  });

  it.skipIf(!tools.ok)(`finds memory errors and undefined behaviour (skipped: needs ${name})`, async () => {
    const overflow = await train({ inject: 'arena[label + 64] = 1;' });
    expect(overflow.diagnostics).toMatchObject([{ code: 'run-failed', message: expect.stringContaining('shelf.c') }]);
    const undefinedShift = await train({ inject: 'learned.turns = 1u << (label + 32);' });
    expect(undefinedShift.diagnostics).toMatchObject([{ message: expect.stringContaining('shift exponent') }]);
  });
});
