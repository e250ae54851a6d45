/** A plan file compiled, with its memory report and every diagnostic in its place: what most commands start with. */
import { type Compilation, compile } from '../../compiler/compile.ts';
import { type Diagnostic, failure, type Result, success } from '../../compiler/diagnostics.ts';
import { type MemoryReport, memoryReport } from '../../compiler/memory/report.ts';
import { type LoadedPlan, loadPlan } from './files/plan.ts';

export interface CompiledPlan extends LoadedPlan {
  readonly compilation: Compilation;
  readonly memory: MemoryReport;
  /** Of compiling alone. */
  readonly milliseconds: number;
  /** Of plan, model, compiler; exceeded limits among them. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Succeeds where a program could be made, even if it exceeds a limit. */
export async function compilePlanFile(file: string): Promise<Result<CompiledPlan>> {
  const loaded = await loadPlan(file);
  if (!loaded.ok) return loaded;
  const { graph, plan, placed } = loaded.value;
  const start = performance.now();
  const compiled = compile(graph, plan);
  const milliseconds = Math.round(performance.now() - start);
  const before = loaded.value.diagnostics;
  if (!compiled.ok) return failure(...before, ...placed(compiled.diagnostics));
  const memory = memoryReport(compiled.value, plan);
  const diagnostics = [...before, ...placed([...compiled.diagnostics, ...memory.diagnostics])];
  return success({ ...loaded.value, compilation: compiled.value, memory, milliseconds, diagnostics });
}
