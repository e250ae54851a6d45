/** How each build system is asked to build: programs and their arguments, never a shell. */
import type { ProjectKind } from '../../../compiler/codegen/project/detect.ts';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import type { ToolName } from '../board/tools.ts';
import { binaryFolder, type ConfigurePreset } from './presets.ts';

export interface BuildCommand {
  readonly tool: ToolName;
  readonly args: readonly string[];
}

export interface BuildPlan {
  readonly commands: readonly BuildCommand[];
  /** Where the image and the linker's map will be: folders relative to the project, or absolute. */
  readonly outputs: readonly string[];
}

export interface BuildRequest {
  readonly kind: ProjectKind;
  /** Absolute. */
  readonly folder: string;
  /** A preset of CMake, `BOARD` of make, an environment of PlatformIO, a board of Zephyr or Arduino. */
  readonly board: string | undefined;
  /** Of CMakePresets.json. */
  readonly presets: readonly ConfigurePreset[];
  /** Whether the project has such a file or folder; the path may be absolute. */
  readonly exists: (path: string) => boolean;
  readonly jobs: number;
}

export function buildPlan(request: BuildRequest): Result<BuildPlan> {
  const { kind, board, jobs, exists } = request;
  const forBoard = (...flags: readonly string[]): readonly string[] => (board === undefined ? [] : [...flags, board]);
  switch (kind) {
    case 'cmake':
    case 'stm32cube':
      return cmakePlan(request);
    case 'make': {
      const chosen = board === undefined ? [] : [`BOARD=${board}`];
      return success({ commands: [{ tool: 'make', args: ['-j', `${jobs}`, ...chosen] }], outputs: ['build', '.'] });
    }
    case 'platformio':
      return success({ commands: [{ tool: 'pio', args: ['run', ...forBoard('-e')] }], outputs: ['.pio/build'] });
    case 'zephyr':
      return success({ commands: [{ tool: 'west', args: ['build', ...forBoard('-b')] }], outputs: ['build/zephyr'] });
    case 'esp-idf':
      return success({ commands: [{ tool: 'idf.py', args: ['build'] }], outputs: ['build'] });
    case 'arduino': {
      const libraries = exists('libraries') ? ['--libraries', 'libraries'] : [];
      const args = ['compile', ...forBoard('--fqbn'), ...libraries, '--build-path', 'build', '.'];
      return success({ commands: [{ tool: 'arduino-cli', args }], outputs: ['build'] });
    }
  }
}

function cmakePlan({ folder, board, presets, exists, jobs }: BuildRequest): Result<BuildPlan> {
  const preset = presets.find(({ name }) => name === board) ?? (board === undefined ? presets[0] : undefined);
  if (preset === undefined && board !== undefined) return failure(unknownPreset(board, presets));
  const output = preset === undefined ? 'build' : binaryFolder(preset, folder);
  const configure = preset === undefined ? ['-S', '.', '-B', output] : ['--preset', preset.name];
  // Once configured, `--build` configures again by itself where it must, and nobody's cache is touched.
  const isConfigured = ['Makefile', 'build.ninja'].some((name) => exists(`${output}/${name}`));
  const commands: readonly BuildCommand[] = [
    ...(isConfigured ? [] : [{ tool: 'cmake', args: configure } as const]),
    { tool: 'cmake', args: ['--build', output, '--parallel', `${jobs}`] },
  ];
  return success({ commands, outputs: [output] });
}

function unknownPreset(board: string, presets: readonly ConfigurePreset[]): Diagnostic {
  const names = presets.map(({ name }) => name).join(', ');
  return {
    severity: 'error',
    code: 'unknown-preset',
    message: `CMakePresets.json has no configure preset ${board}${names === '' ? '' : `; it has ${names}`}`,
    remedy: 'choose one that is there, or add it; without presets, leave the board out',
  };
}
