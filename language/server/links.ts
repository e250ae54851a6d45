/** From a path in the plan to the file, from a layer to the model that has it. */

import type { LangiumDocument } from 'langium';
import { CstUtils } from 'langium';
import type { DefinitionProvider, DocumentLinkProvider } from 'langium/lsp';
import type { DefinitionParams, DocumentLink, LocationLink } from 'vscode-languageserver-protocol';
import { isDataStatement, isLayerName, isModelStatement, type Plan } from '../generated/ast.ts';
import { isPattern, layerIndex, layersNamed } from '../layers.ts';
import { rangeOf, toLspRange } from '../text.ts';
import { type Analyser, besidePlan } from './analysis.ts';

export class PlanLinks implements DocumentLinkProvider {
  getDocumentLinks(document: LangiumDocument): DocumentLink[] {
    return (document.parseResult.value as Plan).statements.flatMap((statement) => {
      if (!isModelStatement(statement) && !isDataStatement(statement)) return [];
      if (statement.path === undefined || statement.path.trim() === '') return [];
      const tooltip = isModelStatement(statement) ? 'Open the model' : 'Show the data';
      const target = besidePlan(document.uri, statement.path).toString();
      return [{ range: toLspRange(rangeOf(statement, 'path')), target, tooltip }];
    });
  }
}

const fileStart = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

/** The model's file with the layer as the fragment, which the model view reads and selects. */
export class PlanDefinitions implements DefinitionProvider {
  constructor(private readonly analyser: Analyser) {}

  async getDefinition(document: LangiumDocument, params: DefinitionParams): Promise<LocationLink[] | undefined> {
    const root = document.parseResult.value.$cstNode;
    if (root === undefined) return undefined;
    const leaf = CstUtils.findLeafNodeAtOffset(root, document.textDocument.offsetAt(params.position));
    const node = leaf?.astNode;
    if (leaf === undefined || !isLayerName(node)) return undefined;
    const { graph, modelUri } = await this.analyser.analyse(document);
    const name = node.word ?? node.quoted ?? '';
    if (graph === undefined || modelUri === undefined || isPattern(name)) return undefined;
    const [layer] = layersNamed(layerIndex(graph), name, node.quoted !== undefined);
    if (layer === undefined) return undefined;
    return [
      {
        originSelectionRange: leaf.range,
        targetUri: modelUri.with({ fragment: layer.name }).toString(),
        targetRange: fileStart,
        targetSelectionRange: fileStart,
      },
    ];
  }
}
