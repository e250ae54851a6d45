/** Figures of the monitor in words. */

import { figure, t } from '../text.ts';
import type { RunPicture, RunSource, RunState } from './messages.ts';

export function lossText(loss: number | null | undefined): string {
  if (loss === undefined) return '';
  if (loss === null || !Number.isFinite(loss)) return t('not a number');
  return loss.toFixed(loss < 10 ? 4 : 2);
}

/** `84.6 %`: runs differ by tenths. */
export function accuracyText(share: number | undefined): string {
  return share === undefined || !Number.isFinite(share) ? '' : `${(100 * share).toFixed(1)} %`;
}

/** `0:42`, `12:05`, `1:02:33`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

export function sourceText(source: RunSource): string {
  return { simulation: t('simulation'), emulator: t('emulator'), board: t('board') }[source];
}

export function stateText(state: RunState): string {
  return {
    starting: t('starting'),
    running: t('running'),
    finished: t('finished'),
    cancelled: t('stopped'),
    failed: t('failed'),
  }[state];
}

const stateSigns: Readonly<Record<RunState, string>> = {
  starting: '○',
  running: '●',
  finished: '✓',
  cancelled: '■',
  failed: '✕',
};

/** `● running: epoch 3 of 8, training 45 %, 312 steps/s`. */
export function stateLine(run: RunPicture): string {
  const { state, stepsPerSecond } = run;
  const rate = stepsPerSecond === undefined ? '' : t('{0} steps/s', figure(Math.round(stepsPerSecond)));
  const details = [progressText(run), rate].filter((text) => text !== '').join(', ');
  return `${stateSigns[state]} ${details === '' ? stateText(state) : `${stateText(state)}: ${details}`}`;
}

/** `epoch 3 of 8, training 45 %`. */
function progressText({ state, progress, epochs, steps, results }: RunPicture): string {
  if (state === 'starting') {
    return progress?.phase === 'reading'
      ? t('reading sample {0} of {1}', progress.done, progress.of)
      : t('compiling the plan');
  }
  if (state !== 'running') {
    const complete = results.filter(({ epoch, loss }) => epoch > 0 && loss !== undefined).length;
    if (complete === 0) return steps === 0 ? '' : t('{0} steps', figure(steps));
    return complete === 1 ? t('1 epoch complete') : t('{0} epochs complete', complete);
  }
  if (progress === undefined) return t('{0} steps', figure(steps));
  const percent = progress.of === 0 ? 0 : Math.floor((100 * progress.done) / progress.of);
  if (progress.epoch === 0) return t('testing before training, {0} %', percent);
  const phase = progress.phase === 'training' ? t('training {0} %', percent) : t('testing {0} %', percent);
  const epoch = epochs === undefined ? t('epoch {0}', progress.epoch) : t('epoch {0} of {1}', progress.epoch, epochs);
  return `${epoch}, ${phase}`;
}

/** One sentence for who does not see the charts; changes with epochs and ends only. */
export function summaryText(run: RunPicture): string {
  const last = run.results.findLast(({ epoch }) => epoch > 0);
  const parts = [t('Run {0}: {1}', run.name, stateText(run.state))];
  if (last !== undefined) {
    parts.push(t('epoch {0}', last.epoch));
    if (last.loss !== undefined) parts.push(t('mean loss {0}', lossText(last.loss)));
    if (last.testAccuracy !== undefined) parts.push(t('test accuracy {0}', accuracyText(last.testAccuracy)));
  }
  return parts.join(', ');
}
