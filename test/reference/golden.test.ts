import { describe, expect, it } from 'vitest';
import { readTflite } from '../../compiler/model/tflite.ts';
import { goldenInputs, goldenModelBytes, goldenModels, goldenOutputs, hasGoldenOperators } from '../support/golden.ts';
import { referenceForward } from './forward.ts';
import { rules } from './rules.ts';
import { at } from './values.ts';

const models = goldenModels().filter(({ operator }) => rules[operator] !== undefined);

describe.skipIf(!hasGoldenOperators)('reference forward (skipped: needs ../shared/data)', () => {
  it.each(models)('is within 1 unit of TFLite in $model', (golden) => {
    const graph = readTflite(goldenModelBytes(golden), golden.model);
    if (!graph.ok) throw new Error(JSON.stringify(graph.diagnostics));
    const expected = goldenOutputs(golden);
    goldenInputs(golden).forEach((inputs, vector) => {
      const { values } = referenceForward(graph.value, inputs, 'int8');
      graph.value.outputs.forEach((id, output) => {
        const actual = values.get(id) ?? new Float64Array();
        const wanted = expected[vector]?.[output] ?? new Float64Array();
        expect(actual.length).toBe(wanted.length);
        const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - at(wanted, i))), 0);
        expect(worst).toBeLessThanOrEqual(1);
      });
    });
  });
});
