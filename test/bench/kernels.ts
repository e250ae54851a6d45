/** `npm run bench -- kernels [BOARD]`: instructions per multiply-accumulate of the forward kernels. */
import { benchOnBoard } from '../../extension/cli/board/bench.ts';
import { type BoardName, boards, isBoardName } from '../../extension/cli/board/boards.ts';
import { findTools, firmwareToolNames } from '../../extension/cli/board/tools.ts';
import type { Window } from '../compiler/kernels/reference.ts';
import { kernelFirmware } from '../firmware/kernelFirmware.ts';

type Kind = 'conv' | 'pointwise' | 'depthwise';

export interface KernelRow {
  readonly layer: string;
  readonly multiplyAccumulates: number;
  readonly instructions: number;
  readonly perMultiplyAccumulate: number;
  /** The better of CMSIS-NN and TinyEngine's exact kernels on a Cortex-M7, measured with the same harness. */
  readonly bestPeerOnM7: number;
}

interface Shape {
  readonly layer: string;
  readonly kind: Kind;
  readonly window: Window;
  readonly peer: number;
}

/** The best peer's figure, size of the square input, input and output channels, kernel, stride. */
function shape(
  kind: Kind,
  peer: number,
  size: number,
  channels: readonly [number, number],
  kernel = 1,
  stride = 1,
): Shape {
  const out = Math.ceil(size / stride);
  const pad = Math.floor((kernel - 1) / 2);
  const [inputs, outputs] = channels;
  const depthwise = kind === 'depthwise';
  const name = depthwise ? `dw${kernel} s${stride}` : kind === 'conv' ? `conv${kernel}x${kernel} s${stride}` : '1x1';
  const window = {
    ...{ in_height: size, in_width: size, in_channels: inputs, out_height: out, out_width: out },
    ...{ out_channels: outputs, kernel_height: kernel, kernel_width: kernel, stride_y: stride, stride_x: stride },
    ...{ dilation_y: 1, dilation_x: 1, pad_top: pad, pad_left: pad, in_zero_point: -128, out_zero_point: -128 },
    ...{ act_min: -128, act_max: 127, in_rows: size, out_rows: out, weight_channels: outputs },
  };
  return { layer: `${name} ${size}²x${inputs}${depthwise ? '' : `→${outputs}`}`, kind, window, peer };
}

/** Layers of the MCUNets. */
export const kernelShapes: readonly Shape[] = [
  shape('conv', 2.79, 128, [3, 16], 3, 2),
  shape('pointwise', 3.91, 64, [16, 8]),
  shape('pointwise', 6.69, 64, [8, 48]),
  shape('pointwise', 2.23, 32, [48, 16]),
  shape('pointwise', 3.11, 16, [24, 120]),
  shape('pointwise', 1.78, 16, [120, 24]),
  shape('pointwise', 1.69, 8, [160, 40]),
  shape('pointwise', 2.18, 8, [48, 192]),
  shape('pointwise', 2.01, 4, [96, 384]),
  shape('pointwise', 1.65, 4, [576, 160]),
  shape('depthwise', 7.99, 64, [16, 16], 3),
  shape('depthwise', 8.72, 64, [48, 48], 3, 2),
  shape('depthwise', 8.39, 16, [120, 120], 3),
  shape('depthwise', 7.61, 4, [576, 576], 3),
  shape('depthwise', 4.94, 8, [160, 160], 5),
  shape('depthwise', 5.45, 4, [384, 384], 5),
  shape('depthwise', 3.8, 8, [160, 160], 7),
  shape('depthwise', 3.95, 32, [48, 48], 7, 2),
];

function multiplyAccumulates({ kind, window: w }: Shape): number {
  const outputs = w.out_height * w.out_width * w.out_channels;
  return outputs * w.kernel_height * w.kernel_width * (kind === 'depthwise' ? 1 : w.in_channels);
}

function kernelOf(kind: Kind): string {
  return kind === 'depthwise' ? 'ft_depthwise_s8' : 'ft_conv_s8';
}

