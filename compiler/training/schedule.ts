/** Counters, learning rate and loss: the state of training besides the parameters. */
import type { BufferId, ElementType } from '../program.ts';
import { at, call, int, type ProgramBuilder } from '../schedule/builder.ts';
import type { TrainSettings } from './plan.ts';

export interface TrainingState {
  /** float32 [1]: of this step, divided by the batch. */
  readonly rate: BufferId;
  /** float32 [1]: the plan's, or what the firmware set since. */
  readonly learningRate: BufferId;
  /** int32 [1]: optimiser steps taken. */
  readonly stepCount: BufferId;
  /** int32 [1]: samples of the current batch seen. */
  readonly batchCount: BufferId;
  readonly loss: BufferId;
  readonly prediction: BufferId;
}

export function trainingState(builder: ProgramBuilder, settings: TrainSettings): TrainingState {
  const word = (name: string, element: ElementType, data?: Uint8Array): BufferId =>
    builder.buffer({
      name,
      layer: '',
      role: 'state',
      home: 'sram',
      element,
      count: 1,
      ...(data === undefined ? {} : { data }),
    });
  return {
    rate: word('rate', 'float32'),
    learningRate: word('learning_rate', 'float32', new Uint8Array(Float32Array.of(settings.learningRate).buffer)),
    stepCount: word('step_count', 'int32'),
    batchCount: word('batch_count', 'int32'),
    loss: word('loss', 'float32'),
    prediction: word('prediction', 'int32'),
  };
}

/** The step that computes this optimiser step's rate, before anything is updated. */
export function emitRate(builder: ProgramBuilder, layer: string, settings: TrainSettings, state: TrainingState): void {
  const common = {
    rate: at(state.rate),
    learning_rate: at(state.learningRate),
    step_count: at(state.stepCount),
    warm_up: int(settings.warmUpSteps),
  };
  const rate =
    settings.schedule.kind === 'cosine'
      ? call('ft_rate_cosine', { ...common, steps: int(settings.schedule.steps), batch: int(settings.batch) })
      : call('ft_rate_constant', { ...common, batch: int(settings.batch) });
  builder.step({ layer, phase: 'loss', calls: [rate] });
}
