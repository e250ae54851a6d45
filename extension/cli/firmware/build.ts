/** Builds a firmware project with its own build system, and explains what goes wrong. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isProjectKind, type ProjectKind } from '../../../compiler/codegen/project/detect.ts';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { explainOverflow, readOverflows } from '../../../compiler/memory/overflow.ts';
import { findTools, type ToolName } from '../board/tools.ts';
import { compilePlanFile } from '../compilation.ts';
import { projectAround, projectIn } from '../files/workspace.ts';
import { buildPlan } from './commands.ts';
import { newestFile } from './elf.ts';
import { runLive } from './live.ts';
import { generateAll, generatedPlans, warnings } from './outdated.ts';
import { absolutePlaces } from './places.ts';
import { readPresets } from './presets.ts';

export interface FirmwareProject {
  readonly kind: ProjectKind;
  /** Absolute. */
  readonly folder: string;
  /** Training plans whose code is in it. */
  readonly plans: readonly string[];
}

export interface BuildOptions {
  readonly board: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onLine: (line: string) => void;
}

export interface BuiltFirmware {
  readonly project: ProjectKind;
  readonly folder: string;
  /** As they were run: program and arguments. */
  readonly commands: readonly (readonly string[])[];
  /** The image, where one was found. */
  readonly elf?: string;
}

export interface FindOptions {
  /** Where the workspace does not tell, or tells wrongly. */
  readonly kind?: string | undefined;
  /** Generates the code that is missing or older than its plan, instead of warning of it. */
  readonly generate?: boolean;
  readonly onLine?: (line: string) => void;
}

/** @param operand a training plan, or the folder of a project */
export async function findFirmware(operand: string, options: FindOptions): Promise<Result<FirmwareProject>> {
  const { kind } = options;
  if (!existsSync(operand)) return failure(notFound(operand));
  const isPlan = !statSync(operand).isDirectory();
  const start = resolve(isPlan ? dirname(operand) : operand);
  const found = isPlan ? projectAround(start) : (projectIn(start) ?? projectAround(start));
  const given = kind !== undefined && isProjectKind(kind) ? { kind, folder: found?.folder ?? start } : undefined;
  const project = given ?? found;
  if (project === undefined) return failure(noProject(operand));
  const known = await generatedPlans(project.folder);
  const own = isPlan ? known.filter(({ plan }) => resolve(plan) === resolve(operand)) : known;
  const plans = isPlan ? [operand] : own.map(({ plan }) => plan);
  const outdated = isPlan && own.length === 0 ? [{ plan: operand }] : own.filter(({ isOutdated }) => isOutdated);
  const updated = options.generate === true ? await generateAll(outdated, options) : success(undefined, warnings(own));
  if (!updated.ok) return updated;
  return success({ kind: project.kind, folder: project.folder, plans }, updated.diagnostics);
}

export async function buildFirmwareProject(
  project: FirmwareProject,
  { board, signal, onLine }: BuildOptions,
): Promise<Result<BuiltFirmware>> {
  const { kind, folder } = project;
  const presetsFile = join(folder, 'CMakePresets.json');
  const presets = existsSync(presetsFile) ? readPresets(readFileSync(presetsFile, 'utf8')) : [];
  const exists = (path: string): boolean => existsSync(resolve(folder, path));
  const planned = buildPlan({ kind, folder, board, presets, exists, jobs: availableParallelism() });
  if (!planned.ok) return failure(...planned.diagnostics.map((each) => ({ ...each, file: presetsFile })));
  const { commands, outputs } = planned.value;
  const tools = findTools([...new Set(commands.map(({ tool }) => tool))]);
  if (!tools.ok) return tools;

  const outputFolders = outputs.map((output) => resolve(folder, output));
  const place = absolutePlaces([folder, ...outputFolders], existsSync);
  const lines: string[] = [];
  const take = (line: string): void => {
    const placed = place(line);
    lines.push(placed);
    onLine(placed);
  };
  for (const { tool, args } of commands) {
    const end = await runLive(tools.value[tool], args, { directory: folder, signal, onLine: take });
    if (end.end === 'cancelled') return failure(cancelled);
    if (end.code !== 0)
      return failure(...(await whyFailed(project, tool, lines.join('\n'), outputFolders, end.problem)));
  }
  const elf = newestFile(outputFolders, '.elf', board);
  return success({
    project: kind,
    folder,
    commands: commands.map(({ tool, args }) => [tool, ...args]),
    ...(elf === undefined ? {} : { elf }),
  });
}

async function whyFailed(
  { plans }: FirmwareProject,
  tool: ToolName,
  output: string,
  outputFolders: readonly string[],
  problem: string | undefined,
): Promise<readonly Diagnostic[]> {
  const missing = missingCompiler(output);
  if (missing.length > 0) return missing;
  const explained = readOverflows(output).length === 0 ? [] : await explain(plans, output, outputFolders);
  const failed: Diagnostic = {
    severity: 'error',
    code: 'build-failed',
    message: problem === undefined ? `${tool} did not build the firmware` : `${tool} does not start: ${problem}`,
    remedy: explained.length > 0 ? 'make room as told above' : 'the messages above say what is wrong',
  };
  return [...explained, failed];
}

/** A compiler that the build system asks for and that is not there. */
function missingCompiler(output: string): readonly Diagnostic[] {
  const compilers = ['arm-none-eabi-gcc', 'riscv64-unknown-elf-gcc'] as const;
  return compilers.flatMap((name) => {
    const isWanted = new RegExp(`\\b${name}\\b[\\s\\S]{0,200}(not found|No such file|not able to|not a full path)`);
    return isWanted.test(output) ? findTools([name]).diagnostics : [];
  });
}

async function explain(
  plans: readonly string[],
  output: string,
  outputFolders: readonly string[],
): Promise<readonly Diagnostic[]> {
  const map = newestFile(outputFolders, '.map');
  const mapText = map === undefined ? undefined : readFileSync(map, 'utf8');
  const diagnostics: Diagnostic[] = [];
  for (const plan of plans) {
    const compiled = await compilePlanFile(plan);
    if (!compiled.ok) continue;
    const { memory, placed, rangeOf } = compiled.value;
    const range = rangeOf('target') ?? rangeOf('model');
    const found = explainOverflow(output, memory, mapText);
    // The layer's line where it has one; a plan says nothing of most layers, but always names its target or model.
    const inPlan = placed(found).map((each) => ({
      ...each,
      file: plan,
      ...(each.range === undefined && range && { range }),
    }));
    diagnostics.push(...inPlan);
  }
  return diagnostics;
}

const cancelled: Diagnostic = {
  severity: 'error',
  code: 'cancelled',
  message: 'the build was cancelled',
  remedy: 'start it again; what was built is kept',
};

function notFound(operand: string): Diagnostic {
  return {
    severity: 'error',
    code: 'file-not-found',
    message: `there is no such plan or folder`,
    remedy: 'check the path',
    file: operand,
  };
}

function noProject(operand: string): Diagnostic {
  return {
    severity: 'error',
    code: 'no-project',
    message:
      'there is no firmware project here or in a folder above: no CMakeLists.txt, Makefile, platformio.ini, sketch, ...',
    remedy: 'name the folder of the project, or make one: `firmtune sample DIR` writes one that works',
    file: operand,
  };
}
