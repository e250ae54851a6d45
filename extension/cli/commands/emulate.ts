import { dirname, relative } from 'node:path';
import process from 'node:process';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { figureOf, type MonitorLine, readMonitorLine } from '../../../compiler/simulate/monitorLine.ts';
import { findTools } from '../board/tools.ts';
import { type Command, failed, type Io, operandAt, requiredFlag, textFlag, UsageError } from '../command.ts';
import { buildFirmwareProject, findFirmware } from '../firmware/build.ts';
import { newestFile } from '../firmware/elf.ts';
import { type EmulatorName, emulatorArguments, emulators, isEmulatorName, isNoise } from '../firmware/emulators.ts';
import { runLive } from '../firmware/live.ts';
import { projectFlag } from './build.ts';

export const emulate: Command = {
  name: 'emulate',
  operands: ['PLAN|DIR|ELF'],
  flagsHelp: `--board ${Object.keys(emulators).join('|')} [--build] [--json-lines] [--gdb PORT]`,
  summary: 'runs the firmware on an emulated board; what it says comes live',
  flags: {
    board: { type: 'string' },
    build: { type: 'boolean' },
    project: { type: 'string' },
    'json-lines': { type: 'boolean' },
    gdb: { type: 'string' },
  },
  async run(invocation, io) {
    const { flags } = invocation;
    const board = requiredFlag(flags, 'board');
    if (!isEmulatorName(board)) throw new UsageError(`--board is one of ${Object.keys(emulators).join(', ')}`);
    const { tool, processor } = emulators[board];
    const tools = findTools([tool]);
    if (!tools.ok) return failed(tools.diagnostics);
    const image = await imageOf(operandAt(invocation, 0), board, flags.build === true, projectFlag(flags), io);
    if (!image.ok) return failed(image.diagnostics);
    const elf = image.value;
    io.err(`${relative(process.cwd(), elf)} on ${board} (${processor})\n`);

    const summary = new Summary();
    const print = flags['json-lines'] === true ? jsonLine : (line: string): string => `${line}\n`;
    const live = flags.json === true ? io.err : io.out;
    let problem = '';
    const end = await runLive(tools.value[tool], emulatorArguments(board, elf, textFlag(flags, 'gdb')), {
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
    return { document, diagnostics: [...image.diagnostics, ...failures] };
  },
};

/** The image itself, or the newest one of the project for this board. */
async function imageOf(
  operand: string,
  board: EmulatorName,
  build: boolean,
  kind: string | undefined,
  io: Io,
): Promise<Result<string>> {
  if (operand.endsWith('.elf') && !build) return success(operand);
  const project = await findFirmware(operand, kind);
  if (!project.ok) return project;
  if (build) {
    const options = { board, signal: io.signal, onLine: (line: string) => io.err(`${line}\n`) };
    const built = await buildFirmwareProject(project.value, options);
    if (!built.ok) return built;
    if (built.value.elf !== undefined) return success(built.value.elf, project.diagnostics);
  }
  const elf = newestFile([project.value.folder], '.elf', board);
  return elf === undefined ? failure(noImage(operand)) : success(elf, project.diagnostics);
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
