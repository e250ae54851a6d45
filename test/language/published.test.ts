import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTflite } from '../../compiler/model/tflite.ts';
import { parsePlan, resolvePlan } from '../../language/index.ts';

const plans = resolve(import.meta.dirname, '../../../shared/data/plans');

describe.skipIf(!existsSync(plans))('the published schemes (skipped: needs ../shared/data)', () => {
  const files = existsSync(plans) ? readdirSync(plans).filter((file) => file.endsWith('.trainplan')) : [];

  it.each(files)('%s resolves against its model, with the biases that it promises', (file) => {
    const text = readFileSync(join(plans, file), 'utf8');
    const parsed = parsePlan(text, join(plans, file));
    const modelPath = /model "(.*)"/.exec(text)?.[1] ?? '';
    const graph = readTflite(readFileSync(join(dirname(join(plans, file)), modelPath)), modelPath);
    if (!graph.ok) throw new Error(JSON.stringify(graph.diagnostics));
    const result = resolvePlan(parsed, graph.value);
    expect(result.diagnostics).toEqual([]);
    if (!result.ok) throw new Error('not resolved');
    const biases = [...result.value.update].filter(([name, update]) => update.bias && name !== 'classifier').length;
    // Each plan's first line counts its biases, that of the classifier aside.
    expect(biases).toBe(Number(/(\d+) biases/.exec(text)?.[1]));
  });
});
