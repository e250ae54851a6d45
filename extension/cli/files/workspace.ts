/** Finds the firmware project around a folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  detectProject,
  inspectedFolders,
  type ProjectKind,
  usualFolders,
} from '../../../compiler/codegen/project/detect.ts';

export interface FoundProject {
  readonly kind: ProjectKind;
  /** Absolute. */
  readonly folder: string;
  /** The file that tells, relative to the folder. */
  readonly evidence: string;
}

/** The project whose top this folder is. */
export function projectIn(folder: string): FoundProject | undefined {
  const names = ['', ...inspectedFolders].flatMap((inner) =>
    fileNames(join(folder, inner)).map((it) => (inner === '' ? it : `${inner}/${it}`)),
  );
  const textOf = (name: string): string | undefined => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  const detected = detectProject({ names, textOf });
  return detected === undefined ? undefined : { ...detected, folder };
}

/** The nearest project in a folder or above it, within the repository and below the user's home. */
export function projectAround(start: string): FoundProject | undefined {
  const tops = [resolve(homedir()), resolve(tmpdir())];
  for (let folder = resolve(start); !tops.includes(folder) && dirname(folder) !== folder; folder = dirname(folder)) {
    const project = projectIn(folder);
    if (project !== undefined) return project;
    if (existsSync(join(folder, '.git'))) return undefined;
  }
  return undefined;
}

function fileNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((it) => !it.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Where a plan's code goes if nobody says: the usual folder of the project around the plan, or one beside the plan. */
export function outputFolder(plan: string): string {
  const project = projectAround(dirname(resolve(plan)));
  return project === undefined
    ? resolve(`${plan.replace(/\.trainplan$/, '')}-firmware`)
    : join(project.folder, usualFolders[project.kind]);
}
