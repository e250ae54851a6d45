/**
 * Generates the parser's modules from the grammar into `language/generated/`, if the grammar, its settings or Langium
 * changed since. `node language/generate.mjs`; also vitest's global setup.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const cli = join(folder, '../node_modules/langium-cli');

export function setup() {
  const sources = [join(folder, 'trainplan.langium'), join(folder, 'langium-config.json'), join(cli, 'package.json')];
  const hash = createHash('sha256');
  for (const source of sources) hash.update(readFileSync(source));
  const digest = hash.digest('hex');
  const stamp = join(folder, 'generated/.stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  execFileSync(
    process.execPath,
    [join(cli, 'bin/langium.js'), 'generate', '--mode=production', '-f', join(folder, 'langium-config.json')],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  writeFileSync(stamp, digest);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup();