/** What a layer computes with does not change the count; scales are those of an ordinary layer. */
function caseFunction({ kind, window }: Shape, index: number): string {
  const fields = Object.entries(window).map(([name, value]) => `.${name} = ${value}`);
  const range = `0, ${window.out_height}, 0, ${window.out_channels}`;
  return `static void case_${index}(void) {
  static const ft_window window = {${fields.join(', ')}};
  ${kernelOf(kind)}(&window, codes, codes, bias, multiplier, shift, output, NULL, ${range});
}`;
}

function firmware() {
  const codes = Math.max(...kernelShapes.map(({ window: w }) => w.in_height * w.in_width * w.in_channels));
  const outputs = Math.max(...kernelShapes.map(({ window: w }) => w.out_height * w.out_width * w.out_channels));
  const channels = Math.max(...kernelShapes.map(({ window }) => window.out_channels));
  const functions = `static int8_t codes[${codes}], output[${outputs}];
static int32_t bias[${channels}], multiplier[${channels}];
static int8_t shift[${channels}];
${kernelShapes.map(caseFunction).join('\n')}
void calls_init(void) {
  uint32_t bits = 1;
  for (uint32_t i = 0; i < sizeof codes; i++) {
    bits = bits * 1664525u + 1013904223u;
    codes[i] = (int8_t)(bits >> 24);
  }
  for (int32_t c = 0; c < ${channels}; c++) {
    bias[c] = c;
    multiplier[c] = 1500000000;
    shift[c] = -8;
  }
}
int32_t calls_infer(const int8_t *sample) {
  switch (sample[0]) {
${kernelShapes.map((_, i) => `  case ${i}: case_${i}(); break;`).join('\n')}
  }
  return 0;
}
const void *calls_learned(void) { return output; }
`;
  return kernelFirmware(
    kernelShapes.map(({ kind }) => kernelOf(kind)),
    4,
    functions,
  );
}

/**
 * A row for each layer, and one for the mean of each kind.
 * @throws Error where a tool is missing or the run fails.
 */
export async function benchKernels(board: BoardName): Promise<readonly KernelRow[]> {
  const tools = findTools(firmwareToolNames);
  if (!tools.ok) throw new Error(tools.diagnostics.map(({ message }) => message).join('\n'));
  const session = { training: [], inference: kernelShapes.map((_, i) => Int8Array.of(i, 0, 0, 0)) };
  const sizes = { flashBytes: 2 << 20, sramBytes: 2 << 20 };
  const run = await benchOnBoard({ ...firmware(), ...sizes, board: boards[board], session, tools: tools.value });
  if (!run.ok) throw new Error(run.diagnostics.map(({ message }) => message).join('\n'));
  const measured = kernelShapes.map((it, i) => {
    const instructions = run.value.inferences[i]?.instructions ?? Number.NaN;
    const work = multiplyAccumulates(it);
    const row = { layer: it.layer, multiplyAccumulates: work, instructions };
    return { kind: it.kind, row: { ...row, perMultiplyAccumulate: instructions / work, bestPeerOnM7: it.peer } };
  });
  const means = (['conv', 'pointwise', 'depthwise'] as const).map((kind) => {
    const rows = measured.filter((it) => it.kind === kind).map(({ row }) => row);
    return { ...meanOf(rows), layer: `mean ${kind}` };
  });
  return [...measured.map(({ row }) => row), ...means];
}

function meanOf(rows: readonly KernelRow[]): Omit<KernelRow, 'layer'> {
  const mean = (value: (row: KernelRow) => number) => rows.reduce((sum, row) => sum + value(row), 0) / rows.length;
  return {
    multiplyAccumulates: mean((row) => row.multiplyAccumulates),
    instructions: mean((row) => row.instructions),
    perMultiplyAccumulate: mean((row) => row.perMultiplyAccumulate),
    bestPeerOnM7: mean((row) => row.bestPeerOnM7),
  };
}

/** @param args `[BOARD]`; the Cortex-M7 board where none is named. @throws Error where there is no such board. */
export async function runKernels(args: readonly string[]): Promise<readonly KernelRow[]> {
  const [name = 'mps2-an500'] = args;
  if (!isBoardName(name)) throw new Error(`no board ${name}; there are ${Object.keys(boards).join(', ')}`);
  return await benchKernels(name);
}
