/**
 * `firmtune.json` beside generated files: what was generated, from which plan, with which content.
 *
 * A file of its own, because three of the kinds of file that are generated (JSON, properties, Markdown) have no place for a
 * hash that is not part of what it hashes, and because only a list knows which kernels an earlier plan has left behind.
 */
import * as v from 'valibot';
import { type ProjectKind, projectKinds } from '../../../compiler/codegen/project/detect.ts';

export const manifestName = 'firmtune.json';

export interface ManifestFile {
  readonly sha256: string;
  /** The models that need it; none: all of them. */
  readonly models: readonly string[];
}

export interface ManifestModel {
  /** Its file, relative to the folder. */
  readonly plan: string;
  /** Of the plan's text, to tell when the code is older. */
  readonly sha256: string;
}

export interface Manifest {
  readonly project: ProjectKind | undefined;
  readonly models: Readonly<Record<string, ManifestModel>>;
  readonly files: Readonly<Record<string, ManifestFile>>;
}

export const emptyManifest: Manifest = { project: undefined, models: {}, files: {} };

const note = 'Keep this file with the generated ones: it tells them from files that were edited.';

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const schema = v.object({
  version: v.literal(1),
  project: v.nullable(v.picklist(projectKinds)),
  models: v.record(v.string(), v.object({ plan: v.string(), sha256: hash })),
  files: v.record(v.string(), v.object({ sha256: hash, models: v.array(v.string()) })),
});

/** Undefined if the text is none: a conflict of version control, another program's file. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    const { project, models, files } = v.parse(schema, JSON.parse(text));
    return { project: project ?? undefined, models, files };
  } catch {
    return undefined;
  }
}

export function manifestText({ project, models, files }: Manifest): string {
  const document = {
    generatedBy: 'Firmtune',
    note,
    version: 1,
    project: project ?? null,
    models: sorted(models),
    files: sorted(files),
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

/** What every hash is of: a text, whichever line ends version control gave it. */
export function unixLines(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
