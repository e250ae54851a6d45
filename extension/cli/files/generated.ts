/** Writes generated files into a folder that may hold those of an earlier run, of other models, and edited ones. */
import { join, relative, resolve } from 'node:path';
import type { GeneratedFile } from '../../../compiler/codegen/c.ts';
import type { ProjectKind } from '../../../compiler/codegen/project/detect.ts';
import { glueFiles, placeSources } from '../../../compiler/codegen/project/glue.ts';
import { type ReadmeModel, readmeText } from '../../../compiler/codegen/project/readme.ts';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { changeFiles, finishChange, type KeptFile, type Removal, removeLeftovers, UnfinishedChange } from './change.ts';
import { type FileSystem, nodeFileSystem, textHash } from './fileSystem.ts';
import {
  emptyManifest,
  type Manifest,
  type ManifestFile,
  manifestName,
  manifestText,
  parseManifest,
  unixLines,
} from './manifest.ts';
import { errorText } from './read.ts';

export interface Generation {
  /** The plan's name. */
  readonly model: string;
  /** The plan's file, as the user named it. */
  readonly plan: string;
  readonly planText: string;
  /** Undefined: C files for any build system. */
  readonly kind: ProjectKind | undefined;
  /** From `generateC`. */
  readonly files: readonly GeneratedFile[];
  /** Edited files are kept under another name, instead of stopping the run. */
  readonly force: boolean;
}

export interface WrittenFile {
  /** Relative to the output folder, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  /** False where the file was already there with this content. */
  readonly changed: boolean;
}

export interface GenerationResult {
  /** Of this model, and what all models share. */
  readonly files: readonly WrittenFile[];
  /** No model needs them any more. */
  readonly removed: readonly string[];
  /** Edited files whose place was needed. */
  readonly kept: readonly KeptFile[];
}

