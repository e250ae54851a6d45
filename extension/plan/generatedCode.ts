/** Which code of the workspace was generated from which plan: by the lists beside it, read when a view asks. */

import { Disposable, EventEmitter, tasks, Uri, workspace } from 'vscode';
import { manifestName, parseManifest } from '../cli/files/manifest.ts';
import { basename, readIfThere } from '../files.ts';
import type { CodeRecord } from './codeState.ts';

/** A generation writes and removes many files. */
const settleMs = 300;

export interface FoundCode {
  /** URIs of all plans: where the plan that is asked for is not among them, files cannot be searched, and nothing is known. */
  readonly plans: ReadonlySet<string>;
  readonly records: readonly CodeRecord[];
}

const nothing: FoundCode = { plans: new Set(), records: [] };

/** One for all views, which watches from the first search on. */
export class GeneratedCode extends Disposable {
  private readonly changed = new EventEmitter<void>();
  /** Ask again. */
  readonly onDidChange = this.changed.event;
  private watched: Disposable | undefined;
  private found: Promise<FoundCode> | undefined;
  private lists: readonly Uri[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super(() => {
      clearTimeout(this.timer);
      this.watched?.dispose();
      this.changed.dispose();
    });
  }

  find(): Promise<FoundCode> {
    this.watched ??= this.watch();
    this.found ??= this.search().catch(() => nothing);
    return this.found;
  }

  /** Also for what VS Code's watcher does not tell: it starts some seconds after the window. */
  searchAgain(afterMs = settleMs): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.found = undefined;
      this.changed.fire();
    }, afterMs);
  }

  private async search(): Promise<FoundCode> {
    const uris = await workspace.findFiles(`**/{${manifestName},*.trainplan}`, '**/node_modules/**');
    const [manifests, plans] = [uris.filter(isManifest), uris.filter((uri) => !isManifest(uri))];
    const records = await Promise.all(manifests.map(recordsIn));
    this.lists = manifests;
    return { plans: new Set(plans.map(String)), records: records.flat() };
  }

  private watch(): Disposable {
    const again = (): void => this.searchAgain();
    const lists = workspace.createFileSystemWatcher(`**/${manifestName}`);
    const plans = workspace.createFileSystemWatcher('**/*.trainplan', false, true, false);
    // A folder that comes or goes may be one event, without its files.
    const all = workspace.createFileSystemWatcher('**/*', false, true, false);
    return Disposable.from(
      ...[lists, lists.onDidCreate(again), lists.onDidChange(again), lists.onDidDelete(again)],
      ...[plans, plans.onDidCreate(again), plans.onDidDelete(again)],
      ...[all, all.onDidCreate((uri) => mayBeFolder(uri) && again())],
      all.onDidDelete((uri) => this.lists.some((file) => isInside(file, uri)) && again()),
      // On some file systems nothing is told.
      tasks.onDidEndTask(({ execution }) => execution.task.definition.type === 'firmtune' && again()),
    );
  }
}

function isManifest({ path }: Uri): boolean {
  return path.endsWith(`/${manifestName}`);
}

/** By its name: builds make many files, each of which would have to be asked for. */
function mayBeFolder(uri: Uri): boolean {
  return !basename(uri).includes('.');
}

function isInside(file: Uri, folder: Uri): boolean {
  return file.toString().startsWith(`${folder}/`);
}

async function recordsIn(manifest: Uri): Promise<readonly CodeRecord[]> {
  const bytes = await readIfThere(manifest);
  const models = bytes === undefined ? undefined : parseManifest(new TextDecoder().decode(bytes))?.models;
  const folder = folderText(manifest);
  return Object.values(models ?? {}).map(({ plan, sha256 }) => ({
    plan: Uri.joinPath(manifest, '..', plan).toString(),
    ...{ folder, sha256 },
  }));
}

/** Of a workspace folder itself its name: relative to it there is none. */
function folderText(manifest: Uri): string {
  const relative = workspace.asRelativePath(manifest);
  if (relative !== manifestName) return relative.replace(/\/[^/]*$/, '');
  return workspace.getWorkspaceFolder(manifest)?.name ?? '.';
}
