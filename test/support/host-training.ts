/** Trains the generated C of a program on this computer. */
import { generateC } from '../../compiler/codegen/c.ts';
import type { Program } from '../../compiler/program.ts';
import { withTemporaryDirectory } from '../../extension/cli/board/bench.ts';
import { buildHostProgram, runHostProgram } from '../../extension/cli/board/host.ts';
import type { SessionResult } from '../../extension/cli/board/session.ts';
import { findTools } from '../../extension/cli/board/tools.ts';
import { noFacts } from './facts.ts';

const tools = findTools(['gcc']);
export const gccIsThere = tools.ok;

/** @throws Error with the compiler's or the program's words */
export async function trainOnHost(
  program: Program,
  training: readonly { readonly input: Int8Array; readonly label: number }[],
): Promise<SessionResult> {
  if (!tools.ok) throw new Error('gcc is missing: such tests are skipped');
  const { gcc: compiler } = tools.value;
  const files = generateC(program, noFacts);
  const result = await withTemporaryDirectory(async (directory) => {
    const built = await buildHostProgram({ files, planName: program.name, compiler, directory });
    return built.ok ? await runHostProgram(built.value, { training, inference: [] }) : built;
  });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}
