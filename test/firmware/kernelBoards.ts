/** The processors on which kernels are compared with the WebAssembly build: each runs a session of calls in QEMU. */
import { join } from 'node:path';
import { failure, type Result, success } from '../../compiler/diagnostics.ts';
import { benchOnBoard, withTemporaryDirectory } from '../../extension/cli/board/bench.ts';
import { type Board, boards } from '../../extension/cli/board/boards.ts';
import { buildHostProgram } from '../../extension/cli/board/host.ts';
import { resultsFile, runSession, samplesFile } from '../../extension/cli/board/run.ts';
import type { ModelSources } from '../../extension/cli/board/sources.ts';
import { findTools, firmwareToolNames } from '../../extension/cli/board/tools.ts';

export interface KernelBoard {
  /** What its compiler makes of the kernels. */
  readonly path: 'DSP' | 'MVE' | 'portable';
  readonly available: boolean;
  /** One inference; what the cases wrote. */
  readonly run: (firmware: ModelSources) => Promise<Result<Uint8Array>>;
}

const session = { training: [], inference: [new Int8Array(4)] };

function arm(board: Board<string>, path: KernelBoard['path']): KernelBoard {
  const tools = findTools(firmwareToolNames);
  const sizes = { flashBytes: board.flashCapacityBytes, sramBytes: board.sramCapacityBytes };
  return {
    path,
    available: tools.ok,
    run: async (firmware) => {
      if (!tools.ok) return tools;
      const options = { ...sizes, board, session, tools: tools.value, optimisation: '-O2' } as const;
      const run = await benchOnBoard({ ...firmware, ...options });
      return run.ok ? success(run.value.learned) : run;
    },
  };
}

/** A board whose processor has neither DSP instructions nor an FPU. */
function withoutDsp(processor: string): KernelBoard {
  const compilerFlags = [`-mcpu=${processor.toLowerCase()}`, '-mthumb', '-mfloat-abi=soft'];
  return arm({ ...boards['mps2-an386'], name: 'mps2-an385', processor, compilerFlags }, 'portable');
}

const riscvTools = findTools(['riscv64-unknown-elf-gcc', 'qemu-system-riscv32']);
/** RV32 without an FPU on QEMU's "virt"; files of the host come through semihosting. */
const riscvFlags = [
  ...['-march=rv32imac', '-mabi=ilp32', '--specs=picolibc.specs', '--oslib=semihost', '--crt0=semihost'],
  ...['__flash=0x80000000', '__flash_size=8M', '__ram=0x80800000', '__ram_size=16M', '__stack_size=64K'].map(
    (symbol) => `-Wl,--defsym=${symbol}`,
  ),
];

const riscv: KernelBoard = {
  path: 'portable',
  available: riscvTools.ok,
  run: async (firmware) => {
    if (!riscvTools.ok) return riscvTools;
    const { 'riscv64-unknown-elf-gcc': compiler, 'qemu-system-riscv32': command } = riscvTools.value;
    return await withTemporaryDirectory(async (directory) => {
      const build = {
        ...firmware,
        compiler,
        directory,
        sanitize: false,
        optimisation: '-O2',
        flags: riscvFlags,
      } as const;
      const program = await buildHostProgram(build);
      if (!program.ok) return program;
      const files = [samplesFile, resultsFile].map((file) => `arg=${join(directory, file)}`);
      const args = [
        ...['-machine', 'virt', '-bios', 'none', '-kernel', program.value.path, '-nodefaults', '-display', 'none'],
        ...['-monitor', 'none', '-serial', 'none'],
        ...['-semihosting-config', ['enable=on', 'target=native', ...files].join(',')],
      ];
      const run = await runSession({ session, directory, command, args });
      return run.ok ? success(run.value.learned) : failure(...run.diagnostics);
    });
  },
};

export const kernelBoards: Readonly<Record<string, KernelBoard>> = {
  'Cortex-M7': arm(boards['mps2-an500'], 'DSP'),
  'Cortex-M4': arm(boards['mps2-an386'], 'DSP'),
  'Cortex-M55': arm(boards['mps3-an547'], 'MVE'),
  'Cortex-M3': withoutDsp('Cortex-M3'),
  // Its instructions are a part of those of the emulated processor.
  'Cortex-M0+ code on a Cortex-M3': withoutDsp('Cortex-M0plus'),
  RV32IMAC: riscv,
};
