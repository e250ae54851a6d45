/** What a linked image takes, from the sections and symbols that the linker wrote. */
import { DiagnosticError } from '../../../compiler/diagnostics.ts';
import { runProcess } from './process.ts';
import type { ToolPaths } from './tools.ts';

export interface ImageSizes {
  /** Initialised data, the harness's own taken off. */
  readonly dataBytes: number;
  /** Zeroed data, the harness's own taken off. */
  readonly bssBytes: number;
  /** Vectors, code, constants and the initial values of the data: the whole image. */
  readonly flashBytes: number;
}

export interface ImageSymbol {
  readonly name: string;
  readonly section: 'data' | 'bss';
  readonly bytes: number;
}

const flashSections = ['.vectors', '.text', '.rodata', '.data'];

export async function readMap(
  elf: string,
  tools: ToolPaths<'arm-none-eabi-nm' | 'arm-none-eabi-size'>,
): Promise<ImageSizes> {
  const [sections, symbols] = await Promise.all([
    runTool(tools['arm-none-eabi-size'], ['-A', elf]).then(parseSections),
    runTool(tools['arm-none-eabi-nm'], ['-S', elf]).then(parseSymbols),
  ]);
  return imageSizes(sections, symbols);
}

export function imageSizes(sections: ReadonlyMap<string, number>, symbols: readonly ImageSymbol[]): ImageSizes {
  const harness = (section: ImageSymbol['section']) =>
    symbols
      .filter((symbol) => symbol.section === section && symbol.name.startsWith('harness_'))
      .reduce((sum, symbol) => sum + symbol.bytes, 0);
  const size = (name: string) => sections.get(name) ?? 0;
  return {
    dataBytes: size('.data') - harness('data'),
    bssBytes: size('.bss') - harness('bss'),
    flashBytes: flashSections.reduce((sum, name) => sum + size(name), 0),
  };
}

/** Lines of `size -A`: name, bytes, address. */
export function parseSections(text: string): ReadonlyMap<string, number> {
  return new Map(
    Array.from(text.matchAll(/^(\.\S+)\s+(\d+)\s+\d+$/gm), ([, name = '', bytes]) => [name, Number(bytes)]),
  );
}

/** Lines of `nm -S`: address, size, type, name; symbols without a size (linker script) have one column less. */
export function parseSymbols(text: string): readonly ImageSymbol[] {
  return Array.from(
    text.matchAll(/^[\da-f]+ ([\da-f]+) ([dDbB]) (\S+)$/gm),
    ([, bytes = '', type = '', name = '']) => ({
      name,
      section: type.toLowerCase() === 'd' ? 'data' : 'bss',
      bytes: Number.parseInt(bytes, 16),
    }),
  );
}

async function runTool(command: string, args: readonly string[]): Promise<string> {
  const result = await runProcess(command, args);
  if (result.code === 0) return result.stdout;
  throw new DiagnosticError({
    severity: 'error',
    code: 'tool-failed',
    message: `${command} ${args.join(' ')}: ${result.stderr.trim() || `exit code ${result.code}`}`,
    remedy: 'check the installation of the Arm toolchain',
  });
}
