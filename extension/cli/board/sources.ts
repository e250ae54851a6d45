/** The C files of a firmware run and the glue that binds them to a model's generated files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import cortexM from './cortex_m.c';
import linkerScript from './firmware.ld';
import harness from './harness.c';
import harnessHeader from './harness.h';
import host from './host.c';
import { runProcess } from './process.ts';

export interface SourceFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Generated C: `NAME.h` with the model's interface, `NAME.c`, and whatever these need. */
export interface ModelSources {
  readonly files: readonly SourceFile[];
  /** The plan's name, which is the prefix of the model's functions. */
  readonly planName: string;
}

export const harnessFolder = 'harness';
export const linkerScriptPath = `${harnessFolder}/firmware.ld`;

export function harnessSources(planName: string, machine: 'board' | 'host'): readonly SourceFile[] {
  const own = machine === 'board' ? { 'cortex_m.c': cortexM, 'firmware.ld': linkerScript } : { 'host.c': host };
  const files = { 'harness.c': harness, 'harness.h': harnessHeader, 'harness_model.h': modelHeader(planName), ...own };
  return Object.entries(files).map(([name, text]) => ({ path: `${harnessFolder}/${name}`, text }));
}

function modelHeader(planName: string): string {
  const macros = ['INPUT_BYTES', 'LEARNED_BYTES'].map((it) => `#define HARNESS_${it} ${planName.toUpperCase()}_${it}`);
  const functions = ['init', 'input', 'train_step', 'infer', 'prediction', 'learned'].map(
    (it) => `#define harness_model_${it} ${planName}_${it}`,
  );
  return [`#include "${planName}.h"`, ...macros, ...functions, ''].join('\n');
}

export async function writeSources(directory: string, files: readonly SourceFile[]): Promise<void> {
  for (const folder of new Set(files.map((file) => dirname(file.path)))) {
    await mkdir(join(directory, folder), { recursive: true });
  }
  await Promise.all(files.map((file) => writeFile(join(directory, file.path), file.text)));
}

/** Holds for every compiler and every machine: numerics must not depend on them. */
export const strictFlags = [
  '-std=c99',
  '-Wall',
  '-Wextra',
  '-Wconversion',
  '-Werror',
  '-ffp-contract=off',
  '-ffunction-sections',
  '-fdata-sections',
] as const;

export interface CompileOptions {
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
}

/** Compiles each C file, as many at a time as there are processors. @returns paths of the objects */
export async function compileAll(
  files: readonly SourceFile[],
  { compiler, flags, directory, signal }: CompileOptions,
): Promise<Result<readonly string[]>> {
  const queue = files.filter((file) => file.path.endsWith('.c')).map((file) => file.path);
  const objects: string[] = queue.map((path) => `${path}.o`);
  const problems: Diagnostic[] = [];
  const work = queue.values();
  const compileFromQueue = async () => {
    for (const path of work) {
      const args = [...strictFlags, ...flags, '-I.', `-I${harnessFolder}`, '-c', path, '-o', `${path}.o`];
      const result = await runProcess(compiler, args, { directory, signal });
      if (result.end === 'cancelled') problems.push(cancelled);
      else if (result.code !== 0) problems.push(compileFailed(path, compiler, result.stderr));
      if (problems.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compileFromQueue));
  return problems.length > 0 ? failure(...problems.slice(0, 1)) : success(objects);
}

export const cancelled: Diagnostic = {
  severity: 'error',
  code: 'cancelled',
  message: 'the run was cancelled',
  remedy: 'start it again',
};

export function compileFailed(path: string, compiler: string, output: string): Diagnostic {
  return {
    severity: 'error',
    code: 'compile-failed',
    message: `${compiler} does not accept ${path}:\n${output.trim().split('\n').slice(0, 20).join('\n')}`,
    remedy: 'report this with the plan and the compiler version; the generated C is meant to compile without a warning',
    file: path,
  };
}
