/** Generated code that is older than its plan: found, warned of, or generated again. */
import { dirname, join, relative } from 'node:path';
import { usualFolders } from '../../../compiler/codegen/project/detect.ts';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { finishChange } from '../files/change.ts';
import { nodeFileSystem, textHash } from '../files/fileSystem.ts';
import { emptyManifest, manifestName, parseManifest } from '../files/manifest.ts';
import { filesNamed } from './elf.ts';
import { generatePlan } from './generate.ts';

export interface GeneratedPlan {
  /** Relative to the working directory, as is the folder of its code. */
  readonly plan: string;
  readonly directory: string;
  /** The plan was edited since. */
  readonly isOutdated: boolean;
}

/** What the lists of generated files in a project name. A generation that was interrupted is finished first. */
export async function generatedPlans(project: string): Promise<readonly GeneratedPlan[]> {
  const usual = Object.values(usualFolders).map((inner) => join(project, inner));
  const others = filesNamed(project, manifestName).map((path) => dirname(path));
  const found = new Map<string, GeneratedPlan>();
  for (const folder of new Set([...usual, ...others])) {
    await finishChange(folder, nodeFileSystem);
    const text = await nodeFileSystem.read(join(folder, manifestName)).catch(() => undefined);
    const { models } = (text === undefined ? undefined : parseManifest(text)) ?? emptyManifest;
    for (const { plan, sha256 } of Object.values(models)) {
      const path = relative('', join(folder, plan));
      const planText = await nodeFileSystem.read(path);
      if (planText === undefined || found.has(path)) continue;
      found.set(path, { plan: path, directory: relative('', folder), isOutdated: textHash(planText) !== sha256 });
    }
  }
  return [...found.values()];
}

/** Stops at the first plan that is not generated: with errors, or because a generated file was edited. */
export async function generateAll(
  plans: readonly { readonly plan: string; readonly directory?: string }[],
  { onLine }: { readonly onLine?: (line: string) => void },
): Promise<Result<undefined>> {
  const diagnostics: Diagnostic[] = [];
  for (const { plan, directory } of plans) {
    const generated = await generatePlan(plan, { out: directory, project: 'auto' });
    diagnostics.push(...generated.diagnostics);
    if (!generated.ok) return failure(...diagnostics);
    const changed = generated.value.files.filter((file) => file.changed).length;
    onLine?.(`${plan}: ${changed} of ${generated.value.files.length} files written in ${generated.value.directory}`);
  }
  return success(undefined, diagnostics);
}

export function warnings(plans: readonly GeneratedPlan[]): readonly Diagnostic[] {
  return plans.filter(({ isOutdated }) => isOutdated).map(({ plan }) => outdatedCode(plan));
}

function outdatedCode(plan: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'code-outdated',
    message: 'the plan was edited since its code was generated',
    remedy: 'generate again, or build with --generate, so that the firmware does what the plan says',
    file: plan,
  };
}
