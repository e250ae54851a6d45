import { dirname, relative } from 'node:path';
import process from 'node:process';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { figureOf, type MonitorLine, readMonitorLine } from '../../../compiler/simulate/monitorLine.ts';
import { findTools } from '../board/tools.ts';
import {
  type Command,
  type FlagValues,
  failed,
  type Invocation,
  type Io,
  operandAt,
  requiredFlag,
  textFlag,
  UsageError,
} from '../command.ts';
import { loadPlan } from '../files/plan.ts';
import { buildFirmwareProject, type FirmwareProject, findFirmware } from '../firmware/build.ts';
import { newestFile } from '../firmware/elf.ts';
import {
  boardFor,
  type EmulatorName,
  emulatorArguments,
  emulators,
  isEmulatorName,
  isNoise,
} from '../firmware/emulators.ts';
import { runLive } from '../firmware/live.ts';
import { projectFlag } from './build.ts';

export const emulate: Command = {
  name: 'emulate',
  operands: ['PLAN|DIR|ELF'],
  flagsHelp: `[--board ${Object.keys(emulators).join('|')}] [--build [--generate]] [--json-lines] [--gdb PORT]`,
  summary: 'runs the firmware on an emulated board; what it says comes live',
  flags: {
    board: { type: 'string' },
    build: { type: 'boolean' },
    generate: { type: 'boolean' },
    project: { type: 'string' },
    'json-lines': { type: 'boolean' },
    gdb: { type: 'string' },
  },
  async run(invocation, io) {
    const { flags } = invocation;
    const prepared = await prepare(invocation, io);
    if (!prepared.ok) return failed(prepared.diagnostics);
    const { board, elf, emulator } = prepared.value;
    const { processor } = emulators[board];
    io.err(`${relative(process.cwd(), elf)} on ${board} (${processor})\n`);

    const summary = new Summary();
    const print = flags['json-lines'] === true ? jsonLine : (line: string): string => `${line}\n`;
    const live = flags.json === true ? io.err : io.out;
    let problem = '';
    const end = await runLive(emulator, emulatorArguments(board, elf, textFlag(flags, 'gdb')), {
      // What firmware writes to files of the host belongs to this image.
      directory: dirname(elf),
      signal: io.signal,
      onLine: (line, from) => {
        if (from === 'stderr') {
          if (isNoise(line)) return;
          problem = line;
          io.err(`${line}\n`);
          return;
        }
        summary.add(readMonitorLine(line));
        live(print(line));
      },
    });
    const document = {
      board,
      elf,
      end: end.end === 'cancelled' ? 'stopped' : 'exit',
      exitCode: end.code,
      ...summary.document(),
    };
    // Firmware has no end of its own: being stopped is one.
    const good = end.end === 'cancelled' || end.code === 0;
    const failures = good ? [] : [firmwareFailed(elf, end.code, end.problem ?? problem)];
    return { document, diagnostics: [...prepared.diagnostics, ...failures] };
  },
};

interface Prepared {
  readonly board: EmulatorName;
  readonly elf: string;
  /** The emulator's program. */
  readonly emulator: string;
}

/** Board, emulator and image, in this order: no minute of building for an emulator that is not there. */
async function prepare(invocation: Invocation, io: Io): Promise<Result<Prepared>> {
  const { flags } = invocation;
  const operand = operandAt(invocation, 0);
  const build = flags.build === true;
  const isImage = operand.endsWith('.elf') && !build;
  const chosen = boardFlag(flags, isImage);
  const onLine = (line: string): void => io.err(`${line}\n`);
  const options = { kind: projectFlag(flags), generate: build && flags.generate === true, onLine };
  const project = isImage ? undefined : await findFirmware(operand, options);
  if (project?.ok === false) return project;
  const before = project?.diagnostics ?? [];
  const board = chosen === undefined ? await emulatorOf(project?.value.plans ?? [], operand) : success(chosen);
  if (!board.ok) return failure(...before, ...board.diagnostics);
  const { tool } = emulators[board.value];
  const tools = findTools([tool]);
  if (!tools.ok) return failure(...before, ...tools.diagnostics);
  const image =
    project === undefined
      ? success(operand)
      : await imageOf(project.value, operand, board.value, build, io.signal, onLine);
  const diagnostics = [...before, ...image.diagnostics];
  if (!image.ok) return failure(...diagnostics);
  return success({ board: board.value, elf: image.value, emulator: tools.value[tool] }, diagnostics);
}

