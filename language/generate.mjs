/**
 * Generates the parser's modules from the grammar into `language/generated/`, if the grammar, its settings or Langium
 * changed since. `node language/generate.mjs`; also vitest's global setup.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const cli = join(folder, '../node_modules/langium-cli');
const output = join(folder, 'generated');
/** What the output was made from; not within it, see below. */
const stamp = join(folder, '../.cache/language-generated');

export function setup() {
  const sources = [join(folder, 'trainplan.langium'), join(folder, 'langium-config.json'), join(cli, 'package.json')];
  const hash = createHash('sha256');
  for (const source of sources) hash.update(readFileSync(source));
  const digest = hash.digest('hex');
  if (existsSync(join(output, 'grammar.ts')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  // Langium asks what to do with files that it does not know, and keeps the old ones if nobody answers.
  rmSync(output, { recursive: true, force: true });
  const args = ['generate', '--mode=production', '-f', join(folder, 'langium-config.json')];
  execFileSync(process.execPath, [join(cli, 'bin/langium.js'), ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup();
