/** Explains a linker's "does not fit" by what of the plan fills the memory. */
import type { Diagnostic } from '../diagnostics.ts';
import type { MemoryReport } from './report.ts';

export interface Overflow {
  /** As the linker script calls it; absent where two sections overlap. */
  readonly region?: string;
  readonly section?: string;
  /** Missing bytes, where the linker says it. */
  readonly bytes?: number;
  readonly memory: 'sram' | 'flash';
}

/** What a linked image takes of a region beside the plan's code, from the linker's map. */
export interface ForeignObject {
  readonly name: string;
  readonly bytes: number;
}

const variables = /^\.(bss|data|noinit|stack|heap|_user_heap_stack|tbss|tdata|sbss|sdata)/;

/** What the output of GNU ld or LLVM's lld says of memory that is too small; one entry for each region. */
export function readOverflows(linkerOutput: string): readonly Overflow[] {
  const found = new Map<string, Overflow>();
  const add = (overflow: Overflow): void => {
    const key = overflow.region ?? overflow.memory;
    const before = found.get(key);
    found.set(key, { ...overflow, ...before, ...(overflow.bytes === undefined ? {} : { bytes: overflow.bytes }) });
  };
  for (const line of linkerOutput.split(/\r?\n/)) {
    const fit = /section [`']([^']+)' will not fit in region [`']([^']+)'(?:: overflowed by (\d+) bytes)?/.exec(line);
    if (fit !== null) {
      const [, section = '', region = '', bytes] = fit;
      add({ region, section, memory: memoryOf(region, section), ...(bytes && { bytes: Number(bytes) }) });
      continue;
    }
    const over = /region [`']([^']+)' overflowed by (\d+) bytes/.exec(line);
    if (over !== null) {
      const [, region = '', bytes] = over;
      const section = found.get(region)?.section;
      add({ region, bytes: Number(bytes), memory: memoryOf(region, section) });
      continue;
    }
    const overlap = /section (\S+) (LMA|VMA) \[[^\]]*\] overlaps section (\S+) /.exec(line);
    if (overlap !== null) {
      const [, section = '', address] = overlap;
      // A load address is where the initial values lie: in flash.
      const memory = address === 'VMA' && variables.test(section) ? 'sram' : 'flash';
      add({ section, memory });
    }
  }
  return [...found.values()];
}

/** Names are the user's: `RAM`, `dram0_0_seg`, `SRAM1`, `FLASH`, `iram0_0_seg`, ... */
function memoryOf(region: string, section: string | undefined): 'sram' | 'flash' {
  if (/flash|rom|text|code/i.test(region)) return 'flash';
  if (/ram|dtcm|ccm|data|bss|noinit/i.test(region)) return 'sram';
  return section !== undefined && variables.test(section) ? 'sram' : 'flash';
}

/**
 * Diagnostics of a failed link, without a file: they are about the plan. Empty where the output tells of nothing that
 * does not fit.
 * @param mapText the linker's map (`-Wl,-Map`), for what else fills the region
 */
export function explainOverflow(linkerOutput: string, report: MemoryReport, mapText?: string): readonly Diagnostic[] {
  return readOverflows(linkerOutput).map((overflow) => {
    const { region, section, bytes, memory } = overflow;
    const where = region === undefined ? (memory === 'sram' ? 'the RAM' : 'the flash') : `the region ${region}`;
    const what =
      bytes === undefined
        ? `${section ?? 'the firmware'} does not fit into ${where}`
        : `the firmware needs ${number(bytes)} B more than ${where} has`;
    const others = mapText === undefined ? [] : foreignObjects(mapText, memory);
    const parts = memory === 'sram' ? sramParts(report) : flashParts(report);
    return {
      severity: 'error',
      code: `${memory}-overflow`,
      message: `${what}. ${parts}${othersText(others)}`,
      remedy: memory === 'sram' ? sramRemedy(report, bytes) : flashRemedy(bytes),
      ...(memory === 'sram' ? { layer: report.peak.layer } : {}),
    } satisfies Diagnostic;
  });
}

function sramParts(report: MemoryReport): string {
  const { arenaBytes, trainableBytes, stateBytes, peak } = report;
  const static_ = arenaBytes + trainableBytes + stateBytes;
  const alive = peak.alive.slice(0, 3).map(({ layer, role, bytes }) => `${layer} (${role}) ${number(bytes)} B`);
  const trained = [...report.layers]
    .filter((layer) => layer.trainableBytes > 0)
    .sort((a, b) => b.trainableBytes - a.trainableBytes)
    .slice(0, 3)
    .map(({ name, trainableBytes: each }) => `${name} ${number(each)} B`);
  return (
    `The plan takes ${number(static_)} B of it: ${number(arenaBytes)} B arena, fullest at ${peak.layer} (${peak.phase}) ` +
    `with ${alive.join(', ')}; ${number(trainableBytes)} B trained${trained.length === 0 ? '' : ` (${trained.join(', ')})`}; ` +
    `${number(stateBytes)} B counters. The stack needs about ${number(report.stackBytes)} B more.`
  );
}

function flashParts({ flashBytes, constantBytes, buffers }: MemoryReport): string {
  const bytesOf = new Map<string, number>();
  for (const { home, layer, bytes } of buffers) {
    if (home === 'flash' && layer !== '') bytesOf.set(layer, (bytesOf.get(layer) ?? 0) + bytes);
  }
  const largest = [...bytesOf].sort((a, b) => b[1] - a[1]).slice(0, 3);
  const layers = largest.map(([layer, bytes]) => `${layer} ${number(bytes)} B`);
  return (
    `The plan takes about ${number(flashBytes)} B of it: ${number(constantBytes)} B constants ` +
    `(most in ${layers.join(', ')}) and ${number(flashBytes - constantBytes)} B code.`
  );
}

function othersText(others: readonly ForeignObject[]): string {
  if (others.length === 0) return '';
  return ` Beside it: ${others.map(({ name, bytes }) => `${name} ${number(bytes)} B`).join(', ')}.`;
}

function sramRemedy(report: MemoryReport, bytes: number | undefined): string {
  if (bytes !== undefined && bytes >= report.sramBytes - report.stackBytes) {
    return 'the plan cannot free as much: make room in the rest of the firmware, or give the region more memory in the linker script';
  }
  const trained = report.layers.filter((layer) => layer.trainableBytes > 0);
  const largest = trained.reduce<(typeof trained)[number] | undefined>(
    (best, layer) => (best === undefined || layer.trainableBytes > best.trainableBytes ? layer : best),
    undefined,
  );
  const less = largest === undefined ? '' : `, beginning with ${largest.name}`;
  const budget =
    bytes === undefined
      ? 'lower the budget of the plan to what this firmware leaves'
      : `lower the budget of the plan by ${number(bytes)} B`;
  return `${budget} and train fewer layers or channels${less}; or give the region more memory in the linker script`;
}

function flashRemedy(bytes: number | undefined): string {
  const much = bytes === undefined ? '' : ` (${number(bytes)} B are missing)`;
  return `take a smaller model, build the rest of the firmware with -Os, or give the region more memory in the linker script${much}`;
}

/**
 * The largest object files that are not the plan's, from a map of GNU ld.
 * Lines: ` .bss.name  0x20000000  0x400 path/file.o`; a long section name has the figures on the next line.
 */
export function foreignObjects(mapText: string, memory: 'sram' | 'flash'): readonly ForeignObject[] {
  const map = mapText.slice(Math.max(0, mapText.indexOf('Linker script and memory map')));
  const pattern = /^ (\.[\w.$-]+)\s+0x([\da-f]+)\s+0x([\da-f]+) (\S.*)$/gm;
  const bytesOf = new Map<string, number>();
  for (const [, section = '', address = '', size = '', file = ''] of map.matchAll(pattern)) {
    const inSram = variables.test(section);
    const counts = memory === 'sram' ? inSram : /^\.(text|rodata|data)/.test(section);
    if (!counts || Number.parseInt(address, 16) === 0 || isOwn(file)) continue;
    const name = file.replace(/^.*[\\/]/, '').replace(/^\S+\.a\((.*)\)$/, '$1');
    bytesOf.set(name, (bytesOf.get(name) ?? 0) + Number.parseInt(size, 16));
  }
  return [...bytesOf]
    .map(([name, bytes]) => ({ name, bytes }))
    .filter(({ bytes }) => bytes >= 1024)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 3);
}

/** Generated code: the library of the glue, or objects below its folder. */
function isOwn(file: string): boolean {
  return /firmtune/.test(file);
}

function number(value: number): string {
  return value.toLocaleString('en');
}