function boardFlag(flags: FlagValues, isNeeded: boolean): EmulatorName | undefined {
  const name = isNeeded ? requiredFlag(flags, 'board') : textFlag(flags, 'board');
  if (name === undefined || isEmulatorName(name)) return name;
  throw new UsageError(`--board is one of ${Object.keys(emulators).join(', ')}`);
}

/** The board with the processor that the plan is for. */
async function emulatorOf(plans: readonly string[], operand: string): Promise<Result<EmulatorName>> {
  const [plan] = plans;
  const loaded = plan === undefined ? undefined : await loadPlan(plan);
  if (loaded?.ok === false) return loaded;
  const core = loaded?.value.plan.target.core;
  const board = core === undefined ? undefined : boardFor(core);
  return board === undefined ? failure(noBoard(operand, core)) : success(board);
}

/** Newly built, or the newest one of the project for this board. */
async function imageOf(
  project: FirmwareProject,
  operand: string,
  board: EmulatorName,
  build: boolean,
  signal: AbortSignal | undefined,
  onLine: (line: string) => void,
): Promise<Result<string>> {
  if (build) {
    const built = await buildFirmwareProject(project, { board, signal, onLine });
    if (!built.ok) return built;
    if (built.value.elf !== undefined) return success(built.value.elf);
  }
  const elf = newestFile([project.folder], '.elf', board);
  return elf === undefined ? failure(noImage(operand)) : success(elf);
}

/** One JSON object for each line: what the monitor understands by its keys, everything else as text. */
function jsonLine(line: string): string {
  const read = readMonitorLine(line);
  if (read === undefined) return `${JSON.stringify({ event: 'text', text: line })}\n`;
  const values = Array.from(read.values, ([key, text]) => {
    const figure = /^[+-]?[\d.]/.test(text) && !/^0\d|[a-z,]/i.test(text) ? figureOf(text) : undefined;
    return [key, figure ?? text] as const;
  });
  return `${JSON.stringify({ event: read.event, ...Object.fromEntries(values) })}\n`;
}

class Summary {
  private steps = 0;
  private lastLoss: number | undefined;
  private readonly evaluations: { readonly step: number; readonly correct: number; readonly of: number }[] = [];

  add(line: MonitorLine | undefined): void {
    if (line === undefined) return;
    const figure = (key: string): number => figureOf(line.values.get(key)) ?? 0;
    if (line.event === 'step') {
      this.steps++;
      this.lastLoss = figure('loss');
    } else if (line.event === 'eval') {
      this.evaluations.push({ step: figure('step'), correct: figure('correct'), of: figure('of') });
    }
  }

  document() {
    const { steps, lastLoss, evaluations } = this;
    return { steps, evaluations, ...(lastLoss === undefined ? {} : { lastLoss }) };
  }
}

function noBoard(operand: string, core: string | undefined): Diagnostic {
  return {
    severity: 'error',
    code: 'no-emulator',
    message: core === undefined ? 'no plan says for which processor this firmware is' : `no emulated board has ${core}`,
    remedy: `choose a board with --board: ${Object.keys(emulators).join(', ')}`,
    file: operand,
  };
}

function noImage(operand: string): Diagnostic {
  return {
    severity: 'error',
    code: 'no-image',
    message: 'there is no built image (.elf)',
    remedy: 'build the firmware for this board first, or add --build',
    file: operand,
  };
}

function firmwareFailed(elf: string, code: number, problem: string): Diagnostic {
  return {
    severity: 'error',
    code: 'firmware-failed',
    message: `the run ended with exit code ${code}${problem === '' ? '' : `: ${problem}`}`,
    remedy: 'look at what it said last; --gdb waits for a debugger',
    file: elf,
  };
}
