/** One training step in float64: loss, gradients of what the plan trains, and the update rules of numerics.md 4 to 8. */

import type { Graph } from '../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../compiler/model/graph.ts';
import type { WeightHolding } from '../../compiler/training/plan.ts';
import type { Gradients, LossResult, Target } from './backward.ts';
import { backpropagate, outputLoss } from './backward.ts';
import type { ForwardOptions, ForwardPass, Mode } from './forward.ts';
import { referenceForward } from './forward.ts';
import type { ReferenceSettings, Trainable } from './training.ts';
import { trainables, trainingGraph } from './training.ts';
import { at, clamp, constantValues, roundHalfAway } from './values.ts';

export interface Training {
  /** The graph that trains (see trainingGraph). */
  readonly graph: Graph;
  readonly settings: ReferenceSettings;
  readonly trainables: readonly Trainable[];
}

/** The trained tensors as they are held, by tensor id, whole tensors: codes; code x 256 for int16 weights. */
export type TrainedState = ReadonlyMap<number, Float64Array>;

export interface StepGradients extends LossResult {
  readonly pass: ForwardPass;
  /** By tensor id, all activations and constants above the lowest trained layer. */
  readonly activations: Gradients;
  /** By tensor id, one entry per element of the trainable's `elements` (weights: [..][trained channels]). */
  readonly trained: ReadonlyMap<number, Float64Array>;
}

export function referenceTraining(graph: Graph, settings: ReferenceSettings): Training {
  const changed = trainingGraph(graph, settings);
  return { graph: changed, settings, trainables: trainables(changed, settings) };
}

const isWide = (trainable: Trainable, weights: WeightHolding) =>
  weights === 'int16' && trainable.role === 'weights' && !trainable.float;

export function initialState({ graph, settings, trainables }: Training): TrainedState {
  return new Map(
    trainables.map((trainable) => {
      const codes = constantValues(tensorAt(graph, trainable.tensor));
      return [trainable.tensor, isWide(trainable, settings.weights) ? codes.map((code) => code * 256) : codes];
    }),
  );
}

/** The codes that run: for int16 weights the rounded top, clamp((w + 128) >> 8). */
export function runningParameters({ settings, trainables }: Training, state: TrainedState): Map<number, Float64Array> {
  return new Map(
    trainables.map((trainable) => {
      const held = state.get(trainable.tensor) ?? new Float64Array();
      if (!isWide(trainable, settings.weights)) return [trainable.tensor, held];
      return [trainable.tensor, held.map((w) => clamp(Math.floor((w + 128) / 256), -127, 127))];
    }),
  );
}

/**
 * Loss and gradients of one sample with the weights of `state`. `exact` may give activations and masks from outside, so
 * that a comparison does not suffer from the 1-unit differences of the two forward passes.
 */
export function referenceBackward(
  training: Training,
  state: TrainedState,
  inputs: readonly ArrayLike<number>[],
  target: Target,
  exact: Omit<ForwardOptions, 'parameters'> & { readonly mode?: Mode } = {},
): StepGradients {
  const { graph, settings } = training;
  const parameters = runningParameters(training, state);
  const pass = referenceForward(graph, inputs, exact.mode ?? 'int8', { ...exact, parameters });
  const { seed, ...result } = outputLoss(graph, pass, settings.loss, target);
  const trainedLayers = new Set(training.trainables.map(({ layer }) => layer));
  const lowest = graph.layers.find(({ name }) => trainedLayers.has(name))?.index ?? 0;
  const activations = backpropagate(graph, pass, seed, lowest);
  const trained = new Map(
    training.trainables.map(({ tensor, elements }) => {
      const whole = activations.get(tensor) ?? new Float64Array(elementCount(tensorAt(graph, tensor).shape));
      return [tensor, Float64Array.from(elements, (i) => at(whole, i))];
    }),
  );
  return { ...result, pass, activations, trained };
}

/** How int8-stochastic rounds: floor(w + r) with r in [0, 1), by trainable and by index into its `elements`. */
export type RandomOf = (trainable: Trainable, index: number) => number;

export interface StepOptions {
  readonly random?: RandomOf;
  /** false: neither rounds nor saturates, for comparison with a float step. */
  readonly round?: boolean;
}

/**
 * The next state: value - rate x factor x gradient, held as the settings say. `gradients` is summed over the batch and
 * `rate` is learning rate / batch (or the mean and the learning rate). Channels with factor 0 are not written.
 */
export function referenceStep(
  { graph, settings, trainables }: Training,
  state: TrainedState,
  gradients: ReadonlyMap<number, Float64Array>,
  rate: number,
  { random = () => 0.5, round = true }: StepOptions = {},
): TrainedState {
  return new Map(
    trainables.map((trainable) => {
      const held = Float64Array.from(state.get(trainable.tensor) ?? []);
      const gradient = gradients.get(trainable.tensor) ?? new Float64Array(trainable.elements.length);
      const initial = constantValues(tensorAt(graph, trainable.tensor));
      trainable.elements.forEach((element, index) => {
        const factor = trainable.factor(element);
        if (factor === 0) return;
        const step = rate * factor * at(gradient, index);
        const value = at(held, element);
        const draw = () => random(trainable, index);
        held[element] = round
          ? updated(trainable, settings.weights, value, step, at(initial, element), draw)
          : value - (isWide(trainable, settings.weights) ? 256 : 1) * step;
      });
      return [trainable.tensor, held];
    }),
  );
}

function updated(
  { float, role }: Trainable,
  weights: WeightHolding,
  value: number,
  step: number,
  initial: number,
  draw: () => number,
): number {
  if (float) return value - step;
  if (role === 'bias') {
    const limit = Math.max(2 ** 30, Math.abs(initial));
    return clamp(roundHalfAway(value - step), -limit, limit);
  }
  switch (weights) {
    case 'int8':
      return clamp(roundHalfAway(value - step), -127, 127);
    case 'int8-stochastic':
      return clamp(Math.floor(value - step + draw()), -127, 127);
    case 'int16':
      return clamp(roundHalfAway(value - 256 * step), -127 * 256, 127 * 256);
  }
}
