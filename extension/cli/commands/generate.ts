import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { generateC } from '../../../compiler/codegen/c.ts';
import { modelFacts } from '../../../compiler/codegen/facts.ts';
import { isProjectKind, type ProjectKind, projectKinds } from '../../../compiler/codegen/project/detect.ts';
import { launchHint } from '../../../compiler/codegen/project/launch.ts';
import { type Result, success } from '../../../compiler/diagnostics.ts';
import { loadClassNames } from '../../data/load.ts';
import { type Command, type FlagValues, failed, operandAt, requiredFlag, textFlag, UsageError } from '../command.ts';
import { compilePlanFile } from '../compilation.ts';
import { nodeFiles } from '../files/data.ts';
import { nodeFileSystem } from '../files/fileSystem.ts';
import { type GenerationResult, writeGenerated } from '../files/generated.ts';
import { manifestName, parseManifest } from '../files/manifest.ts';
import { readInput } from '../files/read.ts';
import { projectAround } from '../files/workspace.ts';
import { table } from '../output.ts';

const projectChoices = ['auto', ...projectKinds, 'none'];

export const generate: Command = {
  name: 'generate',
  operands: ['PLAN'],
  flagsHelp: `--out DIR [--project ${projectChoices.join('|')}] [--licence FILE] [--force] [--launch]`,
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
    const directory = requiredFlag(flags, 'out');
    const chosen = chosenProject(flags);
    const start = performance.now();
    const compiled = await compilePlanFile(planFile);
    if (!compiled.ok) return failed(compiled.diagnostics);
    const { diagnostics, compilation } = compiled.value;
    if (diagnostics.some(({ severity }) => severity === 'error')) return failed(diagnostics);
    const licence = await licenceText(textFlag(flags, 'licence'));
    if (!licence.ok) return failed([...diagnostics, ...licence.diagnostics]);
    const { directory: planFolder, plan } = compiled.value;
    const classNames = await loadClassNames(nodeFiles(planFolder), plan, compilation.network);
    const kind = chosen === 'auto' ? await projectOf(directory) : chosen;
    const written = await writeGenerated(directory, {
      model: compilation.program.name,
      plan: planFile,
      planText: (await nodeFileSystem.read(planFile)) ?? '',
      kind,
      files: generateC(compilation.program, modelFacts(compilation, plan, { classNames, licence: licence.value })),
      force: flags.force === true,
    });
    const all = [...diagnostics, ...written.diagnostics];
    if (!written.ok) return failed(all);
    const milliseconds = Math.round(performance.now() - start);
    const { files, removed, kept } = written.value;
    const launch = flags.launch === true ? launchHint : undefined;
    return {
      document: { project: kind ?? 'none', files, removed, kept, launch, milliseconds },
      text: () => {
        const hint = launch === undefined ? '' : `${JSON.stringify(launch, undefined, 2)}\n`;
        return `${resultText(directory, kind, written.value, milliseconds)}${hint}`;
      },
      diagnostics: all,
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

/** As the last time; otherwise as the folders above say. */
async function projectOf(directory: string): Promise<ProjectKind | undefined> {
  const text = await nodeFileSystem.read(join(directory, manifestName)).catch(() => undefined);
  const before = text === undefined ? undefined : parseManifest(text)?.project;
  return before ?? projectAround(dirname(resolve(directory)))?.kind;
}

function resultText(
  directory: string,
  kind: ProjectKind | undefined,
  { files, removed, kept }: GenerationResult,
  milliseconds: number,
): string {
  const rows = [
    ...files.map(({ path, bytes, changed }) => [path, bytes, changed ? 'written' : 'unchanged']),
    ...removed.map((path) => [path, '', 'removed: no model needs it']),
    ...kept.map(({ path, keptAs }) => [path, '', `what was edited is in ${keptAs}`]),
  ];
  const columns = [{ title: 'file', align: 'left' }, { title: 'bytes' }, { title: '', align: 'left' }] as const;
  const project = kind === undefined ? 'no build system' : kind;
  const folder = relative(process.cwd(), resolve(directory)) || '.';
  return `${table(columns, rows)}\n${files.length} files in ${folder} (${project}), ${milliseconds} ms\n`;
}
