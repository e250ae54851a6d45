import { refuse } from '../diagnostics.ts';
import { elementCount, type Graph, type Layer, type Tensor, tensorAt } from '../model/graph.ts';
import type { BufferId } from '../program.ts';
import { at, atOrNull, call, float, int } from '../schedule/builder.ts';
import { quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';
import type { BackwardContext, OperatorRule } from './rule.ts';
import { broadcast, contiguous, extend } from './strides.ts';

/** [.., rows, inner] x [.., inner, columns], over batches of which one side may be repeated. */
export const batchMatrixProduct: OperatorRule = {
  masked: true,
  keeps: [0, 1],
  macs: (graph, layer) => {
    const { batch, rows, inner, columns } = productOf(graph, layer);
    return elementCount(batch) * rows * inner * columns;
  },
  forward: ({ graph, layer, builder, input, output, mask }) => {
    const p = productOf(graph, layer);
    const { multiplier, shift } = quantiseMultiplier(factorOf(p));
    const parameters = builder.parameters(`${layer.name}_product`, layer.name, 'ft_product', [
      ...fieldsOf(layer, {
        batch: p.batch,
        ...{ rows: p.rows, inner: p.inner, columns: p.columns },
        left: { batch: p.left.batch, row: p.left.row, column: p.left.column },
        right: { batch: p.right.batch, row: p.right.row, column: p.right.column },
        out: { batch: p.outBatch, row: p.columns, column: 1 },
      }),
      zeroPointOf(p.left.tensor),
      zeroPointOf(p.right.tensor),
      zeroPointOf(p.output),
      multiplier,
      shift,
    ]);
    const product = call('ft_product_s8', {
      product: at(parameters),
      left: at(input(0)),
      right: at(input(1)),
      output: at(output(0)),
      mask: atOrNull(mask),
    });
    return { loop: 1, calls: () => [product] };
  },
  backward: lowerBackward,
};

/** Where the elements of a matrix lie, in elements. */
interface Matrix {
  readonly batch: readonly number[];
  readonly row: number;
  readonly column: number;
}

interface Factor extends Matrix {
  readonly tensor: Tensor;
}

interface Product {
  readonly batch: readonly number[];
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly left: Factor;
  readonly right: Factor;
  readonly outBatch: readonly number[];
  readonly output: Tensor;
}

function productOf(graph: Graph, layer: Layer): Product {
  if (layer.attributes.kind !== 'matmul') throw new Error(`${layer.name}: ${layer.operator} is no product`);
  const { adjointX, adjointY } = layer.attributes;
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  const batch = output.shape.slice(0, -2);
  const left = factorAt(tensorAt(graph, layer.inputs[0] ?? -1), batch, adjointX);
  const right = factorAt(tensorAt(graph, layer.inputs[1] ?? -1), batch, adjointY);
  const [height = 1, width = 1] = left.tensor.shape.slice(-2);
  const [rows = 1, columns = 1] = output.shape.slice(-2);
  return {
    batch,
    rows,
    columns,
    inner: adjointX ? height : width,
    left,
    right,
    outBatch: contiguous(batch).map((distance) => distance * rows * columns),
    output,
  };
}

function factorAt(tensor: Tensor, batch: readonly number[], adjoint: boolean): Factor {
  const [height = 1, width = 1] = tensor.shape.slice(-2);
  const repeated = broadcast(tensor.shape.slice(0, -2), batch).map((distance) => distance * height * width);
  return { tensor, batch: repeated, row: adjoint ? 1 : width, column: adjoint ? width : 1 };
}

function factorOf({ left, right, output }: Product): number {
  return (scaleOf(left.tensor) * scaleOf(right.tensor)) / scaleOf(output);
}

interface ProductFields {
  readonly batch: readonly number[];
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly left: Matrix;
  readonly right: Matrix;
  readonly out: Matrix;
}

/** Batch dimensions of the kernel's `ft_product`. */
const kernelBatches = 3;

/** `ft_product` up to its zero points. */
function fieldsOf(layer: Layer, { batch, rows, inner, columns, left, right, out }: ProductFields): readonly number[] {
  if (batch.length > kernelBatches) {
    refuse(
      'too-many-dimensions',
      `layer ${layer.name} (${layer.operator}) has ${batch.length + 2} dimensions, at most ${kernelBatches + 2} are possible`,
      'reshape its tensors to fewer dimensions',
      layer.name,
    );
  }
  return [
    ...extend(batch, kernelBatches, 1),
    ...extend(left.batch, kernelBatches, 0),
    ...extend(right.batch, kernelBatches, 0),
    ...extend(out.batch, kernelBatches, 0),
    rows,
    inner,
    columns,
    left.row,
    left.column,
    right.row,
    right.column,
    out.row,
    out.column,
  ];
}

/** dX = G Y^T and dY^T = G^T X, with G scaled inside of the mask; summed over batches that repeat an operand. */
function lowerBackward(context: BackwardContext): void {
  const { graph, layer, builder, gradient, mask } = context;
  const p = productOf(graph, layer);
  builder.step({
    layer: layer.name,
    phase: 'backward',
    calls: [
      call('ft_mask_f32', {
        gradient: at(gradient),
        output: at(gradient),
        mask: atOrNull(mask),
        factor: float(factorOf(p)),
        count: int(elementCount(p.output.shape)),
      }),
    ],
  });
  const { batch, rows, inner, columns, left, right, outBatch } = p;
  if (context.needs(0)) {
    const g = { batch: outBatch, row: columns, column: 1 };
    const fields = { batch, rows, inner: columns, columns: inner, left: g, right: transposed(right), out: left };
    context.contribute(0, factorGradient(context, fields, left.tensor, right.tensor, context.input(1)));
  }
  if (context.needs(1)) {
    const g = { batch: outBatch, row: 1, column: columns };
    const fields = { batch, rows: columns, inner: rows, columns: inner, left: g, right: left, out: transposed(right) };
    context.contribute(1, factorGradient(context, fields, right.tensor, left.tensor, context.input(0)));
  }
}

function transposed({ batch, row, column }: Matrix): Matrix {
  return { batch, row: column, column: row };
}

function factorGradient(
  { layer, builder, gradient }: BackwardContext,
  fields: ProductFields,
  tensor: Tensor,
  other: Tensor,
  codes: BufferId,
): BufferId {
  const count = elementCount(tensor.shape);
  const sum = builder.inputGradient(layer.name, count);
  const unused = 0;
  const parameters = builder.parameters(`${layer.name}_product`, layer.name, 'ft_product', [
    ...fieldsOf(layer, fields),
    unused,
    zeroPointOf(other),
    unused,
    unused,
    unused,
  ]);
  builder.step({
    layer: layer.name,
    phase: 'backward',
    macs: elementCount(fields.batch) * fields.rows * fields.inner * fields.columns,
    calls: [
      call('ft_zero_f32', { values: at(sum), count: int(count) }),
      call('ft_product_gradient_f32', {
        product: at(parameters),
        gradient: at(gradient),
        right: at(codes),
        output: at(sum),
      }),
    ],
  });
  return sum;
}
