import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { serveJobs } from './contribution/thread.ts';
import { run } from './run.ts';

// A thread of the contribution pool needs most of this bundle: one of its own would be a tenth of the package.
if (isMainThread) await runMain();
else serveJobs();

async function runMain(): Promise<void> {
  const interrupted = new AbortController();
  // The latter two: an editor ends a task, its terminal closes. A build or an emulator must not live on without us.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort());
  // A reader that has seen enough (`firmtune inspect | head`) is no error.
  process.stdout.on('error', () => process.exit(0));

  process.exitCode = await run(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    signal: interrupted.signal,
  });
}
