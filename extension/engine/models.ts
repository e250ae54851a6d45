/** Models that the engine was given, by URI. The host reads files: only it knows every kind of workspace. */

import { type Diagnostic, failure, type Result } from '../../compiler/diagnostics.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import { readTflite } from '../../compiler/model/tflite.ts';

/** Models of plans that are open; the one used longest ago goes first. */
const mostKept = 8;

const models = new Map<string, Result<Graph>>();

export interface ModelInput {
  readonly uri: string;
  /** Absent: the file cannot be read. */
  readonly bytes?: Uint8Array;
}

/** What was found wrong with the model; empty where it can be used. */
export function openModel({ uri, bytes }: ModelInput): { readonly diagnostics: readonly Diagnostic[] } {
  const name = uri.replace(/^.*\//, '').replace(/\.tflite$/, '');
  const model =
    bytes === undefined
      ? failure({
          severity: 'error',
          code: 'model-not-found',
          message: `there is no file ${name}.tflite at that path`,
          remedy: 'give the path of a .tflite file, relative to this plan',
        })
      : readTflite(bytes, name);
  models.set(uri, model);
  for (const old of [...models.keys()].slice(0, -mostKept)) models.delete(old);
  return { diagnostics: model.diagnostics };
}

/** The file changed: whoever needs it reads it again. */
export function forgetModel({ uri }: { readonly uri: string }): void {
  models.delete(uri);
}

/** Undefined where the host has not given it, or not since it changed. */
export function modelAt(uri: string): Result<Graph> | undefined {
  const model = models.get(uri);
  if (model === undefined) return undefined;
  models.delete(uri);
  models.set(uri, model);
  return model;
}
