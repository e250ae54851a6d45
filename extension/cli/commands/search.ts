import { readFile } from 'node:fs/promises';
import type { Diagnostic } from '../../../compiler/diagnostics.ts';
import { defaultEvaluations, type Scheme, searchScheme, type Update } from '../../../compiler/search/scheme.ts';
import { searchableLayers } from '../../../compiler/search/space.ts';
import { applyEdits } from '../../../language/index.ts';
import { printWeights } from '../../../language/print.ts';
import { editForUpdate, updateLines } from '../../../language/updateBlock.ts';
import { type Command, countFlag, failed, type Io, operandAt, textFlag, UsageError } from '../command.ts';
import { type Verification, verify } from '../contribution/verify.ts';
import { readContributions } from '../files/contributions.ts';
import { type LoadedPlan, loadPlan } from '../files/plan.ts';
import { writeAtomically } from '../files/write.ts';
import { bytesText, percentText, table } from '../output.ts';

export const search: Command = {
  name: 'search',
  operands: ['PLAN'],
  flagsHelp:
    '--budget BYTES [--contributions FILE] [--macs N] [--seed S] [--evaluations N]\n' +
    '       [--verify N] [--per-class N] [--write]',
  summary: 'finds the best update choice whose planned SRAM stays within a budget; --write puts it into the plan',
  flags: {
    budget: { type: 'string' },
    contributions: { type: 'string' },
    macs: { type: 'string' },
    seed: { type: 'string' },
    evaluations: { type: 'string' },
    verify: { type: 'string' },
    'per-class': { type: 'string' },
    write: { type: 'boolean' },
  },
  async run(invocation, io) {
    const { flags } = invocation;
    const budgetBytes = countFlag(flags, 'budget', 1);
    if (budgetBytes === undefined) throw new UsageError('--budget is missing');
    const [stepMacs, seed] = [countFlag(flags, 'macs', 1), countFlag(flags, 'seed', 0)];
    const [evaluations, seeds] = [countFlag(flags, 'evaluations', 1), countFlag(flags, 'verify', 1)];
    const perClass = countFlag(flags, 'per-class', 1);
    const loaded = await loadPlan(operandAt(invocation, 0));
    if (!loaded.ok) return failed(loaded.diagnostics);
    const { graph, plan, diagnostics } = loaded.value;
    const file = textFlag(flags, 'contributions');
    const contributions = file === undefined ? undefined : await readContributions(file, searchableLayers(graph, plan));
    if (contributions?.ok === false) return failed([...diagnostics, ...contributions.diagnostics]);
    const found = await searchScheme(graph, plan, {
      budgetBytes,
      contributions: contributions?.value,
      stepMacs,
      seed,
      evaluations,
      signal: io.signal,
      onProgress: progressPrinter(io),
    });
    if (!found.ok) return failed([...diagnostics, ...loaded.value.placed(found.diagnostics)]);
    const verified =
      seeds === undefined ? undefined : await verify(loaded.value, found.value.update, seeds, perClass, io);
    if (verified?.ok === false) return failed([...diagnostics, ...verified.diagnostics]);
    const verification = verified?.value;
    const written = flags.write === true ? await writeUpdate(loaded.value, found.value.update) : [];
    return {
      document: { ...schemeJson(found.value), ...(verification === undefined ? {} : { verification }) },
      text: () => schemeText(loaded.value, found.value) + verificationText(verification),
      diagnostics: [...diagnostics, ...written],
    };
  },
};

async function writeUpdate({ file, graph }: LoadedPlan, update: Update): Promise<readonly Diagnostic[]> {
  const text = await readFile(file, 'utf8');
  const edit = editForUpdate(text, graph, update);
  return edit === undefined ? [] : (await writeAtomically(file, applyEdits(text, [edit]))).diagnostics;
}

function updateJson(update: Update): readonly object[] {
  return [...update].map(([layer, { bias, weights }]) => ({
    layer,
    bias,
    weights: printWeights(weights).replace('weights ', ''),
  }));
}

function schemeJson({ update, totals, pareto, why, ...scheme }: Scheme): object {
  const { sramBytes, arenaBytes, trainableBytes, flashBytes, macs } = totals;
  return {
    update: updateJson(update),
    sramBytes,
    ...scheme,
    arenaBytes,
    trainableBytes,
    flashBytes,
    macs,
    pareto: pareto.map((point) => ({ ...point, update: updateJson(point.update) })),
    why,
  };
}

/** How many points of the front are worth a line. */
const shownPoints = 16;

function schemeText({ graph }: LoadedPlan, scheme: Scheme): string {
  const { update, totals, score, pareto, why, evaluations } = scheme;
  const every = Math.max(1, Math.ceil(pareto.length / shownPoints));
  const front = pareto.filter((_, index) => (pareto.length - 1 - index) % every === 0);
  const rows = front.map((point) => [point.sramBytes, point.score.toFixed(2)]);
  return [
    ['update {', ...updateLines(graph, update).map((line) => `  ${line}`), '}', ''].join('\n'),
    `score ${score.toFixed(2)} points, ${proofText(scheme)}; ${evaluations} choices compiled\n` +
      `SRAM ${bytesText(totals.sramBytes)}: arena ${bytesText(totals.arenaBytes)}, ` +
      `trained ${bytesText(totals.trainableBytes)}; flash ${bytesText(totals.flashBytes)}\n`,
    why.map(({ layer, text }) => (layer === undefined ? `${text}\n` : `  ${layer}: ${text}\n`)).join(''),
    table([{ title: 'SRAM, B' }, { title: 'score' }], rows),
  ].join('\n');
}

function verificationText(verification: Verification | undefined): string {
  if (verification === undefined) return '';
  const { found, before, epochs, seeds } = verification;
  const rows = [
    { name: 'this choice', ...found },
    { name: 'the plan as it was', ...before },
  ].map(({ name, sramBytes, testAccuracy, mean }) => [
    name,
    sramBytes,
    percentText(mean),
    testAccuracy.map((accuracy) => percentText(accuracy)).join(', '),
  ]);
  const columns = [
    { title: `trained for ${epochs} epochs`, align: 'left' },
    { title: 'SRAM, B' },
    { title: 'test accuracy' },
    { title: `seeds ${seeds.join(', ')}`, align: 'left' },
  ] as const;
  return `\n${table(columns, rows)}`;
}

function proofText({ provenOptimal, complete, scoreBound }: Scheme): string {
  if (provenOptimal) return 'and no choice scores higher (proven)';
  const bound = Number.isFinite(scoreBound) ? `; none can score above ${scoreBound.toFixed(2)}` : '';
  return complete ? `the best of a complete search${bound}` : `the best that was found${bound}`;
}

function progressPrinter(io: Io): Parameters<typeof searchScheme>[2]['onProgress'] {
  let last = performance.now();
  return ({ evaluations, ofEvaluations = defaultEvaluations, score }) => {
    if (performance.now() - last < 1000) return;
    last = performance.now();
    const best = score === undefined ? 'nothing fits yet' : `best score ${score.toFixed(2)}`;
    io.err(`searching: ${evaluations} of at most ${ofEvaluations} choices compiled, ${best}\n`);
  };
}
