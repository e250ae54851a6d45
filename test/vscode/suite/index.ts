/** The entry that VS Code calls in its extension host. */

import { writeFileSync } from 'node:fs';
import { format } from 'node:util';
import Mocha from 'mocha';
import { watcherRuns } from './support.ts';

const mark = '[test] ';

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'tdd', color: false, timeout: 180_000 });
  // The host's console cannot be replaced; marked lines are told from VS Code's own log.
  Mocha.reporters.Base.consoleLog = (...args: unknown[]) => {
    const [first = '', ...rest] = args;
    console.log(format(first, ...rest).replace(/^/gm, mark));
  };
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  const only = process.env.FIRMTUNE_TEST_ONLY;
  const files = {
    language: () => import('./language.test.ts'),
    commands: () => import('./commands.test.ts'),
    plans: () => import('./plans.test.ts'),
    monitor: () => import('./monitor.test.ts'),
    model: () => import('./model.test.ts'),
    trace: () => import('./trace.test.ts'),
    tasks: () => import('./tasks.test.ts'),
  };
  for (const [name, load] of Object.entries(files)) if (only === undefined || name === only) await load();
  mocha.suite.beforeAll('VS Code watches the folder', watcherRuns);
  const result = { passed: 0, failed: 0, skipped: 0, failures: [] as string[] };
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on('pass', () => result.passed++);
    runner.on('fail', (failed, error) => {
      result.failed++;
      result.failures.push(`${failed.fullTitle()}: ${String(error.message).split('\n')[0]}`);
    });
    runner.on('pending', () => result.skipped++);
  });
  const report = process.env.FIRMTUNE_TEST_REPORT;
  if (report !== undefined) writeFileSync(report, JSON.stringify(result));
  if (result.failed > 0) throw new Error(`${result.failed} tests failed`);
}
