/** Packs the extension from what .vscodeignore names; dist/ must be built. `node .ci/package.mjs [build/firmtune.vsix]` */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const given = process.argv[2];
const file = given === undefined ? 'build/firmtune.vsix' : resolve(given);
process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
mkdirSync(dirname(file), { recursive: true });
// All dependencies are bundled. There is no repository address yet, against which links could be made absolute.
const flags = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--out', file];
const vsce = 'node_modules/@vscode/vsce/vsce';
const { status } = spawnSync(process.execPath, [vsce, 'package', ...flags], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
console.log(`${file}: ${(statSync(file).size / 1024).toFixed(0)} KB`);
