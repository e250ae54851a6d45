import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, failed, operandAt } from '../command.ts';
import { copySample, sampleFiles } from '../files/sample.ts';

export const sample: Command = {
  name: 'sample',
  operands: ['DIR'],
  flagsHelp: '',
  summary:
    'writes the sample firmware: a model, a plan, pictures, and a main loop that learns and keeps what it learned',
  flags: {},
  async run(invocation) {
    const directory = operandAt(invocation, 0);
    const root = packageFolder();
    const [first, ...more] = copySample(root, directory);
    if (first !== undefined) {
      return failed([
        {
          severity: 'error',
          code: 'file-in-the-way',
          message: `${[first, ...more].slice(0, 3).join(', ')}${more.length > 2 ? ', ...' : ''} would be overwritten; nothing was written`,
          remedy: 'choose an empty folder',
          file: directory,
        },
      ]);
    }
    const files = sampleFiles(root).map(({ to }) => to);
    return {
      document: { directory, files },
      text: () =>
        `${files.length} files in ${directory}. Next:\n` +
        `  firmtune generate ${directory}/garments.trainplan --out ${directory}/firmtune\n` +
        `  firmtune emulate ${directory} --board mps2-an500 --build\n`,
      diagnostics: [],
    };
  },
};

/** The package's folder, from the bundle in dist/ and from the source. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'extension/samples'))) folder = dirname(folder);
  return folder;
}
