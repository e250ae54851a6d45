/** Plan text to syntax tree. Works on any text; what could not be read is told in the diagnostics. */

import {
  createDefaultCoreModule,
  createDefaultSharedCoreModule,
  DefaultLexer,
  DefaultValueConverter,
  EmptyFileSystem,
  type GrammarAST,
  inject,
  type LangiumCoreServices,
  type LangiumParser,
  type LexerResult,
  type ParseResult,
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

/**
 * Retypes keywords that stand where a layer's name stands: before `:` and on either side of `..`, marks that have no
 * other use. So `bias: bias none` needs no reserved word and no lookahead.
 */
class TrainplanLexer extends DefaultLexer {
  override tokenize(text: string): LexerResult {
    const result = super.tokenize(text);
    const name = this.tokenTypes.NAME;
    if (name?.tokenTypeIdx === undefined) throw new Error('the grammar has no terminal NAME');
    for (const [index, token] of result.tokens.entries()) {
      const next = result.tokens[index + 1]?.image;
      const named = next === ':' || next === '..' || result.tokens[index - 1]?.image === '..';
      if (!named || !/^[A-Za-z]/.test(token.image)) continue;
      token.tokenType = name;
      token.tokenTypeIdx = name.tokenTypeIdx;
    }
    return result;
  }
}

/** What the trainplan language replaces of Langium's parser; the language server builds on the same module. */
export const trainplanParserModule = {
  parser: {
    Lexer: (services: LangiumCoreServices) => new TrainplanLexer(services),
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
  return parsedFrom(sharedParser().parse<Plan>(text), text, fileName);
}

/** What a parser made by Langium's services (the language server's) read, with our diagnostics. */
export function parsedFrom(result: ParseResult<Plan>, text: string, fileName: string): ParsedPlan {
  return {
    fileName,
    text,
    ast: result.value,
    diagnostics: explainSyntax(text, fileName, result.lexerErrors, result.parserErrors),
  };
}
