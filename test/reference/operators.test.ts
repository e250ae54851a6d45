import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGraph } from '../../compiler/model/check.ts';
import type { Graph, Layer } from '../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../compiler/model/graph.ts';
import { randomValues } from '../support/graph-builder.ts';
import { randomNumbers } from '../support/random.ts';
import { backpropagate } from './backward.ts';
import { operatorCases } from './cases.ts';
import { finiteDifference } from './finite-difference.ts';
import type { ForwardPass } from './forward.ts';
import { presentOperands, referenceForward } from './forward.ts';
import { rules } from './rules.ts';
import { at } from './values.ts';

/** Between two codes, away from the kinks at the zero point. */
function pointsBetweenCodes(graph: Graph, random: () => number): Float64Array[] {
  return graph.inputs.map((id) => randomValues(tensorAt(graph, id), random).map((code) => code + 0.1 + 0.8 * random()));
}

/** A random linear function of the graph's outputs: its coefficients are the gradients to start from. */
function randomLoss(graph: Graph, random: () => number) {
  const seeds = new Map(
    graph.outputs.map((id) => [
      id,
      Float64Array.from({ length: elementCount(tensorAt(graph, id).shape) }, () => random() * 2 - 1),
    ]),
  );
  const loss = ({ values }: ForwardPass) => {
    let sum = 0;
    for (const [id, seed] of seeds) {
      sum += seed.reduce((partial, c, i) => partial + c * at(values.get(id) ?? [], i), 0);
    }
    return sum;
  };
  return { seeds, loss };
}

const step = 1e-4;

/** A fixed seed: a draw that lands on a kink (a constant of 0 below a clamp at 0) has no derivative to compare. */
const drawn = { seed: 3, numRuns: 20 };

const realOperands = (layer: Layer) => presentOperands(layer).map(({ id }) => id);

function expectDerivative(graph: Graph, clamp: boolean): void {
  const random = randomNumbers(graph.layers.length + 17);
  const inputs = pointsBetweenCodes(graph, random);
  const { seeds, loss } = randomLoss(graph, random);
  const pass = referenceForward(graph, inputs, 'real', { clamp });
  const gradients = backpropagate(graph, pass, seeds);
  const rounding = (1e-14 * (1 + Math.abs(loss(pass)))) / step;
  const leaves = graph.layers
    .flatMap(realOperands)
    .filter((id) => graph.inputs.includes(id) || tensorAt(graph, id).data !== undefined);
  for (const id of new Set(leaves)) {
    const gradient = gradients.get(id) ?? new Float64Array();
    const largest = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    const elements = Array.from({ length: 6 }, () => Math.floor(random() * gradient.length));
    const expected = finiteDifference(graph, inputs, loss, id, { clamp, elements, h: step });
    elements.forEach((element, k) => {
      expect(Math.abs(at(gradient, element) - at(expected, k))).toBeLessThan(1e-6 * largest + rounding);
    });
  }
}

describe('every operator of the reference', () => {
  it('has a family of test networks', () => {
    expect(operatorCases.map(({ operator }) => operator).sort()).toEqual(Object.keys(rules).sort());
  });

  describe.each(operatorCases)('$operator', ({ operator, graphs }) => {
    it('is built as a valid graph that contains it', () => {
      fc.assert(
        fc.property(graphs, (graph) => {
          expect(checkGraph(graph)).toEqual([]);
          expect(graph.layers.some((layer) => layer.operator === operator)).toBe(true);
        }),
        drawn,
      );
    });

    it.each([false, true])('has the derivative of its real forward pass, clamps %s', (clamp) => {
      fc.assert(
        fc.property(graphs, (graph) => expectDerivative(graph, clamp)),
        drawn,
      );
    });
  });
});
