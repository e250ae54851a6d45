/** Which build system a firmware workspace has, from the names of its files and the text of a few of them. */

export const projectKinds = ['cmake', 'make', 'platformio', 'zephyr', 'esp-idf', 'arduino', 'stm32cube'] as const;
export type ProjectKind = (typeof projectKinds)[number];

export function isProjectKind(name: string): name is ProjectKind {
  return projectKinds.some((kind) => kind === name);
}

/** What the workspace folder holds; paths are relative to it, with forward slashes. */
export interface WorkspaceFiles {
  /** Files of the folder itself and of `inspectedFolders`; more does no harm. */
  readonly names: readonly string[];
  /** The text of a file, or undefined where it cannot be read. Called for `inspectedFiles` only. */
  readonly textOf: (name: string) => string | undefined;
}

/** The subfolders whose files count. */
export const inspectedFolders = ['cmake/stm32cubemx', 'main', 'zephyr'] as const;
/** The files whose text counts, if they exist. */
export const inspectedFiles = ['CMakeLists.txt'] as const;

export interface DetectedProject {
  readonly kind: ProjectKind;
  /** The file that tells. */
  readonly evidence: string;
}

/**
 * The most specific build system first: ESP-IDF, Zephyr and STM32Cube projects are CMake projects too, and PlatformIO
 * projects often keep the files of the framework below.
 */
export function detectProject({ names, textOf }: WorkspaceFiles): DetectedProject | undefined {
  const has = (name: string): boolean => names.includes(name);
  const first = (pattern: RegExp): string | undefined => names.find((name) => pattern.test(name));
  const found = (kind: ProjectKind, evidence: string | undefined): DetectedProject | undefined =>
    evidence === undefined ? undefined : { kind, evidence };

  if (has('platformio.ini')) return found('platformio', 'platformio.ini');
  const cmake = has('CMakeLists.txt') ? withoutComments(textOf('CMakeLists.txt') ?? '') : undefined;
  if (cmake !== undefined) {
    if (/tools\/cmake\/project\.cmake|\bidf_(component_register|build_process)\b/.test(cmake)) {
      return found('esp-idf', 'CMakeLists.txt');
    }
    if (/find_package\s*\(\s*Zephyr\b/i.test(cmake)) return found('zephyr', 'CMakeLists.txt');
    const cube = first(/^cmake\/stm32cubemx\/CMakeLists\.txt$/) ?? first(/^[^/]+\.ioc$/);
    if (cube !== undefined) return found('stm32cube', cube);
  }
  return (
    found('arduino', first(/^[^/]+\.ino$/) ?? first(/^sketch\.yaml$/)) ??
    found('cmake', cmake === undefined ? undefined : 'CMakeLists.txt') ??
    found('make', first(/^(GNUmakefile|[Mm]akefile)$/))
  );
}

function withoutComments(cmake: string): string {
  return cmake.replace(/#.*$/gm, '');
}

/** Where a project of this kind finds generated code by itself, or with one line; relative to the project. */
export const usualFolders: Readonly<Record<ProjectKind, string>> = {
  cmake: 'firmtune',
  make: 'firmtune',
  platformio: 'lib/firmtune',
  zephyr: 'firmtune',
  'esp-idf': 'components/firmtune',
  arduino: 'libraries/firmtune',
  stm32cube: 'firmtune',
};
