/** RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR. */
import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import type { BufferId } from '../program.ts';
import { at, call, type ProgramBuilder } from '../schedule/builder.ts';
import { clamp } from './fixed-point.ts';
import { roundHalfAway } from './quantisation.ts';
import type { BackwardContext, OperatorRule } from './rule.ts';
import { pictureOf } from './window.ts';

/** One direction of the resize. */
interface Axis {
  readonly input: number;
  readonly output: number;
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

interface Resize {
  readonly rows: Axis;
  readonly columns: Axis;
  readonly batch: number;
  /** Elements of one picture. */
  readonly inputSize: number;
  readonly outputSize: number;
  readonly channels: number;
}

function resizeOf(graph: Graph, layer: Layer): Resize {
  const { attributes } = layer;
  if (attributes.kind !== 'resize') throw new Error(`${layer.name}: ${layer.operator} is no resize`);
  const { alignCorners, halfPixelCenters } = attributes;
  const from = pictureOf(tensorAt(graph, layer.inputs[0] ?? -1));
  const to = pictureOf(tensorAt(graph, layer.outputs[0] ?? -1));
  const axis = (input: number, output: number): Axis => ({ input, output, alignCorners, halfPixelCenters });
  return {
    rows: axis(from.height, to.height),
    columns: axis(from.width, to.width),
    batch: from.batch,
    inputSize: from.height * from.width * from.channels,
    outputSize: to.height * to.width * to.channels,
    channels: from.channels,
  };
}

function positions(axis: Axis, place: (position: number) => number): readonly number[] {
  return Array.from({ length: axis.output }, (_, position) => place(position));
}

/** TFLite computes this in float32; on which side of a pixel's edge a position falls depends on it. */
function nearestPixels(axis: Axis): Uint16Array {
  const { input, output, alignCorners, halfPixelCenters } = axis;
  const scale = alignCorners && output > 1 ? Math.fround((input - 1) / (output - 1)) : Math.fround(input / output);
  return Uint16Array.from(
    positions(axis, (position) => {
      const exact = Math.fround((position + (halfPixelCenters ? 0.5 : 0)) * scale);
      return clamp(alignCorners ? roundHalfAway(exact) : Math.floor(exact), 0, input - 1);
    }),
  );
}

/** In pixels, exactly. */
function bilinearPositions(axis: Axis): Float32Array {
  const { input, output, alignCorners, halfPixelCenters } = axis;
  const scale = alignCorners && output > 1 ? (input - 1) / (output - 1) : input / output;
  return Float32Array.from(
    positions(axis, (position) => (halfPixelCenters ? (position + 0.5) * scale - 0.5 : position * scale)),
  );
}

/** Step and first position in 1/1024 pixels, as TFLite rounds them. */
function bilinearSteps({ input, output, alignCorners, halfPixelCenters }: Axis): readonly [number, number] {
  const [from, to] = alignCorners && output > 1 ? [input - 1, output - 1] : [input, output];
  const scale = Math.floor((1024 * from + Math.floor(to / 2)) / to);
  return [scale, halfPixelCenters ? Math.floor(scale / 2) - 512 : 0];
}

function parametersOf(builder: ProgramBuilder, layer: Layer, { rows, columns, channels }: Resize): BufferId {
  const [scaleY, offsetY] = bilinearSteps(rows);
  const [scaleX, offsetX] = bilinearSteps(columns);
  return builder.parameters(`${layer.name}_resize`, layer.name, 'ft_resize', [
    rows.input,
    columns.input,
    channels,
    rows.output,
    columns.output,
    scaleY,
    scaleX,
    offsetY,
    offsetX,
  ]);
}

interface Places {
  readonly rows: BufferId;
  readonly columns: BufferId;
}

function placesOf(
  builder: ProgramBuilder,
  layer: Layer,
  resize: Resize,
  make: (axis: Axis) => Uint16Array | Float32Array,
): Places {
  return {
    rows: builder.constant(`${layer.name}_rows`, layer.name, make(resize.rows)),
    columns: builder.constant(`${layer.name}_columns`, layer.name, make(resize.columns)),
  };
}

function pictures<T>({ batch }: Resize, make: (picture: number) => T): readonly T[] {
  return Array.from({ length: batch }, (_, picture) => make(picture));
}

function lowerGradient(
  context: BackwardContext,
  kernel: string,
  make: (axis: Axis) => Uint16Array | Float32Array,
): void {
  const { graph, layer, builder, gradient } = context;
  if (!context.needs(0)) return;
  const resize = resizeOf(graph, layer);
  const parameters = parametersOf(builder, layer, resize);
  const places = placesOf(builder, layer, resize, make);
  const count = elementCount(tensorAt(graph, layer.inputs[0] ?? -1).shape);
  const dx = builder.inputGradient(layer.name, count);
  const calls = pictures(resize, (picture) =>
    call(kernel, {
      resize: at(parameters),
      rows: at(places.rows),
      columns: at(places.columns),
      gradient: at(gradient, 4 * picture * resize.outputSize),
      dx: at(dx, 4 * picture * resize.inputSize),
    }),
  );
  builder.step({ layer: layer.name, phase: 'backward', calls });
  context.contribute(0, dx);
}

export const resizeNearest: OperatorRule = {
  macs: () => 0,
  forward: ({ graph, layer, builder, input, output }) => {
    const resize = resizeOf(graph, layer);
    const parameters = parametersOf(builder, layer, resize);
    const places = placesOf(builder, layer, resize, nearestPixels);
    const calls = pictures(resize, (picture) =>
      call('ft_resize_nearest_s8', {
        resize: at(parameters),
        rows: at(places.rows),
        columns: at(places.columns),
        input: at(input(0), picture * resize.inputSize),
        output: at(output(0), picture * resize.outputSize),
      }),
    );
    return { loop: 1, calls: () => calls };
  },
  backward: (context) => lowerGradient(context, 'ft_resize_nearest_gradient_f32', nearestPixels),
};

export const resizeBilinear: OperatorRule = {
  macs: () => 0,
  forward: ({ graph, layer, builder, input, output }) => {
    const resize = resizeOf(graph, layer);
    const parameters = parametersOf(builder, layer, resize);
    const calls = pictures(resize, (picture) =>
      call('ft_resize_bilinear_s8', {
        resize: at(parameters),
        input: at(input(0), picture * resize.inputSize),
        output: at(output(0), picture * resize.outputSize),
      }),
    );
    return { loop: 1, calls: () => calls };
  },
  backward: (context) => lowerGradient(context, 'ft_resize_bilinear_gradient_f32', bilinearPositions),
};