export async function writeGenerated(
  directory: string,
  generation: Generation,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<Result<GenerationResult>> {
  const folder = resolve(directory);
  try {
    await finishChange(folder, fileSystem);
    await removeLeftovers(folder, fileSystem);
    return await write(directory, folder, generation, fileSystem);
  } catch (error) {
    return failure(error instanceof UnfinishedChange ? unfinished(directory, error) : cannotWrite(directory, error));
  }
}

async function write(
  directory: string,
  folder: string,
  generation: Generation,
  fileSystem: FileSystem,
): Promise<Result<GenerationResult>> {
  const read = (path: string): Promise<string | undefined> => fileSystem.read(join(folder, path));
  const oldText = await read(manifestName);
  const old = oldText === undefined ? emptyManifest : parseManifest(oldText);
  const before = old ?? emptyManifest;
  const { manifest, texts } = await newState(folder, before, generation, read);

  const edited: string[] = [];
  const changed: GeneratedFile[] = [];
  for (const [path, text] of texts) {
    const current = await read(path);
    if (current !== undefined && unixLines(current) === text) continue;
    changed.push({ path, text });
    if (current !== undefined && textHash(current) !== before.files[path]?.sha256) edited.push(path);
  }
  const warnings: Diagnostic[] = old === undefined ? [damagedManifest(directory)] : [];
  const removals: Removal[] = [];
  for (const [path, { sha256 }] of Object.entries(before.files)) {
    if (manifest.files[path] !== undefined) continue;
    const current = await read(path);
    if (current === undefined) continue;
    if (textHash(current) === sha256) removals.push({ path, hash: sha256 });
    else warnings.push(editedLeftover(directory, path));
  }
  if (edited.length > 0 && !generation.force) {
    return failure(...warnings, ...edited.map((path) => editedFile(directory, path, before)));
  }

  const newManifest = manifestText(manifest);
  const manifestChanged = newManifest !== (oldText === undefined ? undefined : unixLines(oldText));
  const replacements = changed.map((file) => ({ ...file, replaces: before.files[file.path]?.sha256 }));
  // A damaged one may be another program's: it is kept.
  const last = { path: manifestName, text: newManifest, replaces: old && oldText && textHash(oldText) };
  const all = manifestChanged ? [...replacements, last] : replacements;
  const kept =
    all.length + removals.length === 0 ? [] : await changeFiles(folder, { replacements: all, removals }, fileSystem);
  const isChanged = new Set(all.map(({ path }) => path));
  const files = [...texts, [manifestName, newManifest] as const].map(([path, text]) => ({
    path,
    bytes: Buffer.byteLength(text),
    changed: isChanged.has(path),
  }));
  const others = Object.keys(manifest.models).filter((name) => name !== generation.model);
  const sharedKernels = changed.filter(
    ({ path }) => before.files[path]?.models.some((name) => others.includes(name)) ?? false,
  );
  if (sharedKernels.length > 0) warnings.push(otherModels(directory, others));
  return success({ files, removed: removals.map(({ path }) => path), kept }, warnings);
}

/** What the folder shall hold: this model's files, what other models still need, and what all of them share. */
async function newState(
  folder: string,
  before: Manifest,
  { model, plan, planText, kind, files }: Generation,
  read: (path: string) => Promise<string | undefined>,
): Promise<{ readonly manifest: Manifest; readonly texts: ReadonlyMap<string, string> }> {
  const own = placeSources(kind, files);
  const ownPaths = new Set(own.map(({ path }) => path));
  const records: Record<string, ManifestFile> = {};
  for (const [path, record] of Object.entries(before.files)) {
    const others = record.models.filter((name) => name !== model);
    if (others.length > 0) records[path] = { ...record, models: others };
  }
  for (const { path, text } of own) {
    const models = [...(records[path]?.models ?? []), model].sort();
    records[path] = { sha256: textHash(text), models };
  }
  const models = {
    ...before.models,
    [model]: { plan: relative(folder, resolve(plan)).replaceAll('\\', '/'), sha256: textHash(planText) },
  };
  const names = Object.keys(models).sort();
  const paths = Object.keys(records).sort();
  const headerOf = (name: string): string | undefined =>
    paths.find((path) => path === `${name}.h` || path.endsWith(`/${name}.h`));
  const readmeModels: ReadmeModel[] = [];
  for (const name of names) {
    const header = headerOf(name);
    if (header === undefined) continue;
    const headerText = ownPaths.has(header) ? own.find(({ path }) => path === header)?.text : await read(header);
    readmeModels.push({ name, header, headerText: unixLines(headerText ?? '') });
  }
  const shared: GeneratedFile[] = [{ path: 'README.md', text: readmeText({ kind, models: readmeModels }) }];
  if (kind !== undefined) {
    const sources = paths.filter((path) => path.endsWith('.c'));
    shared.push(...glueFiles({ kind, sources, headers: readmeModels.map(({ header }) => header) }));
  }
  for (const { path, text } of shared) records[path] = { sha256: textHash(text), models: [] };
  const texts = new Map([...own, ...shared].map(({ path, text }) => [path, text]));
  return { manifest: { project: kind, models, files: records }, texts };
}

function editedFile(directory: string, path: string, before: Manifest): Diagnostic {
  const known = before.files[path] !== undefined;
  return {
    severity: 'error',
    code: known ? 'generated-file-edited' : 'file-in-the-way',
    message: known
      ? `${path} was edited since it was generated; nothing was written`
      : `${path} is there already and Firmtune has not written it; nothing was written`,
    remedy: known
      ? `move your changes to a file of your own and undo them here, or generate with --force, which keeps this file as ${path}.orig`
      : `choose another folder, or generate with --force, which keeps this file as ${path}.orig`,
    file: join(directory, path),
  };
}

function editedLeftover(directory: string, path: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'edited-file-left',
    message: `no model needs ${path} any more, but it was edited; it stays and is yours now`,
    remedy: 'remove it, or keep it and build it yourself',
    file: join(directory, path),
  };
}

function damagedManifest(directory: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'manifest-damaged',
    message: `${manifestName} cannot be read, so files that differ from what is generated now count as edited`,
    remedy: 'restore it from version control, or generate with --force',
    file: join(directory, manifestName),
  };
}

function otherModels(directory: string, names: readonly string[]): Diagnostic {
  return {
    severity: 'warning',
    code: 'shared-kernels-changed',
    message: `kernels have changed that ${names.join(' and ')} share${names.length === 1 ? 's' : ''}`,
    remedy: 'generate those plans again, with this version of Firmtune',
    file: directory,
  };
}

function cannotWrite(directory: string, error: unknown): Diagnostic {
  return {
    severity: 'error',
    code: 'cannot-write',
    message: `the files cannot be written: ${errorText(error)}`,
    remedy: 'choose another folder, or check the permissions and the space on the disk',
    file: directory,
  };
}

function unfinished(directory: string, error: UnfinishedChange): Diagnostic {
  return {
    severity: 'error',
    code: 'generation-unfinished',
    message: `some files are new and some are old: ${error.message}`,
    remedy: 'close what holds the files open, then generate again: it finishes what is left',
    file: directory,
  };
}
