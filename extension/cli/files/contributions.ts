/** The file of contributions that `contribution --out` writes and `search --contributions` reads. */
import * as v from 'valibot';
import { failure, type Result, success } from '../../../compiler/diagnostics.ts';
import type { Contributions } from '../../../compiler/search/space.ts';
import { errorText, readInput } from './read.ts';

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

/** `layers`: those that the model has; a file for another model is refused. */
export async function readContributions(file: string, layers: readonly string[]): Promise<Result<Contributions>> {
  const bytes = await readInput(file, 'contributions');
  if (!bytes.ok) return bytes;
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
    json = JSON.parse(new TextDecoder().decode(bytes.value));
  } catch (error) {
    return damaged(`this is no JSON: ${errorText(error)}`);
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
  const fractionOf = (text: string): Fraction => ({
    numerator: 1,
    denominator: text === 'all' ? 1 : Number(text.slice(2)),
  });
  return success({
    source: 'measured',
    biases,
    weights: weights.map((each) => ({ layer: each.layer, fraction: fractionOf(each.weights), gain: each.gain })),
  });
}
