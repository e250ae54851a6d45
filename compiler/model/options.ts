import { refuse } from '../diagnostics.ts';
import { readFloat32, readInt8, readInt32, readUint8, type Table } from './flatbuffer.ts';
import { type Activation, type Attributes, integersOf, type Padding, type Tensor } from './graph.ts';
import { activations, paddings } from './schema.ts';

export type FieldName =
  | 'padding'
  | 'strideX'
  | 'strideY'
  | 'dilationX'
  | 'dilationY'
  | 'windowWidth'
  | 'windowHeight'
  | 'depthMultiplier'
  | 'activation'
  | 'weightsFormat'
  | 'keepDims'
  | 'axis'
  | 'beta'
  | 'alpha'
  | 'alignCorners'
  | 'halfPixelCenters'
  | 'beginMask'
  | 'endMask'
  | 'shrinkMask'
  | 'ellipsisMask'
  | 'newAxisMask'
  | 'offset'
  | 'adjointX'
  | 'adjointY'
  | 'inputCount'
  | 'outputCount'
  | 'outputType';

export interface Field {
  readonly name: FieldName;
  readonly slot: number;
  readonly type: 'int8' | 'bool' | 'int32' | 'float32';
  /** Value where the file leaves the field out. */
  readonly initial: number;
}

export interface OptionsLayout {
  /** Number in the union BuiltinOptions; 0: the operator has no options. */
  readonly union: number;
  readonly kind: Attributes['kind'];
  readonly fields: readonly Field[];
}

function field(name: FieldName, slot: number, type: Field['type'], initial = 0): Field {
  return { name, slot, type, initial };
}

function plain(union = 0): OptionsLayout {
  return { union, kind: 'none', fields: [] };
}

const padding = field('padding', 0, 'int8');
const strides = [field('strideX', 1, 'int32'), field('strideY', 2, 'int32')];
const cornerFields = (slot: number) => [
  field('alignCorners', slot, 'bool'),
  field('halfPixelCenters', slot + 1, 'bool'),
];
const activation = [field('activation', 0, 'int8')];
const pool: OptionsLayout = {
  union: 5,
  kind: 'window',
  fields: [
    padding,
    ...strides,
    field('windowWidth', 3, 'int32'),
    field('windowHeight', 4, 'int32'),
    field('activation', 5, 'int8'),
  ],
};

