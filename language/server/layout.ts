/** Formatting, folding and the outline. */

import type { CstNode, LangiumDocument } from 'langium';
import type { DocumentSymbolProvider, FoldingRangeProvider, Formatter } from 'langium/lsp';
import type {
  DocumentRangeFormattingParams,
  DocumentSymbol,
  FoldingRange,
  TextEdit as LspEdit,
} from 'vscode-languageserver-protocol';
import { editBetween } from '../edits.ts';
import { formatPlan } from '../format.ts';
import { isUpdateStatement, type Plan, type Statement } from '../generated/ast.ts';
import { keywordOf } from '../resolve.ts';
import { toLspRange } from '../text.ts';

export class PlanFormatter implements Formatter {
  readonly formatOnTypeOptions = undefined;

  formatDocument(document: LangiumDocument): LspEdit[] {
    const text = document.textDocument.getText();
    const edit = editBetween(text, formatPlan(text));
    return edit === undefined ? [] : [{ range: toLspRange(edit.range), newText: edit.text }];
  }

  /** The lines of the range, as formatting the whole plan would leave them. */
  formatDocumentRange(document: LangiumDocument, params: DocumentRangeFormattingParams): LspEdit[] {
    const text = document.textDocument.getText();
    const [before, after] = [text.split(/\r\n|\r|\n/), formatPlan(text).split(/\r\n|\r|\n/)];
    // Where blank lines come or go, lines no longer correspond: nothing short of the whole plan is safe.
    if (before.length !== after.length) return [];
    const edits: LspEdit[] = [];
    for (let line = params.range.start.line; line <= Math.min(params.range.end.line, before.length - 1); line++) {
      const [old, formatted] = [before[line] ?? '', after[line] ?? ''];
      const range = { start: { line, character: 0 }, end: { line, character: old.length } };
      if (old !== formatted) edits.push({ range, newText: formatted });
    }
    return edits;
  }

  formatDocumentOnType(): LspEdit[] {
    return [];
  }
}

export class PlanFolding implements FoldingRangeProvider {
  getFoldingRanges(document: LangiumDocument): FoldingRange[] {
    const { statements } = document.parseResult.value as Plan;
    const blocks = statements.flatMap(({ $cstNode }) => {
      const range = $cstNode?.range;
      if (range === undefined || range.end.line <= range.start.line) return [];
      // The closing brace stays in sight.
      return [{ startLine: range.start.line, endLine: range.end.line - 1 }];
    });
    return [...blocks, ...commentRuns(document.textDocument.getText())].filter(
      ({ startLine, endLine }) => endLine > startLine,
    );
  }
}

/** Lines of comment in a row. */
function commentRuns(text: string): FoldingRange[] {
  const runs: FoldingRange[] = [];
  text.split(/\r\n|\r|\n/).forEach((line, number) => {
    if (!line.trimStart().startsWith('//')) return;
    const last = runs.at(-1);
    if (last?.endLine === number - 1) last.endLine = number;
    else runs.push({ startLine: number, endLine: number, kind: 'comment' });
  });
  return runs;
}

/** The protocol's numbers of the kinds of symbols that come closest. */
const symbolKinds = { statement: 3, setting: 7, line: 5 } as const;

export class PlanSymbols implements DocumentSymbolProvider {
  getSymbols(document: LangiumDocument): DocumentSymbol[] {
    return (document.parseResult.value as Plan).statements.flatMap(symbolOf);
  }
}

function symbolOf(statement: Statement): DocumentSymbol[] {
  const node = statement.$cstNode;
  if (node === undefined) return [];
  const head =
    node.text
      .split(/[\r\n{]/)[0]
      ?.replace(/\/\/.*/, '')
      .trim() ?? '';
  const block = 'block' in statement ? statement.block : statement;
  const settings = block !== undefined && 'settings' in block ? block.settings : [];
  const lines = isUpdateStatement(statement) ? statement.lines : [];
  const keyword = keywordOf(statement);
  return [
    {
      ...symbol(keyword, node, symbolKinds.statement),
      detail: head.slice(keyword.length).trim(),
      children: [
        ...settings.flatMap(({ $cstNode }) => ($cstNode ? [symbol($cstNode.text, $cstNode, symbolKinds.setting)] : [])),
        ...lines.flatMap(({ $cstNode }) => ($cstNode ? [symbol($cstNode.text, $cstNode, symbolKinds.line)] : [])),
      ],
    },
  ];
}

function symbol(name: string, node: CstNode, kind: DocumentSymbol['kind']): DocumentSymbol {
  return { name: name.replace(/\s+/g, ' '), kind, range: node.range, selectionRange: node.range };
}
