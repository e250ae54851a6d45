/** How an editor debugs firmware on the emulated board: a configuration to copy, because `.vscode/` is the user's. */

export const debugPort = 1234;

/**
 * An entry for `configurations` of `launch.json`, for Microsoft's C/C++ extension (`cppdbg`). Start the emulator first:
 * `firmtune emulate FOLDER --board BOARD --gdb 1234`; it waits for the debugger.
 */
export const launchHint = {
  name: 'Firmtune: debug on the emulator',
  type: 'cppdbg',
  request: 'launch',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: VS Code's variables
  program: '${workspaceFolder}/build/mps2-an500/firmware.elf',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: VS Code's variables
  cwd: '${workspaceFolder}',
  MIMode: 'gdb',
  miDebuggerPath: 'gdb-multiarch',
  miDebuggerServerAddress: `localhost:${debugPort}`,
  stopAtEntry: true,
} as const;
