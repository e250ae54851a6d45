import { relative } from 'node:path';
import process from 'node:process';
import { isProjectKind, projectKinds } from '../../../compiler/codegen/project/detect.ts';
import { type Command, type FlagValues, failed, operandAt, textFlag, UsageError } from '../command.ts';
import { buildFirmwareProject, findFirmware } from '../firmware/build.ts';

export const build: Command = {
  name: 'build',
  operands: ['PLAN|DIR'],
  flagsHelp: `[--board NAME] [--generate] [--project ${projectKinds.join('|')}]`,
  summary: "builds the firmware project with its own build system, and explains what does not fit the board's memory",
  flags: { board: { type: 'string' }, generate: { type: 'boolean' }, project: { type: 'string' } },
  async run(invocation, io) {
    const { flags } = invocation;
    const start = performance.now();
    const onLine = (line: string): void => io.err(`${line}\n`);
    const found = { kind: projectFlag(flags), generate: flags.generate === true, onLine };
    const project = await findFirmware(operandAt(invocation, 0), found);
    if (!project.ok) return failed(project.diagnostics);
    const built = await buildFirmwareProject(project.value, {
      board: textFlag(flags, 'board'),
      signal: io.signal,
      onLine,
    });
    const diagnostics = [...project.diagnostics, ...built.diagnostics];
    if (!built.ok) return failed(diagnostics);
    const document = { ...built.value, milliseconds: Math.round(performance.now() - start) };
    const image = document.elf === undefined ? 'done' : relative(process.cwd(), document.elf);
    return {
      document,
      text: () => `${image} (${document.project}, ${document.milliseconds} ms)\n`,
      diagnostics,
    };
  },
};

export function projectFlag(flags: FlagValues): string | undefined {
  const name = textFlag(flags, 'project');
  if (name === undefined || isProjectKind(name)) return name;
  throw new UsageError(`--project is one of ${projectKinds.join(', ')}`);
}
