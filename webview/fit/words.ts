/** Figures of choices in words. */

import { figure, t } from '../text.ts';
import type { FitEnd } from './messages.ts';

const language = (): string => document.documentElement.lang || 'en';

/** `33.2`. */
export function scoreText(score: number): string {
  return score.toLocaleString(language(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** `26.3 KB`; of whole ones no digits after the point. */
export function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toLocaleString(language(), { maximumFractionDigits: 1 })} KB`;
}

/** How good the end of a search is known to be. */
export function endText({ cancelled, provenOptimal, complete, scoreBound, evaluations }: FitEnd): string {
  const compiled = t('{0} choices compiled', figure(evaluations));
  if (cancelled) return `${t('Stopped: the best that was found until then.')} ${compiled}`;
  if (provenOptimal) return `${t('No choice scores higher: this is proven.')} ${compiled}`;
  const bound = scoreBound === null ? '' : ` ${t('None can score above {0}.', scoreText(scoreBound))}`;
  const found = complete ? t('The best of a complete search; not proven.') : t('The best that was found; not proven.');
  return `${found}${bound} ${compiled}`;
}
