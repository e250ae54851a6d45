import { relative, resolve } from 'node:path';
import process from 'node:process';
import { isProjectKind, type ProjectKind, projectKinds } from '../../../compiler/codegen/project/detect.ts';
import { launchHint } from '../../../compiler/codegen/project/launch.ts';
import { type Result, success } from '../../../compiler/diagnostics.ts';
import { type Command, type FlagValues, failed, operandAt, requiredFlag, textFlag, UsageError } from '../command.ts';
import { readInput } from '../files/read.ts';
import { type GeneratedCode, generatePlan } from '../firmware/generate.ts';
import { table } from '../output.ts';

const projectChoices = ['auto', ...projectKinds, 'none'];

export const generate: Command = {
  name: 'generate',
  operands: ['PLAN'],
  flagsHelp: `--out DIR|auto [--project ${projectChoices.join('|')}] [--licence FILE] [--force] [--launch]`,
  summary: 'writes the C files and what the build system needs; files that are as they should be are left alone',
  flags: {
    out: { type: 'string' },
    project: { type: 'string' },
    licence: { type: 'string' },
    force: { type: 'boolean' },
    launch: { type: 'boolean' },
  },
  async run({ operands, flags }) {
    const planFile = operandAt({ operands, flags }, 0);
    const project = chosenProject(flags);
    const start = performance.now();
    const licence = await licenceText(textFlag(flags, 'licence'));
    if (!licence.ok) return failed(licence.diagnostics);
    const folder = requiredFlag(flags, 'out');
    // The tasks of the editor leave the choice to the project.
    const out = folder === 'auto' ? undefined : folder;
    const force = flags.force === true;
    const generated = await generatePlan(planFile, { out, project, licence: licence.value, force });
    const { diagnostics } = generated;
    if (!generated.ok) return failed(diagnostics);
    const milliseconds = Math.round(performance.now() - start);
    const { files, removed, kept } = generated.value;
    const launch = flags.launch === true ? launchHint : undefined;
    return {
      document: { project: generated.value.project ?? 'none', files, removed, kept, launch, milliseconds },
      text: () => {
        const hint = launch === undefined ? '' : `${JSON.stringify(launch, undefined, 2)}\n`;
        return `${resultText(generated.value, milliseconds)}${hint}`;
      },
      diagnostics,
    };
  },
};

/** Goes to the top of every C file; the user's own. */
async function licenceText(file: string | undefined): Promise<Result<string | undefined>> {
  if (file === undefined) return success(undefined);
  const bytes = await readInput(file, 'licence');
  return bytes.ok ? success(new TextDecoder().decode(bytes.value)) : bytes;
}

function chosenProject(flags: FlagValues): ProjectKind | 'auto' | undefined {
  const name = textFlag(flags, 'project') ?? 'auto';
  if (name === 'auto' || isProjectKind(name)) return name;
  if (name === 'none') return undefined;
  throw new UsageError(`--project is one of ${projectChoices.join(', ')}`);
}

function resultText({ directory, project, files, removed, kept }: GeneratedCode, milliseconds: number): string {
  const rows = [
    ...files.map(({ path, bytes, changed }) => [path, bytes, changed ? 'written' : 'unchanged']),
    ...removed.map((path) => [path, '', 'removed: no model needs it']),
    ...kept.map(({ path, keptAs }) => [path, '', `what was edited is in ${keptAs}`]),
  ];
  const columns = [{ title: 'file', align: 'left' }, { title: 'bytes' }, { title: '', align: 'left' }] as const;
  const folder = relative(process.cwd(), resolve(directory)) || '.';
  return `${table(columns, rows)}\n${files.length} files in ${folder} (${project ?? 'no build system'}), ${milliseconds} ms\n`;
}
