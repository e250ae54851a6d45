/**
 * `npm run bench -- memory [FILTER] [--board NAME] [--steps N]`: what every published plan takes, by the report and, with
 * a board, by linker map, painted stack and counted instructions.
 */

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { compilePlanFile } from '../../extension/cli/compilation.ts';
import { run } from '../../extension/cli/run.ts';

export interface MemoryRow {
  readonly plan: string;
  readonly arenaBytes: number;
  readonly lowerBoundBytes: number;
  readonly provenOptimal: boolean;
  readonly trainableBytes: number;
  readonly stateBytes: number;
  readonly stackBytes: number;
  readonly sramBytes: number;
  readonly flashBytes: number;
  readonly sparseUpdateBytes: number;
  /** Of one compilation, in a process that has compiled the same model before. */
  readonly milliseconds: number;
  readonly board?: BoardRow;
}

export interface BoardRow {
  readonly sramBytes: number;
  readonly stackBytes: number;
  readonly flashBytes: number;
  readonly trainStepInstructions: number;
  readonly inferenceInstructions: number;
  readonly sameAsSimulator: boolean;
}

const folder = '../shared/data/plans';

/** @param onRow called with each row as it is done */
export async function runMemory(
  args: readonly string[],
  onRow: (row: MemoryRow) => void = () => {},
): Promise<readonly MemoryRow[]> {
  const options = { board: { type: 'string' }, steps: { type: 'string' }, json: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [filter = ''] = positionals;
  const files = readdirSync(folder).filter((name) => name.endsWith('.trainplan') && name.includes(filter));
  const rows: MemoryRow[] = [];
  for (const name of inOrder(files)) {
    const row = await memoryRow(join(folder, name));
    const { board, steps = '2' } = values;
    rows.push(board === undefined ? row : { ...row, board: await boardRow(join(folder, name), board, steps) });
    onRow(rows.at(-1) ?? row);
  }
  return rows;
}

/** By model, then by the scheme's size. */
function inOrder(files: readonly string[]): readonly string[] {
  return [...files].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

async function memoryRow(file: string): Promise<MemoryRow> {
  await compilePlanFile(file);
  const compiled = await compilePlanFile(file);
  if (!compiled.ok) throw new Error(`${file}: ${compiled.diagnostics[0]?.message}`);
  const { memory, milliseconds } = compiled.value;
  const { arenaBytes, lowerBoundBytes, provenOptimal, trainableBytes, stateBytes } = memory;
  const { stackBytes, sramBytes, flashBytes, sparseUpdateBytes } = memory;
  return {
    plan: basename(file, '.trainplan'),
    arenaBytes,
    lowerBoundBytes,
    provenOptimal,
    trainableBytes,
    stateBytes,
    stackBytes,
    sramBytes,
    flashBytes,
    sparseUpdateBytes,
    milliseconds,
  };
}

async function boardRow(plan: string, board: string, steps: string): Promise<BoardRow> {
  const output: string[] = [];
  const messages: string[] = [];
  const io = { out: (text: string) => output.push(text), err: (text: string) => messages.push(text) };
  const code = await run(['bench', plan, '--board', board, '--steps', steps, '--json'], io);
  const document = JSON.parse(output.join('') || '{}');
  if (document.sram === undefined) throw new Error(`${plan}: exit code ${code}\n${messages.join('')}`);
  return {
    sramBytes: document.sram.total,
    stackBytes: document.sram.stack,
    flashBytes: document.flashBytes,
    trainStepInstructions: document.trainStepInstructions,
    inferenceInstructions: document.inferenceInstructions,
    sameAsSimulator: document.sameAsSimulator,
  };
}
