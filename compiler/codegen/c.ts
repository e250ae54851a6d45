/** All files of a generated model. */
import { kernelSignatures, kernelSources } from '../kernels/kernels.generated.ts';
import type { Program } from '../program.ts';
import pictureSource from '../runtime/ft_picture.c';
import pictureHeader from '../runtime/ft_picture.h';
import storeSource from '../runtime/ft_store.c';
import storeHeader from '../runtime/ft_store.h';
import type { ModelFacts } from './facts.ts';
import { headerFile } from './header.ts';
import { licenceLines } from './licence.ts';
import { sourceFile } from './source.ts';
import { traceFile } from './trace.ts';

export interface GeneratedFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/**
 * NAME.h, NAME.c, NAME.trace.json, and in kernels/ what several models of one firmware may share: the kernels that this
 * one uses, and the code that saves states and converts pictures.
 */
export function generateC(program: Program, facts: ModelFacts): readonly GeneratedFile[] {
  const { name } = program;
  const source = sourceFile(program, facts);
  return [
    { path: `${name}.h`, text: headerFile(program, facts) },
    { path: `${name}.c`, text: source.toString() },
    { path: `${name}.trace.json`, text: traceFile(program, facts, source) },
    ...sharedFiles(program, facts).map(([file, text]) => ({
      path: `kernels/${file}`,
      text: `/* ${licenceLines(facts.licence).join('\n * ')} */\n${text}`,
    })),
  ];
}

function sharedFiles(program: Program, { picture }: ModelFacts): readonly (readonly [string, string])[] {
  const runtime: Readonly<Record<string, string>> = {
    'ft_store.c': storeSource,
    'ft_store.h': storeHeader,
    ...(picture && { 'ft_picture.c': pictureSource, 'ft_picture.h': pictureHeader }),
  };
  const texts = [...kernelFiles(program).map((file) => [file, kernelText(file)] as const), ...Object.entries(runtime)];
  return texts.sort(([a], [b]) => (a < b ? -1 : 1));
}

function kernelText(file: string): string {
  const text = kernelSources[file];
  if (text === undefined) throw new Error(`no kernel file ${file}`);
  return text;
}

/** The C files of the kernels in use, and the headers that they include. */
function kernelFiles(program: Program): readonly string[] {
  const wanted = new Set<string>();
  const visit = (file: string): void => {
    if (wanted.has(file)) return;
    wanted.add(file);
    for (const [, included] of (kernelSources[file] ?? '').matchAll(/#include "([^"]+)"/g)) visit(included ?? '');
  };
  for (const step of [...program.initialise, ...program.steps]) {
    for (const { kernel } of step.calls) visit(kernelSignatures[kernel]?.file ?? '');
  }
  return [...wanted];
}
