/** Builds generated C together with a main function of the test's own, on this computer, and runs it. */
import { join } from 'node:path';
import { withTemporaryDirectory } from '../../extension/cli/board/bench.ts';
import { runProcess } from '../../extension/cli/board/process.ts';
import { type SourceFile, strictFlags, writeSources } from '../../extension/cli/board/sources.ts';
import { findTools } from '../../extension/cli/board/tools.ts';

const tools = findTools(['gcc', 'clang']);
export const compilersAreThere = tools.ok;

export interface HostC {
  /** Those in kernels/ are C; the others are in `language`. Files of equal path must be equal. */
  readonly files: readonly SourceFile[];
  readonly language?: 'c99' | 'c++17';
  readonly compiler?: 'gcc' | 'clang';
  readonly flags?: readonly string[];
  readonly sanitize?: boolean;
  /** Looks at the folder after the build; the program is `program`, objects are `<path>.o`. */
  readonly inspect?: (directory: string) => Promise<void>;
}

/** What the program prints. @throws Error with the compiler's or the program's words */
export async function runC(build: HostC): Promise<string> {
  const { files, language = 'c99', compiler = 'gcc', flags = [], sanitize = true } = build;
  const sanitizers = sanitize ? ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-g'] : [];
  return await withTemporaryDirectory(async (directory) => {
    const unique = [...new Map(files.map((file) => [file.path, file])).values()];
    await writeSources(directory, unique);
    const run = async (command: string, args: readonly string[]): Promise<string> => {
      const result = await runProcess(command, args, { directory, timeLimitMs: 120_000 });
      if (result.code !== 0) throw new Error(`${command} ${args.join(' ')}\n${result.stderr}${result.stdout}`);
      return result.stdout;
    };
    const objects: string[] = [];
    for (const { path } of unique.filter((file) => file.path.endsWith('.c'))) {
      const isKernel = path.startsWith('kernels/') && !/^kernels\/ft_(store|picture)\.c$/.test(path);
      const standard = isKernel || language === 'c99' ? ['-std=c99'] : ['-x', 'c++', '-std=c++17'];
      const strict = [...strictFlags.filter((flag) => !flag.startsWith('-std')), '-Wpedantic'];
      await run(compiler, [
        ...standard,
        ...strict,
        '-O1',
        ...sanitizers,
        ...flags,
        '-I.',
        '-c',
        path,
        '-o',
        `${path}.o`,
      ]);
      objects.push(`${path}.o`);
    }
    const linker = language === 'c99' ? compiler : { gcc: 'g++', clang: 'clang++' }[compiler];
    await run(linker, [...sanitizers, ...objects, '-Wl,--gc-sections', '-o', 'program']);
    await build.inspect?.(directory);
    return await run(join(directory, 'program'), []);
  });
}
