/** Colours that depend on the place of a word, not on the word: `bias` may be a keyword or a layer. */

import type { AstNode } from 'langium';
import { AbstractSemanticTokenProvider, type SemanticTokenAcceptor } from 'langium/lsp';
import {
  isBytes,
  isChange,
  isDataSetting,
  isDataStatement,
  isInputStatement,
  isLayerName,
  isModelStatement,
  isNameStatement,
  isTargetSetting,
  isTargetStatement,
  isTrainSetting,
} from '../generated/ast.ts';

export class PlanSemanticTokens extends AbstractSemanticTokenProvider {
  protected override highlightElement(node: AstNode, accept: SemanticTokenAcceptor): void {
    const mark = (property: string, type: string): void => accept({ node, property: property as never, type });
    if (isLayerName(node)) mark(node.word === undefined ? 'quoted' : 'word', 'variable');
    else if (isTargetStatement(node)) mark('board', 'enumMember');
    else if (isTargetSetting(node)) markSetting(mark, 'core');
    else if (isTrainSetting(node)) markSetting(mark, 'word', 'number', 'unit');
    else if (isDataSetting(node)) markSetting(mark, undefined, 'size', 'shift', 'mean', 'deviation');
    else if (isBytes(node)) markNumbers(mark, 'number', 'unit');
    else if (isInputStatement(node)) mark('size', 'number');
    else if (isNameStatement(node)) mark('name', 'namespace');
    else if (isModelStatement(node) || isDataStatement(node)) mark('path', 'string');
    else if (isChange(node)) {
      mark('kind', 'property');
      for (const word of ['none', 'all', 'first']) mark(word, 'enumMember');
      markNumbers(mark, 'fraction', 'count');
      mark('unit', 'keyword');
    }
  }
}

type Mark = (property: string, type: string) => void;

function markSetting(mark: Mark, word: string | undefined, ...numbers: readonly string[]): void {
  mark('key', 'property');
  if (word !== undefined) mark(word, 'enumMember');
  markNumbers(mark, ...numbers);
}

function markNumbers(mark: Mark, ...properties: readonly string[]): void {
  for (const property of properties) mark(property, property === 'unit' ? 'keyword' : 'number');
}
