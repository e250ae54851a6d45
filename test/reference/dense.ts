/** Matrix products. */

import { elementCount } from '../../compiler/model/graph.ts';
import type { Rule } from './rule.ts';
import { attributesOf, bilinear, only, operand, outputShape } from './rule.ts';
import { at, broadcastIndices } from './values.ts';

/** weights [outputs][inputs]; the input is read as rows of `inputs`. */
const fullyConnected = bilinear(only(0, 1, 2), true, (call, visit) => {
  const [outputs = 0, inputs = 0] = operand(call, 1).shape;
  const rows = operand(call, 0).values.length / inputs;
  for (let row = 0; row < rows; row++) {
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) visit(row * outputs + o, row * inputs + i, o * inputs + i);
    }
  }
});

/** [..., n, k] by [..., k, m] to [..., n, m], the leading dimensions broadcast; an adjoint operand is stored transposed. */
const batchMatmul = bilinear(only(0, 1), false, (call, visit) => {
  const { adjointX, adjointY } = attributesOf(call.layer, 'matmul');
  const left = operand(call, 0).shape;
  const right = operand(call, 1).shape;
  const output = outputShape(call);
  const [n, m] = [at(output, output.length - 2), at(output, output.length - 1)];
  const depth = at(left, left.length - (adjointX ? 2 : 1));
  const batches = output.slice(0, -2);
  const leftBatch = broadcastIndices(batches, left.slice(0, -2));
  const rightBatch = broadcastIndices(batches, right.slice(0, -2));
  for (let b = 0; b < elementCount(batches); b++) {
    const [l, r] = [at(leftBatch, b) * n * depth, at(rightBatch, b) * depth * m];
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < m; column++) {
        for (let d = 0; d < depth; d++) {
          const i = l + (adjointX ? d * n + row : row * depth + d);
          const j = r + (adjointY ? column * depth + d : d * m + column);
          visit((b * n + row) * m + column, i, j);
        }
      }
    }
  }
});

export const denseRules = {
  FULLY_CONNECTED: fullyConnected,
  BATCH_MATMUL: batchMatmul,
} as const satisfies Record<string, Rule>;