/** The operators whose options are understood in full, and so can be written again. */
export const optionsLayouts: ReadonlyMap<string, OptionsLayout> = new Map<string, OptionsLayout>([
  [
    'CONV_2D',
    {
      union: 1,
      kind: 'window',
      fields: [
        padding,
        ...strides,
        field('activation', 3, 'int8'),
        field('dilationX', 4, 'int32', 1),
        field('dilationY', 5, 'int32', 1),
      ],
    },
  ],
  [
    'DEPTHWISE_CONV_2D',
    {
      union: 2,
      kind: 'window',
      fields: [
        padding,
        ...strides,
        field('depthMultiplier', 3, 'int32'),
        field('activation', 4, 'int8'),
        field('dilationX', 5, 'int32', 1),
        field('dilationY', 6, 'int32', 1),
      ],
    },
  ],
  ['TRANSPOSE_CONV', { union: 49, kind: 'window', fields: [padding, ...strides, field('activation', 3, 'int8')] }],
  ['AVERAGE_POOL_2D', pool],
  ['MAX_POOL_2D', pool],
  [
    'FULLY_CONNECTED',
    {
      union: 8,
      kind: 'dense',
      fields: [...activation, field('weightsFormat', 1, 'int8'), field('keepDims', 2, 'bool')],
    },
  ],
  ['ADD', { union: 11, kind: 'activation', fields: activation }],
  ['SUB', { union: 28, kind: 'activation', fields: activation }],
  ['MUL', { union: 21, kind: 'activation', fields: activation }],
  ['CONCATENATION', { union: 10, kind: 'axis', fields: [field('axis', 0, 'int32'), field('activation', 1, 'int8')] }],
  ['PACK', { union: 59, kind: 'axis', fields: [field('inputCount', 0, 'int32'), field('axis', 1, 'int32')] }],
  ['UNPACK', { union: 64, kind: 'axis', fields: [field('outputCount', 0, 'int32'), field('axis', 1, 'int32')] }],
  ['SPLIT', { union: 35, kind: 'axis', fields: [field('outputCount', 0, 'int32')] }],
  ['SPLIT_V', { union: 79, kind: 'axis', fields: [field('outputCount', 0, 'int32')] }],
  ['ARG_MAX', { union: 40, kind: 'axis', fields: [field('outputType', 0, 'int8')] }],
  ['SOFTMAX', { union: 9, kind: 'softmax', fields: [field('beta', 0, 'float32')] }],
  ['LEAKY_RELU', { union: 75, kind: 'leaky', fields: [field('alpha', 0, 'float32')] }],
  ['MEAN', { union: 27, kind: 'reduce', fields: [field('keepDims', 0, 'bool')] }],
  ['RESIZE_BILINEAR', { union: 15, kind: 'resize', fields: cornerFields(2) }],
  ['RESIZE_NEAREST_NEIGHBOR', { union: 74, kind: 'resize', fields: cornerFields(0) }],
  [
    'STRIDED_SLICE',
    {
      union: 32,
      kind: 'stridedSlice',
      fields: [
        field('beginMask', 0, 'int32'),
        field('endMask', 1, 'int32'),
        field('ellipsisMask', 2, 'int32'),
        field('newAxisMask', 3, 'int32'),
        field('shrinkMask', 4, 'int32'),
        field('offset', 5, 'bool'),
      ],
    },
  ],
  [
    'BATCH_MATMUL',
    { union: 101, kind: 'matmul', fields: [field('adjointX', 0, 'bool'), field('adjointY', 1, 'bool')] },
  ],
  ['RESHAPE', plain(17)],
  ['SQUEEZE', plain(30)],
  ['PAD', plain(22)],
  ['PADV2', plain(43)],
  ['TRANSPOSE', plain(26)],
  ['EXP', plain(33)],
  ['DEQUANTIZE', plain(38)],
  ['SLICE', plain(48)],
  ['EXPAND_DIMS', plain(52)],
  ['QUANTIZE', plain(89)],
  ['HARD_SWISH', plain(91)],
  ['LOGISTIC', plain()],
  ['TANH', plain()],
  ['RELU', plain()],
  ['RELU6', plain()],
  ['RELU_N1_TO_1', plain()],
  ['PRELU', plain()],
]);

function readField(table: Table | undefined, { slot, type, initial }: Field): number {
  if (table === undefined) return initial;
  if (type === 'int8') return readInt8(table, slot, initial);
  if (type === 'bool') return readUint8(table, slot, initial) === 0 ? 0 : 1;
  return type === 'int32' ? readInt32(table, slot, initial) : readFloat32(table, slot, initial);
}

export interface OptionsSource {
  readonly operator: string;
  /** For messages: `operator 3 (CONV_2D)`. */
  readonly place: string;
  /** Which member of the union the file says it is; 0: none. */
  readonly union: number;
  readonly table: Table | undefined;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly Tensor[];
}

/** Attributes of an operator; `none` for one that is not in `optionsLayouts`. Refuses options without our meaning. */
export function readAttributes(source: OptionsSource): Attributes {
  const layout = optionsLayouts.get(source.operator);
  if (layout === undefined) return { kind: 'none' };
  if (source.union !== 0 && layout.union !== 0 && source.union !== layout.union) {
    unsupported(source, `carries options of another operator (type ${source.union}, expected ${layout.union})`);
  }
  const table = source.union === 0 ? undefined : source.table;
  const values = new Map<FieldName, number>(layout.fields.map((each) => [each.name, readField(table, each)]));
  return toAttributes(layout.kind, (name, initial = 0) => values.get(name) ?? initial, source);
}

