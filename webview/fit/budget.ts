/** The budget as a slider and a number, and how far the search for it is. */

import { button, element, setAttributes, setText } from '../dom.ts';
import { figure, t } from '../text.ts';
import { kilobytes } from './words.ts';

export interface BudgetEvents {
  onBudget(bytes: number): void;
  onStop(): void;
}

export type Progress =
  | { readonly kind: 'idle'; readonly text: string }
  | { readonly kind: 'searching'; readonly evaluations: number; readonly ofEvaluations: number }
  | { readonly kind: 'failed'; readonly text: string };

export interface BudgetControl {
  readonly element: HTMLElement;
  setRange(leastBytes: number, mostBytes: number): void;
  setBudget(bytes: number): void;
  setProgress(progress: Progress): void;
}

/** While the slider moves, only where it rests is searched for. */
const settleMs = 250;

export function createBudget({ onBudget, onStop }: BudgetEvents): BudgetControl {
  const slider = element('input', { type: 'range', id: 'budget', class: 'budget-slider' });
  const box = element('input', {
    ...{ type: 'number', class: 'input budget-box', min: 1, step: 'any' },
    'aria-label': t('Budget in KB'),
  });
  const least = element('span', { class: 'muted figure' });
  const most = element('span', { class: 'muted figure' });
  const bar = element('div', { class: 'progress-bar' });
  const track = element('div', {
    ...{ class: 'progress', role: 'progressbar', hidden: true },
    ...{ 'aria-label': t('Search'), 'aria-valuemin': 0 },
  });
  track.append(bar);
  const words = element('p', { class: 'progress-text' });
  const stop = button(t('Stop'), onStop, { class: 'action', hidden: true });
  let timer: ReturnType<typeof setTimeout> | undefined;

  const show = (bytes: number): void => {
    const value = bytes / 1024;
    slider.value = `${value}`;
    const [min, max] = [Number(slider.min), Number(slider.max)];
    slider.style.setProperty('--share', `${max > min ? (100 * (slider.valueAsNumber - min)) / (max - min) : 0}%`);
    if (document.activeElement !== box) box.value = `${Number(value.toFixed(2))}`;
    setAttributes(slider, { 'aria-valuetext': kilobytes(bytes) });
  };
  const ask = (value: number, wait: number): void => {
    if (!Number.isFinite(value) || value <= 0) return;
    const bytes = Math.round(value * 1024);
    show(bytes);
    clearTimeout(timer);
    timer = setTimeout(() => onBudget(bytes), wait);
  };
  slider.addEventListener('input', () => ask(slider.valueAsNumber, settleMs));
  box.addEventListener('change', () => ask(box.valueAsNumber, 0));
  box.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') ask(box.valueAsNumber, 0);
  });

  const root = element(
    'section',
    { class: 'budget', 'aria-labelledby': 'budget-label' },
    element(
      'div',
      { class: 'budget-row' },
      element('label', { for: 'budget', id: 'budget-label' }, t('Budget of SRAM')),
      element('span', { class: 'budget-input' }, box, element('span', { 'aria-hidden': 'true' }, 'KB')),
      element('div', { class: 'budget-scale' }, slider, element('div', { class: 'budget-ends' }, least, most)),
    ),
    element('div', { class: 'progress-row' }, track, words, stop),
  );

  return {
    element: root,
    setRange(leastBytes, mostBytes) {
      const [min, max] = [Math.ceil(leastBytes / 1024), Math.ceil(mostBytes / 1024)];
      setAttributes(slider, { min, max, step: max - min < 16 ? 0.25 : 1 });
      setText(least, t('{0}: the least', kilobytes(leastBytes)));
      setText(most, t('{0}: all that is useful', kilobytes(mostBytes)));
    },
    setBudget: show,
    setProgress(progress) {
      const searching = progress.kind === 'searching';
      track.hidden = !searching;
      stop.hidden = !searching;
      words.classList.toggle('failed', progress.kind === 'failed');
      setAttributes(words, { role: progress.kind === 'failed' ? 'alert' : undefined });
      if (progress.kind !== 'searching') {
        setText(words, progress.text);
        return;
      }
      const { evaluations, ofEvaluations } = progress;
      setAttributes(track, {
        'aria-valuemax': Math.max(1, ofEvaluations),
        'aria-valuenow': ofEvaluations === 0 ? undefined : evaluations,
      });
      bar.style.width = `${ofEvaluations === 0 ? 0 : (100 * evaluations) / ofEvaluations}%`;
      const counted = t('Searching: {0} of at most {1} choices compiled', figure(evaluations), figure(ofEvaluations));
      setText(words, ofEvaluations === 0 ? t('Searching…') : counted);
    },
  };
}
