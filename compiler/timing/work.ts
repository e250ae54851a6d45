/**
 * What a program has to do, in the amounts by which its kernels take their time. The same amounts are fitted to counted
 * instructions (test/bench/instructions.ts) and, with what came out, estimate those of any plan (instructions.ts).
 */
import type { Compilation } from '../compile.ts';
import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { isWeighted } from '../operators/weighted.ts';
import { type Window, windowOf } from '../operators/window.ts';
import type { KernelCall, Phase, Step } from '../program.ts';

export interface Work {
  /** Position in `program.steps`. */
  readonly step: number;
  readonly layer: string;
  readonly phase: Phase;
  /** The kernel. */
  readonly kernel: string;
  /** Where its inner loop depends on the window: see `variantOf`. */
  readonly variant: string;
  readonly calls: number;
  /** Multiply-accumulates; those done twice at the ends of rows count twice. */
  readonly macs: number;
  /** Of tensors, or of the weights that it goes through. */
  readonly elements: number;
  /** Elements of windows larger than 1x1, as they are read from the picture, anew for each tile of output channels. */
  readonly gathered: number;
}

/** In the order of the program: one for each call of each step, all iterations of its loop together. */
export function workOf({ program, network, differentiation }: Compilation): readonly Work[] {
  const { graph, head } = network;
  const layers = new Map(graph.layers.map((layer) => [layer.name, sizesOf(graph, layer)]));
  if (head.kind === 'float32') {
    const { layer, classes, inputs } = head;
    layers.set(layer, { ...noSizes, inputs, outputs: classes, weights: classes * inputs });
  }
  const trainedShare = (name: string): number => {
    const part = differentiation.trained.get(name);
    const channels = layers.get(name)?.channels ?? 0;
    return part === undefined || channels === 0 ? 1 : part.channels.length / channels;
  };
  return program.steps.flatMap((step, number) =>
    step.calls.map((call): Work => {
      const { kernel, layer = step.layer, phase = step.phase } = call;
      const sizes = layers.get(layer) ?? noSizes;
      const { window } = sizes;
      const isTiled = tiledKernel === kernel;
      const tiles = step.calls.some((each) => each.kernel.startsWith('ft_merge_weights')) ? step.loop : 1;
      return {
        ...{ step: number, layer, phase, kernel },
        variant: window === undefined ? '' : variantOf(kernel, window),
        calls: step.loop,
        macs: macsOf(call, step) * (isTiled && window !== undefined ? repeated(window) : 1),
        elements: elementsOf(kernel, sizes, trainedShare(layer)),
        gathered: isTiled ? sizes.gathered * tiles : 0,
      };
    }),
  );
}

interface Sizes {
  /** Of layers with weights. */
  readonly window?: Window;
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: number;
  readonly gathered: number;
  /** Input channels; depthwise: its own. */
  readonly channels?: number;
}

const noSizes: Sizes = { inputs: 0, outputs: 0, weights: 0, gathered: 0 };

/** It multiplies tiles of positions that lie side by side: compiler/kernels/ft_conv_dsp.h. */
const tiledKernel = 'ft_conv_s8';
/** What `macs` of a step are of, where its calls do not say it themselves. */
const multiplying = /^ft_(conv|depthwise|dense|pointwise|transpose_conv|product)_/;
const ofWeights = /^ft_(merge|update|extract|adam|momentum)/;

function sizesOf(graph: Graph, layer: Layer): Sizes {
  const elementsAt = (tensor: number | undefined): number =>
    tensor === undefined || tensor < 0 ? 0 : elementCount(tensorAt(graph, tensor).shape);
  const sizes = { ...noSizes, inputs: elementsAt(layer.inputs[0]), outputs: elementsAt(layer.outputs[0]) };
  if (!isWeighted(graph, layer)) return sizes;
  const window = windowOf(graph, layer);
  const { out_height, out_width, in_channels, out_channels, kernel_height, kernel_width } = window;
  return {
    ...sizes,
    window,
    weights: elementsAt(layer.inputs[1]),
    // A window of one position is read where it lies.
    gathered: kernel_height * kernel_width === 1 ? 0 : out_height * out_width * rowSize(window),
    channels: layer.operator === 'DEPTHWISE_CONV_2D' ? out_channels : in_channels,
  };
}

/** Weights of an output channel. */
function rowSize({ kernel_height, kernel_width, in_channels }: Window): number {
  return kernel_height * kernel_width * in_channels;
}

/** How many positions a tile of `ft_conv_s8` holds. */
function tilePositions(window: Window): number {
  const size = rowSize(window);
  return size <= 120 ? 4 : size <= 240 ? 2 : 1;
}

/** The last tile of a row does some positions again. */
function repeated(window: Window): number {
  const positions = Math.min(tilePositions(window), window.out_width);
  return (Math.ceil(window.out_width / positions) * positions) / window.out_width;
}

function variantOf(kernel: string, window: Window): string {
  const { kernel_height, kernel_width, stride_x } = window;
  const isPointwise = kernel_height * kernel_width === 1;
  if (kernel === tiledKernel) return `${isPointwise ? '1x1' : 'kxk'} by ${tilePositions(window)}`;
  if (/^ft_depthwise_/.test(kernel)) return `${kernel_width} wide, stride ${stride_x}`;
  return /^ft_conv_/.test(kernel) ? `${isPointwise ? '1x1' : 'kxk'}, stride ${stride_x}` : '';
}

/** The multiply-accumulates of a step without fused layers are those of its first call that multiplies. */
function macsOf(call: KernelCall, step: Step): number {
  if (step.calls.some(({ macs }) => macs !== undefined)) return call.macs ?? 0;
  return step.calls.find(({ kernel }) => multiplying.test(kernel)) === call ? step.macs : 0;
}

function elementsOf(kernel: string, sizes: Sizes, trainedShare: number): number {
  if (/weight_gradient/.test(kernel) || ofWeights.test(kernel)) {
    return /^ft_merge/.test(kernel) ? sizes.weights : sizes.weights * trainedShare;
  }
  return /input_gradient/.test(kernel) ? sizes.inputs : sizes.outputs;
}
