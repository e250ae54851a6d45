/** The same run on this computer, under AddressSanitizer and UndefinedBehaviorSanitizer. */
import { join } from 'node:path';
import { failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { runProcess } from './process.ts';
import { type RunOptions, resultsFile, runSession, samplesFile } from './run.ts';
import type { Session, SessionResult } from './session.ts';
import { cancelled, compileAll, compileFailed, harnessSources, type ModelSources, writeSources } from './sources.ts';

export interface HostBuild extends ModelSources {
  /** Path or name of gcc or clang. */
  readonly compiler: string;
  readonly optimisation?: '-O0' | '-O1' | '-O2' | '-O3';
  readonly sanitize?: boolean;
  /** Further ones, for compiling and for linking. */
  readonly flags?: readonly string[];
  /** An existing folder for sources, objects and program. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
}

export interface HostProgram {
  readonly path: string;
  readonly directory: string;
}

export async function buildHostProgram(build: HostBuild): Promise<Result<HostProgram>> {
  const { compiler, directory, signal } = build;
  const files = [...build.files, ...harnessSources(build.planName, 'host')];
  await writeSources(directory, files);
  const sanitizers =
    build.sanitize === false ? [] : ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-g'];
  const flags = [build.optimisation ?? '-O1', ...sanitizers, ...(build.flags ?? [])];
  const objects = await compileAll(files, { compiler, flags, directory, signal });
  if (!objects.ok) return objects;
  const path = join(directory, 'host-program');
  const result = await runProcess(compiler, [...flags, ...objects.value, '-o', path], { directory, signal });
  if (result.end === 'cancelled') return failure(cancelled);
  if (result.code !== 0) return failure(compileFailed('the linked program', compiler, result.stderr));
  return success({ path, directory });
}

/** Instruction counts and stack of the result are 0. */
export async function runHostProgram(
  program: HostProgram,
  session: Session,
  options: RunOptions = {},
): Promise<Result<SessionResult>> {
  return await runSession({
    ...options,
    session,
    directory: program.directory,
    command: program.path,
    args: [samplesFile, resultsFile],
  });
}
