/** Plan text to syntax tree. Works on any text; what could not be read is told in the diagnostics. */

import {
  createDefaultCoreModule,
  createDefaultSharedCoreModule,
  DefaultValueConverter,
  EmptyFileSystem,
  type GrammarAST,
  inject,
  type LangiumCoreServices,
  type LangiumParser,
  type ValueType,
} from 'langium';
import type { Diagnostic } from '../compiler/diagnostics.ts';
import type { Plan } from './generated/ast.ts';
import { TrainplanGeneratedModule, TrainplanGeneratedSharedModule } from './generated/module.ts';
import { explainSyntax, syntaxMessages } from './syntax.ts';

export interface ParsedPlan {
  readonly fileName: string;
  readonly text: string;
  /** Statements that have a syntax error may lack parts that their types promise. */
  readonly ast: Plan;
  /** Syntax only. */
  readonly diagnostics: readonly Diagnostic[];
}

/** `\"` and `\\` are escapes; any other backslash is itself, so that a Windows path survives. */
class TrainplanValueConverter extends DefaultValueConverter {
  protected override runConverter(
    rule: GrammarAST.AbstractRule,
    input: string,
    node: Parameters<DefaultValueConverter['runConverter']>[2],
  ): ValueType {
    if (rule.name === 'STRING') return input.slice(1, -1).replace(/\\(["\\])/g, '$1');
    return super.runConverter(rule, input, node);
  }
}

/** What the trainplan language replaces of Langium's parser; the language server builds on the same module. */
export const trainplanParserModule = {
  parser: {
    ValueConverter: () => new TrainplanValueConverter(),
    ParserErrorMessageProvider: () => syntaxMessages,
  },
};

let parser: LangiumParser | undefined;

function sharedParser(): LangiumParser {
  if (parser === undefined) {
    const shared = inject(createDefaultSharedCoreModule(EmptyFileSystem), TrainplanGeneratedSharedModule);
    const services: LangiumCoreServices = inject(
      createDefaultCoreModule({ shared }),
      TrainplanGeneratedModule,
      trainplanParserModule,
    );
    parser = services.parser.LangiumParser;
  }
  return parser;
}

/** Never throws. `fileName` names the file in diagnostics and gives the plan's default name. */
export function parsePlan(text: string, fileName: string): ParsedPlan {
  const result = sharedParser().parse<Plan>(text);
  return {
    fileName,
    text,
    ast: result.value,
    diagnostics: explainSyntax(text, fileName, result.lexerErrors, result.parserErrors),
  };
}
