/** Operators that slide a window over a picture [batch][rows][columns][channels]. */

import type { Layer } from '../../compiler/model/graph.ts';
import { elementCount } from '../../compiler/model/graph.ts';
import type { Call, Rule, VisitBilinear } from './rule.ts';
import { attributesOf, bilinear, linear, only, operand, outputShape } from './rule.ts';
import { at } from './values.ts';

interface WindowAxis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

interface Window {
  readonly batch: number;
  readonly y: WindowAxis;
  readonly x: WindowAxis;
}

/** TFLite's geometry: what SAME cannot split evenly goes after the picture. */
function axis(layer: Layer, input: number, output: number, kernel: number, stride: number, dilation: number) {
  const same = attributesOf(layer, 'window').padding === 'same';
  const total = Math.max((output - 1) * stride + (kernel - 1) * dilation + 1 - input, 0);
  return { input, output, kernel, stride, dilation, before: same ? Math.floor(total / 2) : 0 };
}

/** `input` and `output` as the forward convolution sees them: a transposed one exchanges them. */
function windowOf(
  layer: Layer,
  input: readonly number[],
  output: readonly number[],
  kernel: readonly [number, number],
): Window {
  const { strideY, strideX, dilationY, dilationX } = attributesOf(layer, 'window');
  return {
    batch: at(input, 0),
    y: axis(layer, at(input, 1), at(output, 1), kernel[0], strideY, Math.max(dilationY, 1)),
    x: axis(layer, at(input, 2), at(output, 2), kernel[1], strideX, Math.max(dilationX, 1)),
  };
}

/** Calls visit(output pixel, input pixel, tap) for each pair of pixels that a tap connects, inside the picture. */
function forEachTap({ batch, y, x }: Window, visit: (out: number, input: number, tap: number) => void): void {
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < y.output; oy++) {
      for (let ox = 0; ox < x.output; ox++) {
        for (let ky = 0; ky < y.kernel; ky++) {
          const iy = oy * y.stride - y.before + ky * y.dilation;
          if (iy < 0 || iy >= y.input) continue;
          for (let kx = 0; kx < x.kernel; kx++) {
            const ix = ox * x.stride - x.before + kx * x.dilation;
            if (ix < 0 || ix >= x.input) continue;
            visit((b * y.output + oy) * x.output + ox, (b * y.input + iy) * x.input + ix, ky * x.kernel + kx);
          }
        }
      }
    }
  }
}

/** weights [outputs][ky][kx][inputs of a group] */
function convolutionTerms(call: Call, visit: VisitBilinear): void {
  const input = operand(call, 0).shape;
  const [outputs = 0, height = 0, width = 0, groupInputs = 0] = operand(call, 1).shape;
  const inputs = at(input, 3);
  const groupOutputs = outputs / (inputs / groupInputs);
  forEachTap(windowOf(call.layer, input, outputShape(call), [height, width]), (out, pixel, tap) => {
    for (let o = 0; o < outputs; o++) {
      const firstInput = pixel * inputs + Math.floor(o / groupOutputs) * groupInputs;
      const firstWeight = (o * height * width + tap) * groupInputs;
      for (let i = 0; i < groupInputs; i++) visit(out * outputs + o, firstInput + i, firstWeight + i);
    }
  });
}

/** weights [1][ky][kx][outputs]; output channel c reads input channel floor(c / multiplier) */
function depthwiseTerms(call: Call, visit: VisitBilinear): void {
  const input = operand(call, 0).shape;
  const [, height = 0, width = 0, outputs = 0] = operand(call, 1).shape;
  const inputs = at(input, 3);
  const multiplier = outputs / inputs;
  forEachTap(windowOf(call.layer, input, outputShape(call), [height, width]), (out, pixel, tap) => {
    for (let c = 0; c < outputs; c++) {
      visit(out * outputs + c, pixel * inputs + Math.floor(c / multiplier), tap * outputs + c);
    }
  });
}

/** The transpose of the convolution that would map the output to the input; weights [outputs][ky][kx][inputs] */
function transposedTerms(call: Call, visit: VisitBilinear): void {
  const input = operand(call, 0).shape;
  const [outputs = 0, height = 0, width = 0, inputs = 0] = operand(call, 1).shape;
  forEachTap(windowOf(call.layer, outputShape(call), input, [height, width]), (pixel, out, tap) => {
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        visit(out * outputs + o, pixel * inputs + i, (o * height * width + tap) * inputs + i);
      }
    }
  });
}

function poolWindow(call: Call): Window {
  const { windowHeight, windowWidth } = attributesOf(call.layer, 'window');
  return windowOf(call.layer, operand(call, 0).shape, outputShape(call), [windowHeight, windowWidth]);
}

/** The mean of the cells inside the picture. */
const averagePool = linear(only(0), (call, visit) => {
  const window = poolWindow(call);
  const channels = at(outputShape(call), 3);
  const cells = new Float64Array(elementCount(outputShape(call)) / channels);
  forEachTap(window, (out) => {
    cells[out] = at(cells, out) + 1;
  });
  forEachTap(window, (out, pixel) => {
    for (let c = 0; c < channels; c++) visit(0, out * channels + c, 0, pixel * channels + c, 1 / at(cells, out));
  });
});

/** For each output, the flat index of its maximum; the first of equals in row-major order. */
function maxima(call: Call): Int32Array {
  const { values } = operand(call, 0);
  const channels = at(outputShape(call), 3);
  const best = new Int32Array(elementCount(outputShape(call))).fill(-1);
  forEachTap(poolWindow(call), (out, pixel) => {
    for (let c = 0; c < channels; c++) {
      const incumbent = at(best, out * channels + c);
      const candidate = pixel * channels + c;
      if (incumbent < 0 || at(values, candidate) > at(values, incumbent)) best[out * channels + c] = candidate;
    }
  });
  return best;
}

const maxPool: Rule = linear(only(0), (call, visit) => {
  maxima(call).forEach((i, o) => {
    visit(0, o, 0, i, 1);
  });
});

const convolution = bilinear(only(0, 1, 2), true, convolutionTerms);
const depthwise = bilinear(only(0, 1, 2), true, depthwiseTerms);
const transposedConvolution = bilinear(only(2, 1, 3), true, transposedTerms);

export const windowRules = {
  CONV_2D: convolution,
  DEPTHWISE_CONV_2D: depthwise,
  TRANSPOSE_CONV: transposedConvolution,
  AVERAGE_POOL_2D: averagePool,
  MAX_POOL_2D: maxPool,
} as const satisfies Record<string, Rule>;
