/**
 * Makes `npm run demo`, `npm test`, `npm run bench` and `npm start` work on a fresh clone: checks Node, installs the npm packages and,
 * as root on a Debian, the system packages, then builds. Imports only Node's own modules, as node_modules may not exist.
 * For test and start also a VS Code workbench.
 * Usage: node .ci/setup.mjs demo|test|bench|start|package
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const emulator = ['gcc-arm-none-eabi', 'libnewlib-arm-none-eabi', 'qemu-system-arm'];
const browser = ['chromium', 'fonts-dejavu-core'];
// Clang's sanitizer run time is only a recommendation of Debian's clang.
const compilers = ['gcc', 'g++', 'clang', 'libclang-rt-dev', 'clang-format'];
const projects = ['cmake', 'make', 'gdb-multiarch'];
const queue = ['redis-server'];
const packagesFor = {
  demo: emulator,
  bench: [],
  package: [],
  start: [],
  test: [...emulator, ...compilers, ...projects, ...browser, ...queue],
};

const purpose = process.argv[2];
if (!Object.hasOwn(packagesFor, purpose)) stop(`usage: node .ci/setup.mjs ${Object.keys(packagesFor).join('|')}`, 2);
checkNode();
installNpmPackages();
installSystemPackages(packagesFor[purpose]);
run(process.execPath, ['build.mjs'], 'the build failed');
if (purpose === 'test' || (purpose === 'start' && !hasDesktopEditor())) installWorkbench();

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) stop(`Node.js 20 or newer is needed, this is ${process.versions.node}: see https://nodejs.org`, 3);
}

function installNpmPackages() {
  if (npmPackagesAreCurrent()) return;
  console.error('Installing npm packages ...');
  // npm tells its scripts where it is; that spares a shell on Windows. The dev dependencies hold the build's tools.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const failure = 'npm ci failed: see above; it needs the npm registry';
  if (npm?.endsWith('.js')) run(process.execPath, [npm, ...args], failure);
  else run('npm', args, failure, { shell: process.platform === 'win32' });
}

/** Compares the versions that are asked for with npm's own record of what it installed. */
function npmPackagesAreCurrent() {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(record);
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    return installed[path] === undefined ? optional === true : installed[path].version === version;
  });
}

function readPackages(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages ?? {};
}

function installSystemPackages(packages) {
  if (packages.length === 0) return;
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-query')) {
    console.error(
      `This is no Debian: tests and tools that need one of these are left out if it is missing: ${packages.join(', ')}`,
    );
    return;
  }
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    console.error(`Not installed: ${missing.join(', ')}. What needs them is left out. To install:`);
    console.error(`  sudo apt-get install --no-install-recommends ${missing.join(' ')}`);
    return;
  }
  console.error(`Installing ${missing.join(', ')} ...`);
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=400', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  apt('update');
  if (apt('install', '-y', '--no-install-recommends', ...missing)) return;
  // Continuous integration must not pass because its tools were missing.
  if (process.env.CI === 'true') stop('apt-get could not install them', 3);
  console.error('apt-get could not install them: what needs them is left out.');
}

function hasDesktopEditor() {
  return spawnSync('code', ['--version'], { stdio: 'ignore', shell: process.platform === 'win32' }).status === 0;
}

function installWorkbench() {
  const { status } = spawnSync(process.execPath, ['test/vscode/install.mjs'], { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  if (process.env.CI === 'true' && process.platform === 'linux') stop('CI needs it', 3);
  console.error('What needs a VS Code workbench is left out.');
}

function isInstalled(name) {
  const query = spawnSync('dpkg-query', ['-s', name], { encoding: 'utf8' });
  return query.status === 0 && query.stdout.includes('Status: install ok installed');
}

function run(command, args, failure, options = {}) {
  // What the command itself says is alone on stdout.
  const result = spawnSync(command, args, { cwd: root, stdio: ['inherit', process.stderr, 'inherit'], ...options });
  if (result.status !== 0) stop(failure, 1);
}

function stop(message, code) {
  console.error(message);
  process.exit(code);
}
