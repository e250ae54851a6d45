/**
 * `npm run bench -- replan [PLAN] [--toggles N]`: how long it takes from a switched layer to the new arena: differentiate,
 * schedule, stream, pack and report, without parsing.
 */

import { parseArgs } from 'node:util';
import { compile } from '../../compiler/compile.ts';
import { memoryReport } from '../../compiler/memory/report.ts';
import { isWeighted } from '../../compiler/operators/weighted.ts';
import { type RandomSource, randomSource } from '../../compiler/simulate/random.ts';
import { frozen, type LayerUpdate, type TrainingPlan, type WeightSelection } from '../../compiler/training/plan.ts';
import { loadPlan } from '../../extension/cli/files/plan.ts';

export interface ReplanTimes {
  readonly toggles: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
  /** How many of the arenas were proven optimal within their time. */
  readonly proven: number;
}

const standard = '../shared/data/plans/mcunet-5fps-49kb.trainplan';
const warmUp = 30;

export async function runReplan(args: readonly string[]): Promise<ReplanTimes> {
  const options = { toggles: { type: 'string' }, json: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [file = standard] = positionals;
  const toggles = Number(values.toggles ?? 200);
  const loaded = await loadPlan(file);
  if (!loaded.ok) throw new Error(`${file}: ${loaded.diagnostics[0]?.message}`);
  const { graph, plan } = loaded.value;
  const layers = graph.layers.filter((layer) => isWeighted(graph, layer)).map(({ name }) => name);
  const random = randomSource(1);
  const times: number[] = [];
  let proven = 0;
  for (let toggle = -warmUp; toggle < toggles; toggle++) {
    const changed = withToggle(plan, layers, random);
    const start = performance.now();
    const compiled = compile(graph, changed);
    if (compiled.ok) memoryReport(compiled.value, changed);
    const milliseconds = performance.now() - start;
    if (!compiled.ok || toggle < 0) continue;
    times.push(milliseconds);
    if (compiled.value.arena.provenOptimal) proven++;
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => Number((times[Math.ceil(share * times.length) - 1] ?? 0).toFixed(1));
  return { toggles: times.length, p50: at(0.5), p95: at(0.95), most: at(1), proven };
}

/** The plan with one switch of one layer in another position. */
function withToggle(plan: TrainingPlan, layers: readonly string[], random: RandomSource): TrainingPlan {
  const pick = <T>(values: readonly T[]): T | undefined => values[random.below(values.length)];
  const layer = pick(layers) ?? '';
  const now = plan.update.get(layer) ?? frozen;
  const next: LayerUpdate =
    random.below(2) === 0 ? { ...now, bias: !now.bias } : { ...now, weights: pick(positions) ?? now.weights };
  return { ...plan, update: new Map([...plan.update, [layer, next]]) };
}

const part = (denominator: number): WeightSelection => ({ kind: 'fraction', numerator: 1, denominator, first: false });
const positions: readonly WeightSelection[] = [{ kind: 'none' }, part(8), part(4), part(2), part(1)];
