/** Connects the editor with the language server, from the first plan that is opened. */

import {
  type CodeLens,
  commands,
  Disposable,
  FileType,
  type LogOutputChannel,
  l10n,
  type TextDocument,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { BaseLanguageClient, LanguageClientOptions } from 'vscode-languageclient';
import type { DirectoryEntry, ReadFileResult } from '../language/server/clientFiles.ts';
import { stored } from './files.ts';

export const planLanguage = 'trainplan';
export const clientName = 'Firmtune Training Plans';

export type ClientFactory = (options: LanguageClientOptions) => Promise<BaseLanguageClient>;

type LensListener = (plan: Uri, lenses: readonly CodeLens[]) => void;

export class PlanLanguageClient extends Disposable {
  private client: Promise<BaseLanguageClient> | undefined;
  private readonly opened: Disposable;

  constructor(
    private readonly create: ClientFactory,
    private readonly log: LogOutputChannel,
    private readonly onLenses: LensListener,
  ) {
    super(() => {
      this.opened.dispose();
      void this.stop();
    });
    this.opened = workspace.onDidOpenTextDocument((document) => this.startFor(document));
  }

  startWithFirstPlan(): void {
    for (const document of workspace.textDocuments) this.startFor(document);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  private startFor(document: TextDocument): void {
    // A failure has been shown by then.
    if (document.languageId === planLanguage) void this.start().catch(() => undefined);
  }

  private start(): Promise<BaseLanguageClient> {
    this.client ??= this.launch();
    return this.client;
  }

  private async launch(): Promise<BaseLanguageClient> {
    try {
      // Not within the extension's activation, which others wait for: the client's code takes ten times as long to load.
      await new Promise((resolve) => setTimeout(resolve));
      const client = await this.create(optionsWith(this.log, this.onLenses));
      client.onRequest('firmtune/readFile', ({ uri }: { uri: string }) => readFile(Uri.parse(uri)));
      client.onRequest('firmtune/readDirectory', ({ uri }: { uri: string }) => readDirectory(Uri.parse(uri)));
      await client.start();
      return client;
    } catch (error) {
      this.log.error(error instanceof Error ? error : String(error));
      const showLog = l10n.t('Show Log');
      const text = l10n.t('The language server of training plans did not start.');
      void window.showErrorMessage(text, showLog).then((choice) => choice === showLog && this.log.show());
      throw error;
    }
  }

  private async stop(): Promise<void> {
    const stopping = this.client;
    this.client = undefined;
    // One that did not start has said so already.
    await stopping?.then((client) => client.dispose()).catch(() => undefined);
  }
}

function optionsWith(log: LogOutputChannel, onLenses: LensListener): LanguageClientOptions {
  let known: ReadonlySet<string> = new Set();
  return {
    documentSelector: [{ language: planLanguage }],
    outputChannel: log,
    synchronize: { configurationSection: 'firmtune' },
    middleware: {
      async provideCodeLenses(document, token, next) {
        const lenses = (await next(document, token)) ?? [];
        onLenses(document.uri, lenses);
        // The list of all commands is long: it is asked for only when it may have grown.
        if (!lenses.every((lens) => isKnown(lens, known))) known = new Set(await commands.getCommands(true));
        return lenses.map((lens) => withKnownCommand(lens, known));
      },
    },
  };
}

/** A lens whose command nobody has registered is text, not a link that fails. */
function withKnownCommand(lens: CodeLens, known: ReadonlySet<string>): CodeLens {
  if (lens.command !== undefined && !isKnown(lens, known)) lens.command = { ...lens.command, command: '' };
  return lens;
}

function isKnown({ command }: CodeLens, known: ReadonlySet<string>): boolean {
  return command === undefined || known.has(command.command);
}

/** Base64 by hand: neither host's own function takes arrays of any size, and the browser has no Buffer. */
async function readFile(uri: Uri): Promise<ReadFileResult> {
  const bytes = await workspace.fs.readFile(stored(uri));
  let text = '';
  const chunk = 0x8000;
  for (let start = 0; start < bytes.length; start += chunk) {
    text += String.fromCharCode(...bytes.subarray(start, start + chunk));
  }
  return { base64: btoa(text) };
}

async function readDirectory(uri: Uri): Promise<DirectoryEntry[]> {
  const folder = stored(uri);
  const entries = await workspace.fs.readDirectory(folder);
  return entries.map(([name, type]) => ({
    // What the server names it by: the plan's own scheme.
    uri: Uri.joinPath(uri, name).toString(),
    isDirectory: (type & FileType.Directory) !== 0,
  }));
}
