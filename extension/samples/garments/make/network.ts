import { side } from './pictures.ts';

/** One layer of the float network; `input` and `other` are positions in the list, -1 the picture. */
export type FloatLayer = { readonly name: string; readonly input: number } & (
  | {
      readonly kind: 'conv';
      readonly channels: number;
      readonly kernel: number;
      readonly stride: number;
      readonly clamp: boolean;
      readonly norm: boolean;
    }
  | { readonly kind: 'depthwise'; readonly kernel: number; readonly stride: number; readonly clamp: boolean }
  | { readonly kind: 'add'; readonly other: number }
  | { readonly kind: 'pool' }
);

interface Block {
  /** Channels inside the block; the same as its input's where there is no pointwise1. */
  readonly expanded: number;
  readonly channels: number;
  readonly stride: number;
  readonly residual: boolean;
}

const firstChannels = 8;
const lastChannels = 96;
const blocks: readonly Block[] = [
  { expanded: firstChannels, channels: 8, stride: 1, residual: false },
  { expanded: 32, channels: 16, stride: 2, residual: false },
  { expanded: 48, channels: 16, stride: 1, residual: true },
  { expanded: 48, channels: 24, stride: 2, residual: false },
  { expanded: 96, channels: 24, stride: 1, residual: true },
];

/** MobileNetV2 in small: inverted bottlenecks with linear ends, ReLU6 inside, and a wide last 1x1 for the new head. */
export function buildNetwork(classes: number): readonly FloatLayer[] {
  const layers: FloatLayer[] = [];
  const append = (layer: FloatLayer): number => layers.push(layer) - 1;
  const pointwise = (name: string, input: number, channels: number, clamp: boolean): number =>
    append({ kind: 'conv', name, input, channels, kernel: 1, stride: 1, clamp, norm: true });

  let at = append({
    kind: 'conv',
    name: 'first_conv',
    input: -1,
    channels: firstChannels,
    kernel: 3,
    stride: 2,
    clamp: true,
    norm: true,
  });
  let channels = firstChannels;
  blocks.forEach((block, index) => {
    const entry = at;
    if (block.expanded !== channels) at = pointwise(`block${index}.pointwise1`, at, block.expanded, true);
    const depthwise = { kernel: 3, stride: block.stride, clamp: true };
    at = append({ kind: 'depthwise', name: `block${index}.depthwise`, input: at, ...depthwise });
    at = pointwise(`block${index}.pointwise2`, at, block.channels, false);
    if (block.residual) at = append({ kind: 'add', name: `block${index}.add`, input: entry, other: at });
    channels = block.channels;
  });
  at = pointwise('last_conv', at, lastChannels, true);
  at = append({ kind: 'pool', name: 'avgpool', input: at });
  const head = { channels: classes, kernel: 1, stride: 1, clamp: false, norm: false };
  append({ kind: 'conv', name: 'classifier', input: at, ...head });
  return layers;
}

/** The network as `network.c` reads it. */
export function describeNetwork(layers: readonly FloatLayer[]): string {
  return layers.map((layer) => `${describeLayer(layer)}\n`).join('');
}

function describeLayer(layer: FloatLayer): string {
  switch (layer.kind) {
    case 'conv': {
      const { input, channels, kernel, stride, clamp, norm } = layer;
      return `conv ${input} ${channels} ${kernel} ${stride} ${Number(clamp)} ${Number(norm)}`;
    }
    case 'depthwise':
      return `depthwise ${layer.input} ${layer.kernel} ${layer.stride} ${Number(layer.clamp)} 1`;
    case 'add':
      return `add ${layer.input} ${layer.other}`;
    case 'pool':
      return `pool ${layer.input}`;
  }
}

/** [height, width, channels] of every layer's output. */
export function outputShapes(layers: readonly FloatLayer[]): readonly (readonly [number, number, number])[] {
  const shapes: [number, number, number][] = [];
  for (const layer of layers) {
    const [height, width, channels] = shapes[layer.input] ?? [side, side, 1];
    if (layer.kind === 'pool') shapes.push([1, 1, channels]);
    else if (layer.kind === 'add') shapes.push([height, width, channels]);
    else {
      const { stride } = layer;
      const out = layer.kind === 'conv' ? layer.channels : channels;
      shapes.push([Math.ceil(height / stride), Math.ceil(width / stride), out]);
    }
  }
  return shapes;
}
