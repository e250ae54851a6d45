/** Finds the programs that a firmware run needs, and says how to get the ones that are missing. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';

/** How to get each: a package of Debian and Ubuntu, or the address of its own instructions. */
const sources = {
  'arm-none-eabi-gcc': 'gcc-arm-none-eabi libnewlib-arm-none-eabi',
  'arm-none-eabi-nm': 'binutils-arm-none-eabi',
  'arm-none-eabi-size': 'binutils-arm-none-eabi',
  'riscv64-unknown-elf-gcc': 'gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf',
  'qemu-system-arm': 'qemu-system-arm',
  'qemu-system-riscv32': 'qemu-system-misc',
  'gdb-multiarch': 'gdb-multiarch',
  gcc: 'gcc libc6-dev',
  clang: 'clang',
  cmake: 'cmake',
  make: 'make',
  pio: 'https://docs.platformio.org/en/latest/core/installation/',
  west: 'https://docs.zephyrproject.org/latest/develop/getting_started/',
  'idf.py': 'https://docs.espressif.com/projects/esp-idf/en/stable/esp32/get-started/',
  'arduino-cli': 'https://docs.arduino.cc/arduino-cli/installation/',
} as const;

export type ToolName = keyof typeof sources;
export type ToolPaths<Name extends ToolName = ToolName> = Readonly<Record<Name, string>>;

export const firmwareToolNames = [
  'arm-none-eabi-gcc',
  'arm-none-eabi-nm',
  'arm-none-eabi-size',
  'qemu-system-arm',
] as const;
export type FirmwareTools = ToolPaths<(typeof firmwareToolNames)[number]>;

/** Stable code of the diagnostic for a tool that is not installed; the command line's exit code 3. */
export const toolMissing = 'tool-missing';

/**
 * Absolute paths of the tools, looked up on the PATH.
 * @param overrides paths that the user has set; they are used as they stand if they can be run
 */
export function findTools<Name extends ToolName>(
  names: readonly Name[],
  overrides: Partial<ToolPaths<Name>> = {},
): Result<ToolPaths<Name>> {
  const missing: Diagnostic[] = [];
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const path = findExecutable(overrides[name] ?? name);
    if (path === undefined) missing.push(missingTool(name, overrides[name]));
    else found[name] = path;
  }
  return missing.length > 0 ? failure(...missing) : success(found as ToolPaths<Name>);
}

function missingTool(name: ToolName, override: string | undefined): Diagnostic {
  return {
    severity: 'error',
    code: toolMissing,
    message:
      override === undefined
        ? `${name} is needed to build and run firmware and is not on the PATH`
        : `${name} was set to '${override}', where there is no program to run`,
    remedy: `${howToGet(sources[name])} and make sure that it is on the PATH`,
  };
}

function howToGet(source: string): string {
  return source.startsWith('https:')
    ? `install it as ${source} says`
    : `install it (Debian or Ubuntu: apt install ${source}; elsewhere: your package manager or the vendor's site)`;
}

function findExecutable(command: string): string | undefined {
  const suffixes = process.platform === 'win32' ? ['.exe', ''] : [''];
  const folders = isAbsolute(command) ? [''] : (process.env.PATH ?? '').split(delimiter).filter((it) => it !== '');
  for (const folder of folders) {
    for (const suffix of suffixes) {
      const path = folder === '' ? command + suffix : join(folder, command + suffix);
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    // Folders count as executable.
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
