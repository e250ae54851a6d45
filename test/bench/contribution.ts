/** Measured contributions of mcunet-5fps beside the published ones: `npm run bench -- contribution FILE`. */
import { readFileSync } from 'node:fs';
import { rankCorrelation } from '../../compiler/search/rank.ts';
import { publishedContributions } from '../support/published-contributions.ts';

interface MeasuredWeights {
  readonly layer: string;
  readonly weights: string;
  readonly gain: number;
  readonly accuracyGain: number;
  readonly fisher: number;
  readonly gradientNorm: number;
}

export interface ContributionSummary {
  /** Spearman's, with the published gains of the same layers and shares; so of so many pairs. */
  readonly published: number;
  readonly pairs: number;
  /** With the gains of all measured weights. */
  readonly fisher: number;
  readonly gradientNorm: number;
  /** Of the gains read off the loss with those counted. */
  readonly counted: number;
  /** Mean gains, in points, of layers trained as a whole. */
  readonly firstPointwise: number;
  readonly secondPointwise: number;
  readonly depthwise: number;
  /** Of whole first 1x1 layers: the later half of those measured, and the earlier. */
  readonly later: number;
  readonly earlier: number;
}

export function runContribution([file]: readonly string[]): ContributionSummary {
  if (file === undefined) throw new Error('which file? One that `firmtune contribution --out` wrote');
  const { weights } = JSON.parse(readFileSync(file, 'utf8')) as { readonly weights: readonly MeasuredWeights[] };
  const published = new Map(
    publishedContributions.weights.map(({ layer, fraction, gain }) => [`${layer} ${fraction.denominator}`, gain]),
  );
  const pairs = weights.flatMap(({ layer, weights: share, gain }) => {
    const other = published.get(`${layer} ${share === 'all' ? 1 : share.slice(2)}`);
    return other === undefined ? [] : [[gain, other] as const];
  });
  const gains = weights.map(({ gain }) => gain);
  const of = (key: 'fisher' | 'gradientNorm' | 'accuracyGain'): number =>
    rounded(
      rankCorrelation(
        gains,
        weights.map((each) => each[key]),
      ),
    );
  const whole = weights.filter((each) => each.weights === 'all');
  const kind = (ending: string): readonly number[] =>
    whole.filter(({ layer }) => layer.endsWith(ending)).map(({ gain }) => gain);
  // In the order of the network.
  const first = whole
    .filter(({ layer }) => layer.endsWith('pointwise1'))
    .sort((a, b) => blockOf(a.layer) - blockOf(b.layer))
    .map(({ gain }) => gain);
  const half = Math.floor(first.length / 2);
  return {
    published: rounded(
      rankCorrelation(
        pairs.map(([gain]) => gain),
        pairs.map(([, other]) => other),
      ),
    ),
    pairs: pairs.length,
    fisher: of('fisher'),
    gradientNorm: of('gradientNorm'),
    counted: of('accuracyGain'),
    firstPointwise: mean(first),
    secondPointwise: mean(kind('pointwise2')),
    depthwise: mean(kind('depthwise')),
    later: mean(first.slice(half)),
    earlier: mean(first.slice(0, half)),
  };
}

function blockOf(layer: string): number {
  return Number(/\d+/.exec(layer)?.[0] ?? 0);
}

function mean(values: readonly number[]): number {
  return rounded(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