function toAttributes(
  kind: Attributes['kind'],
  value: (name: FieldName, initial?: number) => number,
  source: OptionsSource,
): Attributes {
  switch (kind) {
    case 'none':
      return { kind };
    case 'window':
      return {
        kind,
        padding: paddingOf(value('padding'), source),
        strideY: value('strideY'),
        strideX: value('strideX'),
        dilationY: value('dilationY', 1),
        dilationX: value('dilationX', 1),
        windowHeight: value('windowHeight'),
        windowWidth: value('windowWidth'),
        depthMultiplier: value('depthMultiplier'),
        activation: activationOf(value('activation'), source),
      };
    case 'dense':
      if (value('weightsFormat') !== 0) unsupported(source, 'holds its weights in a shuffled order');
      return { kind, activation: activationOf(value('activation'), source), keepDims: value('keepDims') !== 0 };
    case 'activation':
      return { kind, activation: activationOf(value('activation'), source) };
    case 'axis':
      return { kind, axis: axisOf(value('axis'), source), activation: activationOf(value('activation'), source) };
    case 'softmax':
      return { kind, beta: value('beta') };
    case 'leaky':
      return { kind, alpha: value('alpha') };
    case 'reduce':
      return { kind, keepDims: value('keepDims') !== 0 };
    case 'resize':
      return {
        kind,
        alignCorners: value('alignCorners') !== 0,
        halfPixelCenters: value('halfPixelCenters') !== 0,
      };
    case 'stridedSlice':
      if (value('ellipsisMask') !== 0) unsupported(source, 'uses an ellipsis in its slice');
      if (value('newAxisMask') !== 0) unsupported(source, 'adds an axis in its slice');
      if (value('offset') !== 0) unsupported(source, 'gives the end of its slice as an offset');
      return { kind, beginMask: value('beginMask'), endMask: value('endMask'), shrinkMask: value('shrinkMask') };
    case 'matmul':
      return { kind, adjointX: value('adjointX') !== 0, adjointY: value('adjointY') !== 0 };
  }
}

function paddingOf(code: number, source: OptionsSource): Padding {
  return paddings[code] ?? unsupported(source, `has the unknown padding ${code}`);
}

function activationOf(code: number, source: OptionsSource): Activation {
  return activations[code] ?? unsupported(source, `has the fused activation number ${code}, which is not known`);
}

/** Where the axis stands: which inputs hold it (none: an option), and whose dimensions it counts. */
const axisPlaces: Readonly<Record<string, { readonly axis: number; readonly counted: number }>> = {
  SPLIT: { axis: 0, counted: 1 },
  SPLIT_V: { axis: 2, counted: 0 },
  ARG_MAX: { axis: 1, counted: 0 },
};

function axisOf(option: number, source: OptionsSource): number {
  const { operator, inputs } = source;
  const place = axisPlaces[operator];
  const counted = operator === 'PACK' ? source.outputs[0] : inputs[place?.counted ?? 0];
  const axis = place === undefined ? option : constantAxis(inputs[place.axis], source);
  return axis < 0 ? axis + (counted?.shape.length ?? 0) : axis;
}

function constantAxis(tensor: Tensor | undefined, source: OptionsSource): number {
  const values = tensor === undefined ? undefined : integersOf(tensor);
  const axis = values?.length === 1 ? values[0] : undefined;
  return axis ?? unsupported(source, 'has an axis that is not one constant integer');
}

function unsupported(source: OptionsSource, what: string): never {
  return refuse(
    'unsupported-option',
    `${source.place} ${what}.`,
    'Export the model with a current TensorFlow Lite converter, or write this layer in another way.',
    source.outputs[0]?.name,
  );
}
