/** Generates the code of a plan file: for the command, and for builds whose code is older than its plan. */
import { dirname, join, relative, resolve } from 'node:path';
import { generateC } from '../../../compiler/codegen/c.ts';
import { modelFacts } from '../../../compiler/codegen/facts.ts';
import type { ProjectKind } from '../../../compiler/codegen/project/detect.ts';
import { failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { loadClassNames } from '../../data/load.ts';
import { compilePlanFile } from '../compilation.ts';
import { nodeFiles } from '../files/data.ts';
import { nodeFileSystem } from '../files/fileSystem.ts';
import { type GenerationResult, writeGenerated } from '../files/generated.ts';
import { manifestName, parseManifest } from '../files/manifest.ts';
import { outputFolder, projectAround } from '../files/workspace.ts';

export interface GenerateOptions {
  /** The folder of the files; by default the usual one of the project around the plan. */
  readonly out?: string | undefined;
  /** `auto`: as the last time, otherwise as the folders above say. Undefined: C files for any build system. */
  readonly project: ProjectKind | 'auto' | undefined;
  /** The text on top of every C file. */
  readonly licence?: string | undefined;
  /** Edited files are kept under another name, instead of stopping the run. */
  readonly force?: boolean;
}

export interface GeneratedCode extends GenerationResult {
  readonly directory: string;
  readonly project: ProjectKind | undefined;
}

/** A plan that exceeds a limit is refused, and nothing is written. */
export async function generatePlan(planFile: string, options: GenerateOptions): Promise<Result<GeneratedCode>> {
  const { licence, force = false } = options;
  const directory = options.out || relative('', outputFolder(planFile)) || '.';
  const compiled = await compilePlanFile(planFile);
  if (!compiled.ok) return compiled;
  const { diagnostics, compilation, plan } = compiled.value;
  if (diagnostics.some(({ severity }) => severity === 'error')) return failure(...diagnostics);
  const classNames = await loadClassNames(nodeFiles(compiled.value.directory), plan, compilation.network);
  const project = options.project === 'auto' ? await projectOf(directory) : options.project;
  const written = await writeGenerated(directory, {
    model: compilation.program.name,
    plan: planFile,
    planText: (await nodeFileSystem.read(planFile)) ?? '',
    kind: project,
    files: generateC(compilation.program, modelFacts(compilation, plan, { classNames, licence })),
    force,
  });
  const all = [...diagnostics, ...written.diagnostics];
  return written.ok ? success({ ...written.value, directory, project }, all) : failure(...all);
}

async function projectOf(directory: string): Promise<ProjectKind | undefined> {
  const text = await nodeFileSystem.read(join(directory, manifestName)).catch(() => undefined);
  const before = text === undefined ? undefined : parseManifest(text)?.project;
  return before ?? projectAround(dirname(resolve(directory)))?.kind;
}
