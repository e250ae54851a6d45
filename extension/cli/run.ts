/** The command line: which command, its output and exit code. */
import { parseArgs } from 'node:util';
import type { Diagnostic } from '../../compiler/diagnostics.ts';
import { toolMissing } from './board/tools.ts';
import { type Command, type Invocation, type Io, type Outcome, UsageError } from './command.ts';
import { bench } from './commands/bench.ts';
import { build } from './commands/build.ts';
import { check } from './commands/check.ts';
import { contribution } from './commands/contribution.ts';
import { emulate } from './commands/emulate.ts';
import { generate } from './commands/generate.ts';
import { infer } from './commands/infer.ts';
import { inspect } from './commands/inspect.ts';
import { merge } from './commands/merge.ts';
import { plan } from './commands/plan.ts';
import { sample } from './commands/sample.ts';
import { search } from './commands/search.ts';
import { simulate } from './commands/simulate.ts';
import { worker } from './commands/worker.ts';
import { diagnosticJson, diagnosticText } from './output.ts';

const commands: readonly Command[] = [
  inspect,
  check,
  plan,
  generate,
  merge,
  build,
  emulate,
  sample,
  infer,
  simulate,
  search,
  contribution,
  worker,
  bench,
];

export const exitCodes = { done: 0, inputErrors: 1, usage: 2, toolMissing: 3 } as const;

/** @returns the exit code; throws only where Firmtune itself is wrong */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(generalUsage());
    return exitCodes.done;
  }
  const command = commands.find((each) => each.name === name);
  if (command === undefined) {
    io.err(`${name === undefined ? 'which command?' : `unknown command '${name}'`}\n\n${generalUsage()}`);
    return exitCodes.usage;
  }
  try {
    const { invocation, json, help } = parse(command, rest);
    if (help) {
      io.out(commandUsage(command));
      return exitCodes.done;
    }
    return report(await command.run(invocation, io), json, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.err(`${error.message}\n\n${commandUsage(command)}`);
    return exitCodes.usage;
  }
}

function parse(command: Command, args: readonly string[]): { invocation: Invocation; json: boolean; help: boolean } {
  const options = { ...command.flags, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseStrictly(args, options);
  const help = values.help === true;
  const { operands } = command;
  if (!help && positionals.length !== operands.length) {
    const [missing] = operands.slice(positionals.length);
    throw new UsageError(
      missing === undefined ? `'${positionals[operands.length]}' is one operand too many` : `${missing} is missing`,
    );
  }
  return { invocation: { operands: positionals, flags: values }, json: values.json === true, help };
}

function parseStrictly(
  args: readonly string[],
  options: Command['flags'],
): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const single = Object.entries(values).map(([key, value]) => [key, Array.isArray(value) ? value.at(-1) : value]);
    return { values: Object.fromEntries(single), positionals };
  } catch (error) {
    // Node's own words: unknown option, missing value; its hints about `--` would only mislead.
    if (error instanceof TypeError) throw new UsageError(error.message.replace(/\. .*$/s, ''));
    throw error;
  }
}

function report({ document, text, diagnostics }: Outcome, json: boolean, io: Io): number {
  for (const diagnostic of diagnostics) io.err(diagnosticText(diagnostic));
  if (json) {
    const fields = diagnostics.length === 0 ? {} : { diagnostics: diagnostics.map(diagnosticJson) };
    io.out(`${JSON.stringify({ ...document, ...fields }, undefined, 1)}\n`);
  } else if (text !== undefined) {
    io.out(text());
  }
  return exitCodeOf(diagnostics);
}

function exitCodeOf(diagnostics: readonly Diagnostic[]): number {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return exitCodes.done;
  return errors.some(({ code }) => code === toolMissing) ? exitCodes.toolMissing : exitCodes.inputErrors;
}

function generalUsage(): string {
  const width = Math.max(...commands.map((command) => synopsis(command).length));
  const lines = commands.map((command) => `  ${synopsis(command).padEnd(width)}  ${command.summary}`);
  return [
    'usage: firmtune COMMAND ... [--json]',
    '',
    ...lines,
    '',
    '--json prints one JSON document on stdout. Exit codes: 0 done, 1 the input has errors, 2 wrong usage,',
    '3 a tool is missing. `firmtune COMMAND --help` shows the flags of one command.',
    '',
  ].join('\n');
}

function synopsis({ name, operands }: Command): string {
  return [name, ...operands].join(' ');
}

function commandUsage(command: Command): string {
  const flags = command.flagsHelp === '' ? '' : ` ${command.flagsHelp}`;
  return `usage: firmtune ${synopsis(command)}${flags} [--json]\n  ${command.summary}\n`;
}
