/** Checks the layout of our C with clang-format; `--write` corrects it. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const files = [
  'compiler/kernels',
  'compiler/runtime',
  'extension/cli/board',
  'extension/samples/firmware/src',
  'extension/samples/firmware/boards',
].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => join(folder, name)),
);
const mode = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '-Werror'];
const { error, status } = spawnSync('clang-format', [...mode, ...files], { stdio: 'inherit' });
if (error !== undefined) console.log('clang-format is not installed: the layout of the C files is not checked');
else process.exit(status ?? 1);
