import type { MemoryReport } from '../../../compiler/memory/report.ts';
import type { TrainingPlan } from '../../../compiler/training/plan.ts';
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
    const { memory, milliseconds, diagnostics } = compiled.value;
    const { diagnostics: _, ...fields } = memory;
    return {
      document: { ...fields, milliseconds },
      text: () => memoryText(memory, compiled.value.plan, milliseconds),
      diagnostics,
    };
  },
};

/** How many of the buffers alive at the peak are worth a line. */
const shownAtPeak = 8;

export function memoryText(memory: MemoryReport, { name, target, budgetBytes }: TrainingPlan, ms: number): string {
  return [
    `${name}: one training step in ${memory.steps.length} steps, compiled in ${ms} ms\n`,
    totalsText(memory, budgetBytes, target.flashBytes),
    peakText(memory),
    trainedText(memory),
    `MACs per step: forward ${count(memory.macs.forward)}, backward ${count(memory.macs.backward)}, ` +
      `update ${count(memory.macs.update)}\n`,
  ].join('\n');
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

function peakText({ peak }: MemoryReport): string {
  const shown = peak.alive.slice(0, shownAtPeak);
  const rest = peak.alive.slice(shownAtPeak);
  const rows = shown.map(({ name, role, bytes }) => [name, role, bytes]);
  if (rest.length > 0) rows.push([`${rest.length} more`, '', rest.reduce((sum, { bytes }) => sum + bytes, 0)]);
  const alive = table(
    [{ title: 'alive then', align: 'left' }, { title: 'role', align: 'left' }, { title: 'bytes' }],
    rows,
  );
  return `Peak ${bytesText(peak.bytes)} in step ${peak.step}: ${peak.layer}, ${peak.phase}\n${alive}`;
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
