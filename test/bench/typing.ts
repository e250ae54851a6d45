/**
 * How long the editor waits while a plan of mcunet-5fps is typed: diagnostics, lenses and completion over the LSP
 * connection, from the keystroke to the answer. `npm run bench -- typing [PLAN] [--json]`.
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import type { CodeLens, CompletionList } from 'vscode-languageserver-protocol';
import { PlanClient } from '../language/server/client.ts';

const keystrokes = 120;
/** npm runs scripts in the package's folder. */
const root = process.cwd();
const standard = resolve(root, '../shared/data/plans/mcunet-5fps-49kb.trainplan');

export interface TypingTimes {
  readonly diagnostics: Spread;
  readonly codeLens: Spread;
  readonly completion: Spread;
  /** From the keystroke until the compiled price is shown. */
  readonly price: Spread;
}

/** @param args `[PLAN]`; without one, the published scheme of mcunet-5fps in ../shared. */
export function runTyping(args: readonly string[]): Promise<TypingTimes> {
  return measureTyping(args.find((arg) => !arg.startsWith('--')));
}

interface Spread {
  readonly median: number;
  readonly p95: number;
}

/** Types a line into the plan's update block, over and over, as an editor with code lens refresh does. */
export async function measureTyping(path = standard): Promise<TypingTimes> {
  const client = await PlanClient.start(join(root, 'extension/server'), { refresh: true });
  try {
    const whole = readFileSync(path, 'utf8');
    const end = whole.lastIndexOf('}');
    const typed = '  block9.depthwise: bias, weights 1/4\n';
    await client.show(path, whole);
    await client.compiled(path);
    const times: Record<keyof TypingTimes, number[]> = { diagnostics: [], codeLens: [], completion: [], price: [] };
    for (let key = 0; key < keystrokes; key++) {
      const length = (key % typed.length) + 1;
      const text = whole.slice(0, end) + typed.slice(0, length) + whole.slice(end);
      const line = text.slice(0, end + length).split('\n').length - 1;
      const character = text.slice(0, end + length).length - text.lastIndexOf('\n', end + length - 1) - 1;
      const started = performance.now();
      const since = () => performance.now() - started;
      const shown = client.show(path, text).then(() => times.diagnostics.push(since()));
      const lenses = client.ask<CodeLens[]>('codeLens', path).then(() => times.codeLens.push(since()));
      const position = { line, character };
      const list = client.ask<CompletionList>('completion', path, { position });
      await Promise.all([shown, lenses, list.then(() => times.completion.push(since()))]);
    }
    for (let round = 0; round < 5; round++) {
      const started = performance.now();
      await client.show(path, `${whole}// ${round}\n`);
      await client.compiled(path);
      times.price.push(performance.now() - started);
    }
    return {
      diagnostics: spread(times.diagnostics),
      codeLens: spread(times.codeLens),
      completion: spread(times.completion),
      price: spread(times.price),
    };
  } finally {
    await client.stop();
  }
}

function spread(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => Number((sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1));
  return { median: at(0.5), p95: at(0.95) };
}
