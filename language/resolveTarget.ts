/** The target, its board or block, and the budget. */

import type { Target } from '../compiler/training/plan.ts';
import { type Board, cores, boards as knownBoards } from './boards.ts';
import { type Bytes, isBudgetStatement, isTargetStatement, type Statement } from './generated/ast.ts';
import type { Report } from './report.ts';
import { rangeOf } from './text.ts';

const bytesPerUnit = { B: 1, KB: 1024, MB: 1024 * 1024 } as const;

/** No microcontroller comes near; keeps every sum of bytes exact. */
const mostBytes = 2 ** 31;

export function resolveTarget(
  report: Report,
  node: Statement | undefined,
  ownBoards: Readonly<Record<string, Board>>,
): Target | undefined {
  if (node === undefined || !isTargetStatement(node)) return undefined;
  const boards = { ...knownBoards, ...ownBoards };
  const board =
    node.board !== undefined &&
    report.oneOf(rangeOf(node, 'board'), 'board', 'unknown-board', node.board, Object.keys(boards))
      ? boards[node.board]
      : undefined;
  const settings = report.unique(node.block?.settings ?? [], (setting) => setting.key);
  const coreNode = settings.get('core');
  const core =
    coreNode !== undefined && report.oneOf(rangeOf(coreNode, 'core'), 'core', 'unknown-core', coreNode.core, cores)
      ? coreNode.core
      : board?.core;
  const sramBytes = resolveBytes(report, '`sram`', settings.get('sram')?.size) ?? board?.sramBytes;
  const flashBytes = resolveBytes(report, '`flash`', settings.get('flash')?.size) ?? board?.flashBytes;
  if (node.board === undefined && !report.syntaxBroken) {
    for (const key of ['core', 'sram', 'flash'] as const) {
      if (!settings.has(key)) reportMissing(report, node, key);
    }
  }
  if (core === undefined || sramBytes === undefined || flashBytes === undefined) return undefined;
  const { clockHz = 0 } = board ?? {};
  return {
    core,
    ...(node.board === undefined ? {} : { board: node.board }),
    sramBytes,
    flashBytes,
    ...(clockHz > 0 ? { clockHz } : {}),
  };
}

function reportMissing(report: Report, node: Statement, key: 'core' | 'sram' | 'flash'): void {
  const example = { core: 'core cortex-m4', sram: 'sram 256 KB', flash: 'flash 1 MB' }[key];
  const at = rangeOf(node);
  const close = { ...at, line: at.endLine, column: at.endColumn - 1 };
  report.error({
    at,
    code: `missing-${key}`,
    message: `the target has no \`${key}\``,
    remedy: `add \`${example}\`, or name a board`,
    fixes: [
      {
        title: `Add \`${example}\``,
        edits: [{ range: { ...close, endColumn: close.column }, text: `  ${example}\n` }],
      },
    ],
  });
}

export function resolveBudget(
  report: Report,
  node: Statement | undefined,
  target: Target | undefined,
): number | undefined {
  if (node === undefined || !isBudgetStatement(node)) return target?.sramBytes;
  const bytes = resolveBytes(report, '`budget`', node.size);
  if (bytes !== undefined && target !== undefined && bytes > target.sramBytes) {
    report.warning({
      at: rangeOf(node),
      code: 'budget-above-sram',
      message: `the budget of ${bytes} bytes is more than the target's SRAM of ${target.sramBytes}`,
      remedy: 'lower the budget, or leave it out: it defaults to the SRAM of the target',
      fixes: [report.removal('Remove the budget', rangeOf(node))],
    });
  }
  return bytes;
}

function resolveBytes(report: Report, what: string, size: Bytes | undefined): number | undefined {
  if (size?.number === undefined) return undefined;
  if (size.unit === undefined) {
    report.unitMissing(rangeOf(size), what, ['KB', 'MB']);
    return undefined;
  }
  const bytes = size.number * bytesPerUnit[size.unit];
  if (Number.isInteger(bytes) && bytes >= 1 && bytes <= mostBytes) return bytes;
  report.error({
    at: rangeOf(size),
    code: 'number-out-of-range',
    message: `${what} is ${bytes} bytes`,
    remedy: `use a whole number of bytes from 1 to ${mostBytes}`,
  });
  return undefined;
}
