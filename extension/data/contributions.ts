/** The file of contributions: `firmtune contribution --out` writes it, `search` and the editor read it. */
import * as v from 'valibot';
import { failure, type Result, success } from '../../compiler/diagnostics.ts';
import type { Contributions } from '../../compiler/search/space.ts';

const gain = v.pipe(v.number(), v.finite());

const schema = v.object({
  biases: v.array(v.object({ from: v.string(), gain })),
  weights: v.array(
    v.object({
      layer: v.string(),
      weights: v.pipe(v.string(), v.regex(/^(all|1\/[248])$/, 'expected all, 1/2, 1/4 or 1/8')),
      gain,
    }),
  ),
});

type Fraction = Contributions['weights'][number]['fraction'];

export function fractionText({ numerator, denominator }: Fraction): string {
  return numerator === denominator ? 'all' : `${numerator}/${denominator}`;
}

export function contributionsJson({ biases, weights }: Contributions): v.InferInput<typeof schema> {
  return {
    biases: [...biases],
    weights: weights.map(({ layer, fraction, gain }) => ({ layer, weights: fractionText(fraction), gain })),
  };
}

/** `layers`: those that the model has; a file for another model is refused. `file`: for the diagnostics. */
export function parseContributions(text: string, layers: readonly string[], file: string): Result<Contributions> {
  const damaged = (message: string): Result<never> =>
    failure({
      severity: 'error',
      code: 'contributions-damaged',
      message,
      remedy: 'write the file again with `firmtune contribution PLAN --out FILE`',
      file,
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return damaged(`this is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return damaged(`${v.getDotPath(issue) ?? 'the document'}: ${issue.message}`);
  }
  const { biases, weights } = parsed.output;
  const unknown = [...biases.map(({ from }) => from), ...weights.map(({ layer }) => layer)].find(
    (name) => !layers.includes(name),
  );
  if (unknown !== undefined) return damaged(`the model has no layer ${unknown} that could be chosen to train`);
  const fractionOf = (share: string): Fraction => ({
    numerator: 1,
    denominator: share === 'all' ? 1 : Number(share.slice(2)),
  });
  return success({
    source: 'measured',
    biases,
    weights: weights.map((each) => ({ layer: each.layer, fraction: fractionOf(each.weights), gain: each.gain })),
  });
}
