/**
 * `npm run bench -- NAME ... [--json]`. The result alone goes to stdout: one JSON document with `--json`, else Markdown
 * tables. Progress goes to stderr. npm prints a banner to stdout unless it is called with `--silent`.
 */

import process from 'node:process';
import { benches } from './benches.ts';
import { flatten, markdownTable } from './table.ts';

function usage(): string {
  const width = Math.max(...Object.values(benches).map((bench) => bench.usage.length));
  const lines = Object.values(benches).map((bench) => `  ${bench.usage.padEnd(width)}  ${bench.about}`);
  return ['usage: npm run --silent bench -- NAME ... [--json]', '', ...lines, ''].join('\n');
}

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (bench === undefined) {
    process.stderr.write(usage());
    return 2;
  }
  try {
    const result = await bench.run(args.filter((arg) => arg !== '--json'));
    const rows = (Array.isArray(result) ? result : [result]).map((row) => flatten(row));
    process.stdout.write(args.includes('--json') ? `${JSON.stringify(result)}\n` : markdownTable(rows));
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
