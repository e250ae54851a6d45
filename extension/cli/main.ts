import process from 'node:process';
import { run } from './run.ts';

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
