import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type GeneratedFile, generateC } from '../../../compiler/codegen/c.ts';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { type Command, failed, operandAt, requiredFlag } from '../command.ts';
import { compilePlanFile } from '../compilation.ts';
import { errorText } from '../files/read.ts';
import { table } from '../output.ts';

export const generate: Command = {
  name: 'generate',
  operands: ['PLAN'],
  flagsHelp: '--out DIR',
  summary: 'writes the C files; those that are already as they should be are left alone',
  flags: { out: { type: 'string' } },
  async run(invocation) {
    const directory = requiredFlag(invocation.flags, 'out');
    const start = performance.now();
    const compiled = await compilePlanFile(operandAt(invocation, 0));
    if (!compiled.ok) return failed(compiled.diagnostics);
    const { diagnostics, compilation } = compiled.value;
    if (diagnostics.some(({ severity }) => severity === 'error')) return failed(diagnostics);
    const written = await writeGenerated(directory, generateC(compilation.program));
    if (!written.ok) return failed([...diagnostics, ...written.diagnostics]);
    const files = written.value;
    const milliseconds = Math.round(performance.now() - start);
    return {
      document: { files, milliseconds },
      text: () => filesText(directory, files, milliseconds),
      diagnostics,
    };
  },
};

export interface WrittenFile {
  /** Relative to the output folder, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  /** False where the file was already there with this content. */
  readonly changed: boolean;
}

/** All files or none: they are written under other names first, then renamed. */
export async function writeGenerated(
  directory: string,
  files: readonly GeneratedFile[],
): Promise<Result<readonly WrittenFile[]>> {
  const temporary = (file: GeneratedFile): string => join(directory, `${file.path}.${process.pid}.tmp`);
  const written: WrittenFile[] = [];
  const pending: GeneratedFile[] = [];
  try {
    for (const file of files) {
      const changed = (await contentOf(join(directory, file.path))) !== file.text;
      written.push({ path: file.path, bytes: Buffer.byteLength(file.text), changed });
      if (!changed) continue;
      await mkdir(dirname(join(directory, file.path)), { recursive: true });
      pending.push(file);
      await writeFile(temporary(file), file.text);
    }
    for (const file of pending) await rename(temporary(file), join(directory, file.path));
    return success(written);
  } catch (error) {
    await Promise.allSettled(pending.map((file) => rm(temporary(file), { force: true })));
    return failure(cannotWrite(directory, error));
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

function cannotWrite(directory: string, error: unknown): Diagnostic {
  return {
    severity: 'error',
    code: 'cannot-write',
    message: `the files cannot be written: ${errorText(error)}`,
    remedy: 'choose another folder, or check the permissions and the space on the disk',
    file: directory,
  };
}

function filesText(directory: string, files: readonly WrittenFile[], milliseconds: number): string {
  const rows = files.map(({ path, bytes, changed }) => [path, bytes, changed ? 'written' : 'unchanged']);
  const columns = [{ title: 'file', align: 'left' }, { title: 'bytes' }, { title: '', align: 'left' }] as const;
  return `${table(columns, rows)}\n${files.length} files in ${directory}, ${milliseconds} ms\n`;
}
