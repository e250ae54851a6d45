/**
 * `npm start`: the extension on a copy of the sample. In the desktop VS Code if `code` is there, else in a workbench
 * that is served on this computer until Ctrl-C. `--port N` chooses the workbench's port.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isInstalled } from './install.mjs';
import { startServer, workbenchUrl } from './workbench.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = join(root, 'build/sample');
const plan = join(folder, 'garments.trainplan');
const { values } = parseArgs({ options: { port: { type: 'string', default: '8123' } } });

// What is tried out, stays; the sample itself stays as it is.
if (!existsSync(folder)) cpSync(join(root, 'extension/samples/garments'), folder, { recursive: true });
if (openDesktop()) process.exit(0);
if (!isInstalled()) {
  console.error('There is neither `code` on the PATH nor a workbench: install VS Code, then its command `code`.');
  process.exit(3);
}
await serveWorkbench();

function openDesktop() {
  const args = [`--extensionDevelopmentPath=${root}`, folder, '--goto', plan];
  const { status } = spawnSync('code', args, { stdio: 'ignore', shell: process.platform === 'win32' });
  return status === 0;
}

async function serveWorkbench() {
  const vsix = join(root, 'build/firmtune.vsix');
  const packing = spawnSync(process.execPath, [join(root, '.ci/package.mjs'), vsix], { encoding: 'utf8' });
  if (packing.status !== 0) {
    console.error(packing.stdout, packing.stderr);
    process.exit(1);
  }
  const server = await startServer({ port: Number(values.port), extension: vsix });
  console.log(`VS Code with Firmtune on the sample: ${workbenchUrl(server.port, { folder, open: plan })}`);
  console.log('Ctrl-C ends it.');
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await server.stop();
      process.exit(0);
    });
  }
}
