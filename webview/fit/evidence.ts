/** What scores rest on, said plainly, and how to put it on firmer ground. */

import { button, element, setText } from '../dom.ts';
import { t } from '../text.ts';
import type { FitEvidence, FitPlan } from './messages.ts';

export interface EvidenceEvents {
  onMeasure(copy: boolean): void;
  onContributions(use: 'file' | 'none'): void;
}

export interface EvidenceCard {
  readonly element: HTMLElement;
  update(evidence: FitEvidence, gains: FitPlan['gains']): void;
}

export function createEvidence({ onMeasure, onContributions }: EvidenceEvents): EvidenceCard {
  const badge = element('strong', { class: 'badge' });
  const words = element('span');
  const problem = element('p', { class: 'problem', role: 'alert', hidden: true });
  const command = element('code');
  const measure = button(t('Measure contributions'), () => onMeasure(false), { class: 'action' });
  const copy = button(t('Copy the command'), () => onMeasure(true), { class: 'action' });
  const file = button(t('Choose a file…'), () => onContributions('file'), { class: 'action' });
  const none = button(t('Do without the file'), () => onContributions('none'), { class: 'action', hidden: true });
  const how = element('p', { class: 'how muted' });
  const root = element(
    'section',
    { class: 'evidence', 'aria-label': t('What scores rest on') },
    element('p', { class: 'evidence-text' }, badge, ' ', words),
    problem,
    how,
    element('div', { class: 'buttons' }, measure, copy, file, none),
  );
  return {
    element: root,
    update({ file: name, problem: reason, canMeasure, command: line }, gains) {
      const measured = gains === 'measured';
      root.classList.toggle('guessed', !measured);
      setText(badge, measured ? t('Measured.') : t('Not measured.'));
      const rests = measured
        ? t(
            'Scores are sums of gains that short training runs measured on your data ({0}). Together, layers give less than the sum.',
            name ?? '',
          )
        : t(
            'Scores are guesses from published experience: later layers matter more, the first 1x1 layer of a block most, biases everywhere.',
          );
      setText(words, rests);
      problem.hidden = reason === undefined;
      setText(problem, reason === undefined ? '' : t('{0} is not used: {1}', name ?? '', reason));
      setText(command, line);
      how.replaceChildren(t('Gains of your data come from this command; it takes some minutes:'), ' ', command);
      how.hidden = measured;
      measure.hidden = !canMeasure || measured;
      copy.hidden = measured;
      none.hidden = name === null;
    },
  };
}
