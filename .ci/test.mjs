/**
 * Runs every test suite in turn, adds up their results, and fails if one fails. With CI=true the slow tests are on.
 * build/test-summary.txt then names the tests that failed; its last line is 'N passed, N failed, N skipped'.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { isInstalled } from '../test/vscode/install.mjs';
import { chromiumPath } from '../test/vscode/workbench.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const reportFolder = 'build';
const slow = process.env.CI === 'true' ? { FIRMTUNE_SLOW: '1', FIRMTUNE_FUZZ: '10000' } : {};
const environment = { ...slow, ...process.env };

const suites = [() => runVitest('vitest'), runEditor, runJourneys];

mkdirSync(reportFolder, { recursive: true });
const results = suites.map((suite) => suite());
const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
const summary = `${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`;
const failures = results.flatMap(({ failures = [] }) => failures.map((name) => `failed: ${name}\n`));
writeFileSync(join(reportFolder, 'test-summary.txt'), `${failures.join('')}${summary}\n`);
console.log(`\nIn all: ${summary}`);
process.exit(results.every((result) => result.ok) ? 0 : 1);

function runVitest(name, ...options) {
  const report = join(reportFolder, `${name}.json`);
  rmSync(report, { force: true });
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...options, '--reporter=default', '--reporter=json'];
  const { status } = spawnSync(process.execPath, [...vitest, `--outputFile.json=${report}`], {
    stdio: 'inherit',
    env: environment,
  });
  const json = readJson(report);
  if (json === undefined) return noReport(name);
  // A file that cannot be loaded has no tests of its own.
  const broken = json.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  return {
    passed: json.numPassedTests,
    failed: json.numFailedTests + broken,
    skipped: json.numPendingTests + json.numTodoTests,
    ok: status === 0,
    failures: json.testResults.flatMap(failuresOf),
  };
}

function noReport(name) {
  return { passed: 0, failed: 1, skipped: 0, ok: false, failures: [`${name}: it ended without a report`] };
}

/** Each failed test with the first line of what it says. */
function failuresOf({ name, status, message, assertionResults }) {
  if (status === 'failed' && assertionResults.length === 0) return [`${name}: ${firstLine(message)}`];
  return assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => `${name}: ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
}

function firstLine(text = '') {
  return text.split('\n')[0];
}

/** The tests in a real VS Code; one skipped test stands for all where there is none. */
function runEditor() {
  console.log('\nIn VS Code:');
  const missing = missingForEditor();
  if (missing !== undefined) {
    console.log(`skipped: needs ${missing}`);
    return { passed: 0, failed: 0, skipped: 1, ok: true };
  }
  const report = join(reportFolder, 'vscode.json');
  rmSync(report, { force: true });
  const { status } = spawnSync(process.execPath, ['test/vscode/run.mjs'], { stdio: 'inherit', env: environment });
  const result = readJson(report);
  if (result === undefined) return noReport('vscode');
  console.log(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
  return { ...result, ok: status === 0 && result.failed === 0 };
}

/** What users do, in a workbench in Chromium. */
function runJourneys() {
  console.log('\nIn a workbench:');
  const missing = missingForWorkbench();
  if (missing === undefined) return runVitest('journeys', '--config=vitest.journeys.config.ts');
  console.log(`skipped: needs ${missing}`);
  return { passed: 0, failed: 0, skipped: 1, ok: true };
}

function missingForEditor() {
  return process.env.FIRMTUNE_VSCODE === 'download' ? undefined : missingForWorkbench();
}

function missingForWorkbench() {
  if (!isInstalled()) return 'a VS Code workbench: node test/vscode/install.mjs, or FIRMTUNE_VSCODE=download';
  if (chromiumPath() === undefined) return 'Chromium: apt-get install chromium, or its path in CHROMIUM';
  return undefined;
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
