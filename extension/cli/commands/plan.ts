import type { MemoryReport } from '../../../compiler/memory/report.ts';
import { type BestChange, bestChange, type Switch } from '../../../compiler/search/prices.ts';
import { estimateTime, type StepTime } from '../../../compiler/timing/instructions.ts';
import type { Target, TrainingPlan } from '../../../compiler/training/plan.ts';
import { printWeights } from '../../../language/print.ts';
import { type Command, failed, operandAt } from '../command.ts';
import { compilePlanFile } from '../compilation.ts';
import { bytesText, shapeText, table } from '../output.ts';

export const plan: Command = {
  name: 'plan',
  operands: ['PLAN'],
  flagsHelp: '',
  summary: 'what training takes: memory with its lower bound, the timeline, operations',
  flags: {},
  async run(invocation) {
    const compiled = await compilePlanFile(operandAt(invocation, 0));
    if (!compiled.ok) return failed(compiled.diagnostics);
    const { graph, plan, compilation, memory, milliseconds, diagnostics } = compiled.value;
    const { diagnostics: _, ...fields } = memory;
    const best = bestChange(graph, plan, compilation);
    const time = estimateTime(compilation, plan.target);
    return {
      document: {
        ...fields,
        peak: { ...fields.peak, ...(best === undefined ? {} : { bestChange: best }) },
        ...(time === undefined ? {} : { estimatedInstructions: time.instructions }),
        ...(time?.milliseconds === undefined ? {} : { estimatedMilliseconds: time.milliseconds }),
        milliseconds,
      },
      text: () => `${memoryText(memory, plan, milliseconds, best)}${timeText(time, plan.target)}`,
      diagnostics,
    };
  },
};

/** How many of the buffers alive at the peak are worth a line. */
const shownAtPeak = 8;

export function memoryText(
  memory: MemoryReport,
  { name, target, budgetBytes }: TrainingPlan,
  ms: number,
  best: BestChange | undefined,
): string {
  return [
    `${name}: one training step in ${memory.steps.length} steps, compiled in ${ms} ms\n`,
    totalsText(memory, budgetBytes, target.flashBytes),
    peakText(memory, best),
    chainsText(memory),
    trainedText(memory),
    `MACs per step: forward ${count(memory.macs.forward)}, backward ${count(memory.macs.backward)}, ` +
      `update ${count(memory.macs.update)}\n`,
  ].join('\n');
}

function timeText(time: StepTime | undefined, { core, clockHz }: Target): string {
  if (time === undefined) return `Instructions per step: not estimated, as nothing was measured on ${core}\n`;
  const { total, instructions, milliseconds } = time;
  const { forward, backward, update } = instructions;
  const parts = `forward ${count(forward)}, backward ${count(backward)}, update ${count(update)}`;
  const duration =
    milliseconds === undefined || clockHz === undefined
      ? ''
      : `; ${milliseconds.toPrecision(3)} ms at one per cycle of ${clockHz / 1e6} MHz`;
  return `Instructions per step (estimated): ${count(total)} (${parts})${duration}\n`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function totalsText(memory: MemoryReport, budgetBytes: number, flashBytes: number): string {
  const bound = memory.provenOptimal
    ? 'the least possible'
    : `no packing takes less than ${count(memory.lowerBoundBytes)}`;
  return table(
    [{ title: 'memory', align: 'left' }, { title: 'bytes' }, { title: '', align: 'left' }],
    [
      ['arena', memory.arenaBytes, bound],
      ['trained weights, biases, optimiser', memory.trainableBytes, ''],
      ['state', memory.stateBytes, ''],
      ['stack (estimated)', memory.stackBytes, ''],
      ['SRAM in all', memory.sramBytes, `of ${bytesText(budgetBytes)}`],
      ['flash', memory.flashBytes, `of ${bytesText(flashBytes)}; the code's share is estimated`],
      ['sparse update, as papers count it', memory.sparseUpdateBytes, ''],
    ],
  );
}

function peakText({ peak }: MemoryReport, best: BestChange | undefined): string {
  const shown = peak.alive.slice(0, shownAtPeak);
  const rest = peak.alive.slice(shownAtPeak);
  const rows = shown.map(({ name, role, bytes, reason }) => [name, role, bytes, reason]);
  if (rest.length > 0) rows.push([`${rest.length} more`, '', rest.reduce((sum, { bytes }) => sum + bytes, 0), '']);
  const alive = table(
    [
      { title: 'alive then', align: 'left' },
      { title: 'role', align: 'left' },
      { title: 'bytes' },
      { title: 'why', align: 'left' },
    ],
    rows,
  );
  return `Peak ${bytesText(peak.bytes)} in step ${peak.step}: ${peak.layer}, ${peak.phase}\n${alive}${bestText(best)}`;
}

function bestText(best: BestChange | undefined): string {
  if (best === undefined) return 'No single change of a layer that trains lowers it\n';
  const change = `\`${best.layer}: ${switchText(best.change)}\``;
  const all = `SRAM in all by ${count(best.sramBytes)} B`;
  return best.bytes === 0
    ? `No single change of a layer that trains lowers it; ${change} lowers ${all}\n`
    : `Lowered most by ${change}: by ${count(best.bytes)} B, ${all}\n`;
}

function switchText(change: Switch): string {
  if (change.kind === 'weights') return printWeights(change.weights);
  return change.bias ? 'bias' : 'bias none';
}

function chainsText({ chains }: MemoryReport): string {
  if (chains.length === 0) return 'Streams nothing\n';
  const rows = chains.map(({ layers, kind, turns, heldBytes }) => [
    layers.length > 2 ? `${layers[0]} .. ${layers.at(-1)}` : layers.join(', '),
    kind === 'rows' ? 'rows, forward' : 'channels, backward',
    turns,
    heldBytes,
  ]);
  return table(
    [
      { title: 'streamed', align: 'left' },
      { title: 'by', align: 'left' },
      { title: 'turns' },
      { title: 'bytes between them' },
    ],
    rows,
  );
}

function trainedText({ layers }: MemoryReport): string {
  const trained = layers.filter(({ bias, weights }) => bias || weights > 0);
  const rows = trained.map(({ name, bias, weights, channels, weightShape, trainableBytes }) => [
    name,
    bias ? 'yes' : '',
    weights === 0 ? '' : weights === channels ? `all ${channels} channels` : `${weights} of ${channels} channels`,
    weightShape === undefined ? '' : shapeText(weightShape),
    trainableBytes,
  ]);
  const heading = `Trains ${trained.length} of ${layers.length} layers with weights\n`;
  return (
    heading +
    table(
      [
        { title: 'layer', align: 'left' },
        { title: 'bias', align: 'left' },
        { title: 'weights', align: 'left' },
        { title: 'shape', align: 'left' },
        { title: 'bytes' },
      ],
      rows,
    )
  );
}
