/** Counters, learning rate and loss: the state of training besides the parameters. */
import type { BufferId, ElementType } from '../program.ts';
import { at, call, float, int, type ProgramBuilder } from '../schedule/builder.ts';
import type { TrainSettings } from './plan.ts';

export interface TrainingState {
  /** float32 [1]: of this step; divided by the batch, but for Adam. */
  readonly rate: BufferId;
  /** float32 [1]: the plan's, or what the firmware set since. */
  readonly learningRate: BufferId;
  /** int32 [1]: optimiser steps taken. */
  readonly stepCount: BufferId;
  /** int32 [1]: samples of the current batch seen. */
  readonly batchCount: BufferId;
  /** float32 [2]: Adam only. */
  readonly correction?: BufferId;
  readonly loss: BufferId;
  readonly prediction: BufferId;
}

export function trainingState(builder: ProgramBuilder, settings: TrainSettings): TrainingState {
  const words = (name: string, element: ElementType, count: number, data?: Uint8Array): BufferId =>
    builder.buffer({
      name,
      layer: '',
      role: 'state',
      home: 'sram',
      element,
      count,
      ...(data === undefined ? {} : { data }),
    });
  return {
    rate: words('rate', 'float32', 1),
    learningRate: words('learning_rate', 'float32', 1, new Uint8Array(Float32Array.of(settings.learningRate).buffer)),
    stepCount: words('step_count', 'int32', 1),
    batchCount: words('batch_count', 'int32', 1),
    ...(settings.optimizer.kind === 'adam' ? { correction: words('adam_correction', 'float32', 2) } : {}),
    loss: words('loss', 'float32', 1),
    prediction: words('prediction', 'int32', 1),
  };
}

/** The step that computes this optimiser step's rate (and Adam's bias corrections), before anything is updated. */
export function emitRate(builder: ProgramBuilder, layer: string, settings: TrainSettings, state: TrainingState): void {
  const { optimizer, schedule } = settings;
  const step_count = at(state.stepCount);
  const common = {
    rate: at(state.rate),
    learning_rate: at(state.learningRate),
    step_count,
    warm_up: int(settings.warmUpSteps),
    batch: int(optimizer.kind === 'adam' ? 1 : settings.batch),
  };
  const rate =
    schedule.kind === 'cosine'
      ? call('ft_rate_cosine', { ...common, steps: int(schedule.steps) })
      : call('ft_rate_constant', common);
  if (optimizer.kind !== 'adam' || state.correction === undefined) {
    builder.step({ layer, phase: 'loss', calls: [rate] });
    return;
  }
  const correct = call('ft_adam_correction_f32', {
    correction: at(state.correction),
    step_count,
    beta1: float(optimizer.beta1),
    beta2: float(optimizer.beta2),
  });
  builder.step({ layer, phase: 'loss', calls: [rate, correct] });
}
