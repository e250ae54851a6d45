/** A plain client of the language server: no editor, only the protocol over the stdio of a process. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import {
  type CancellationToken,
  createProtocolConnection,
  type Diagnostic,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node.js';

export interface Place {
  readonly line: number;
  readonly character: number;
}

export class PlanClient {
  private readonly published: PublishDiagnosticsParams[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly versions = new Map<string, number>();

  private constructor(
    private readonly process: ChildProcess,
    readonly connection: ProtocolConnection,
    private readonly folder: string,
  ) {
    connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      this.published.push(params);
      for (const wake of this.waiting) wake();
    });
    connection.onRequest('client/registerCapability', () => null);
    connection.onRequest('workspace/codeLens/refresh', () => null);
    connection.onRequest('workspace/configuration', ({ items }: { items: readonly unknown[] }) =>
      items.map(() => null),
    );
  }

  /** Bundles the entry points in the folder as the build does, and starts the server. */
  static async start(entries: string, options: { readonly refresh?: boolean } = {}): Promise<PlanClient> {
    const folder = mkdtempSync(join(tmpdir(), 'trainplan-server-'));
    await build({
      entryPoints: { server: join(entries, 'node.ts'), prices: join(entries, 'prices.node.ts') },
      outdir: folder,
      outExtension: { '.js': '.cjs' },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      mainFields: ['module', 'main'],
      logLevel: 'error',
      loader: { '.c': 'text', '.h': 'text' },
    });
    const process = spawn(globalThis.process.execPath, [join(folder, 'server.cjs'), '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const connection = createProtocolConnection(
      new StreamMessageReader(process.stdout),
      new StreamMessageWriter(process.stdin),
    );
    connection.listen();
    const client = new PlanClient(process, connection, folder);
    await connection.sendRequest('initialize', {
      processId: null,
      rootUri: null,
      workspaceFolders: null,
      capabilities: {
        workspace: {
          didChangeWatchedFiles: { dynamicRegistration: true },
          codeLens: { refreshSupport: options.refresh === true },
        },
      },
    });
    await connection.sendNotification('initialized', {});
    return client;
  }

  /** Opens or replaces a plan; gives its diagnostics for exactly this text. */
  async show(path: string, text: string): Promise<readonly Diagnostic[]> {
    const uri = pathToFileURL(path).toString();
    const version = (this.versions.get(uri) ?? 0) + 1;
    this.versions.set(uri, version);
    const answer = this.nextDiagnostics(uri);
    if (version === 1) {
      const textDocument = { uri, languageId: 'trainplan', version, text };
      await this.connection.sendNotification('textDocument/didOpen', { textDocument });
    } else {
      await this.connection.sendNotification('textDocument/didChange', {
        textDocument: { uri, version },
        contentChanges: [{ text }],
      });
    }
    return answer;
  }

  /** What compiling the newest text added; only those diagnostics carry the text's version. */
  compiled(path: string): Promise<readonly Diagnostic[]> {
    const uri = pathToFileURL(path).toString();
    const version = this.versions.get(uri);
    return this.diagnosticsWhere((params) => params.uri === uri && params.version === version, 0);
  }

  nextDiagnostics(uri: string): Promise<readonly Diagnostic[]> {
    const immediate = (params: PublishDiagnosticsParams) => params.uri === uri && params.version === undefined;
    return this.diagnosticsWhere(immediate, this.published.length);
  }

  private diagnosticsWhere(
    wanted: (params: PublishDiagnosticsParams) => boolean,
    from: number,
  ): Promise<readonly Diagnostic[]> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.published.slice(from).find(wanted);
        if (found === undefined) return;
        this.waiting.delete(look);
        resolve(found.diagnostics);
      };
      this.waiting.add(look);
      look();
    });
  }

  ask<Answer>(method: string, path: string, rest: object = {}, token?: CancellationToken): Promise<Answer> {
    const textDocument = { uri: pathToFileURL(path).toString() };
    const params = { textDocument, ...rest };
    const request = `textDocument/${method}`;
    // Left out, not undefined: two parameters would be sent by position.
    return token === undefined
      ? this.connection.sendRequest(request, params)
      : this.connection.sendRequest(request, params, token);
  }

  async stop(): Promise<void> {
    await this.connection.sendRequest('shutdown');
    await this.connection.sendNotification('exit');
    this.connection.dispose();
    this.process.kill();
    rmSync(this.folder, { recursive: true });
  }
}

/** The place of `|` in a text, and the text without it. */
export function atCursor(text: string): { readonly text: string; readonly position: Place } {
  const offset = text.indexOf('|');
  const before = text.slice(0, offset).split('\n');
  const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
  return { text: text.slice(0, offset) + text.slice(offset + 1), position };
}
