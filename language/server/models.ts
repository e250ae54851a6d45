/** Models that plans name: each file is read once, and again after it changed. */

import { type FileSystemProvider, type URI, UriUtils } from 'langium';
import { failure, type Result } from '../../compiler/diagnostics.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import { readTflite } from '../../compiler/model/tflite.ts';

export class ModelStore {
  private readonly graphs = new Map<string, Promise<Result<Graph>>>();

  constructor(private readonly files: FileSystemProvider) {}

  /** Diagnostics are about the file: they carry no range. */
  load(uri: URI): Promise<Result<Graph>> {
    const key = uri.toString();
    const known = this.graphs.get(key);
    if (known !== undefined) return known;
    const graph = this.read(uri);
    this.graphs.set(key, graph);
    return graph;
  }

  /** Forgets the file; the next `load` reads it again. */
  forget(uri: URI): void {
    this.graphs.delete(uri.toString());
  }

  private async read(uri: URI): Promise<Result<Graph>> {
    let bytes: Uint8Array;
    try {
      bytes = await this.files.readBinary(uri);
    } catch {
      return failure({
        severity: 'error',
        code: 'model-not-found',
        message: `there is no file ${UriUtils.basename(uri)} at that path`,
        remedy: 'give the path of a .tflite file, relative to this plan',
      });
    }
    return readTflite(bytes, UriUtils.basename(uri));
  }
}
