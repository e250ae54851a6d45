/**
 * `npm run bench -- NAME ... [--json]`. The result alone goes to stdout: one JSON document with `--json`, else Markdown
 * tables. Progress goes to stderr. npm prints a banner to stdout unless it is called with `--silent`.
 */

import process from 'node:process';
import { runAccuracy } from './accuracy.ts';
import { runMemory } from './memory.ts';
import { runPack } from './pack.ts';
import { runReplan } from './replan.ts';
import { flatten, markdownTable } from './table.ts';
import { runTyping } from './typing.ts';

interface Bench {
  readonly usage: string;
  readonly about: string;
  run(args: readonly string[]): object | Promise<object>;
}

const progress = (done: object): void => {
  process.stderr.write(`${JSON.stringify(done)}\n`);
};

const benches: Readonly<Record<string, Bench>> = {
  pack: {
    usage: 'pack FILE.csv [--capacity N] [--seconds N] [--seed N]',
    about: "the arena planner on one of MiniMalloc's instances",
    run: runPack,
  },
  memory: {
    usage: 'memory [FILTER] [--board NAME] [--steps N]',
    about: 'what the published plans take; measured too, with a board',
    run: (args) => runMemory(args, progress),
  },
  accuracy: {
    usage: 'accuracy [FILTER] [--seeds 1,2,3]',
    about: 'trains the reference rows on CIFAR-10 pictures: minutes for each run',
    run: (args) => runAccuracy(args, progress),
  },
  replan: {
    usage: 'replan [PLAN] [--toggles N]',
    about: 'from a switched layer to the new memory report',
    run: runReplan,
  },
  typing: { usage: 'typing [PLAN]', about: 'what the editor waits for while a plan is typed', run: runTyping },
};

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
