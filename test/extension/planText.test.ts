import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readTflite } from '../../compiler/model/tflite.ts';
import { newPlanText } from '../../extension/planText.ts';
import { formatPlan, parsePlan, resolvePlan } from '../../language/index.ts';

function sampleGraph() {
  const read = readTflite(new Uint8Array(readFileSync('extension/samples/garments/garments.tflite')), 'garments');
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  return read.value;
}

const graph = sampleGraph();
const given = { graph, modelPath: 'garments.tflite', board: 'stm32f746', sramBytes: 320 * 1024 };

describe('the text of a new plan', () => {
  it('means a plan without an error or a warning, in the formatter’s layout', () => {
    for (const data of [undefined, { path: 'data', classes: 5 }, { path: 'my "data"', classes: 7 }]) {
      const text = newPlanText({ ...given, data }) ?? '';
      expect(resolvePlan(parsePlan(text, 'garments.trainplan'), graph)).toMatchObject({ ok: true, diagnostics: [] });
      expect(formatPlan(text)).toBe(text);
    }
  });

  it('trains the classifier in full, and the biases of the last third', () => {
    const text = newPlanText(given) ?? '';
    const resolved = resolvePlan(parsePlan(text, 'garments.trainplan'), graph);
    if (!resolved.ok) throw new Error(text);
    const { update } = resolved.value;
    expect(update.get('classifier')).toMatchObject({
      bias: true,
      weights: { kind: 'fraction', numerator: 1, denominator: 1 },
    });
    expect([...update.keys()]).toEqual([
      'block3.pointwise2',
      'block4.pointwise1',
      'block4.depthwise',
      'block4.pointwise2',
      'last_conv',
      'classifier',
    ]);
  });

  it('asks for a new classifier where the data has other classes than the model', () => {
    expect(newPlanText({ ...given, data: { path: 'data', classes: 7 } })).toContain('\n  classes 7\n');
    expect(newPlanText({ ...given, data: { path: 'data', classes: 5 } })).not.toContain('classes');
  });

  it('is not there for a model without a layer that can train', () => {
    const layers = graph.layers.filter(({ operator }) => operator === 'ADD');
    expect(newPlanText({ ...given, graph: { ...graph, layers } })).toBeUndefined();
  });
});
