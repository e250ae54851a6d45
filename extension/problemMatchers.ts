/** How problems in the output of compiler and linker are found; package.json holds the same, and a test compares them. */

export interface ProblemMatcher {
  readonly name: string;
  readonly label: string;
  readonly owner: string;
  readonly source: string;
  readonly severity?: 'error';
  readonly fileLocation: readonly [string, string] | string;
  readonly pattern: {
    readonly regexp: string;
    readonly kind?: 'file';
    readonly file: number;
    readonly line?: number;
    readonly column?: number;
    readonly severity?: number;
    readonly message: number;
  };
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: VS Code's variable
const location = ['autoDetect', '${workspaceFolder}'] as const;

/** Also of our own diagnostics, which look the same: an overflow that is explained stands in the plan. */
const gcc: ProblemMatcher = {
  name: 'firmtune-gcc',
  label: 'GCC, Clang and Firmtune',
  owner: 'firmtune',
  source: 'gcc',
  fileLocation: location,
  pattern: {
    regexp: '^((?:[A-Za-z]:)?[^:\\s][^:]*):(\\d+):(\\d+):\\s+(?:fatal\\s+)?(error|warning|note):\\s+(.*)$',
    file: 1,
    line: 2,
    column: 3,
    severity: 4,
    message: 5,
  },
};

/** What the linker has to say of a line: with debug information, undefined and doubly defined names. */
const ld: ProblemMatcher = {
  name: 'firmtune-ld',
  label: 'Linker, with a line',
  owner: 'firmtune',
  source: 'ld',
  severity: 'error',
  fileLocation: location,
  pattern: {
    regexp:
      '^(?:\\S*ld(?:\\.\\w+)?(?:\\.exe)?:\\s+)?((?:[A-Za-z]:)?[^:\\s][^:]*):(\\d+):\\s+((?:undefined reference to|multiple definition of|first defined here).*)$',
    file: 1,
    line: 2,
    message: 3,
  },
};

/** What concerns the whole image: sections that do not fit, names that no object with debug information asks for. */
const ldImage: ProblemMatcher = {
  name: 'firmtune-ld-image',
  label: 'Linker, of the image',
  owner: 'firmtune',
  source: 'ld',
  severity: 'error',
  fileLocation: location,
  pattern: {
    regexp:
      "^\\S*ld(?:\\.\\w+)?(?:\\.exe)?:\\s+(\\S+?\\.(?:elf|axf|out|exe|obj|o))(?::\\([^)]*\\))?:?\\s+(section [`']\\S+' will not fit in region .*|undefined reference to .*)$",
    kind: 'file',
    file: 1,
    message: 2,
  },
};

export const problemMatchers: readonly ProblemMatcher[] = [gcc, ld, ldImage];
