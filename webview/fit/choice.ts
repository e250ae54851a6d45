/** The choice that is looked at: its figures beside the plan's, the edit of the text, and the button that makes it. */

import { button, element, setAttributes, setText } from '../dom.ts';
import { bytesText, countText, differenceText, t } from '../text.ts';
import type { FitChoice, FitFigures, FitPlan } from './messages.ts';
import { kilobytes, scoreText } from './words.ts';

export interface ChoiceEvents {
  onApply(): void;
  onOpenPlan(): void;
  /** Back to the best within the budget. */
  onUnpin(): void;
}

export interface ChoiceState {
  readonly plan: FitPlan;
  /** Undefined: none is found yet. */
  readonly choice: FitChoice | undefined;
  /** Another one is being worded. */
  readonly isOld: boolean;
  readonly isPinned: boolean;
  readonly canEdit: boolean;
  readonly applied: boolean;
}

export interface ChoiceCard {
  readonly element: HTMLElement;
  update(state: ChoiceState): void;
}

export function createChoice({ onApply, onOpenPlan, onUnpin }: ChoiceEvents): ChoiceCard {
  const unpin = button(t('Best within the budget'), onUnpin, { class: 'action', hidden: true });
  const body = element('tbody');
  const head = (title: string, number = true): HTMLElement =>
    element('th', { scope: 'col', class: number ? 'number' : undefined }, title);
  const figures = element(
    'table',
    { class: 'data-table figures' },
    element(
      'thead',
      {},
      element('tr', {}, head(t('Figure'), false), head(t('plan now')), head(t('this choice')), head(t('change'))),
    ),
    body,
  );
  const warnings = element('div', { class: 'warnings' });
  const diff = element('pre', {
    ...{ class: 'diff', tabindex: 0, role: 'group' },
    'aria-label': t('Preview of the edit'),
  });
  const apply = element('vscode-button', { appearance: 'primary' }, t('Apply to the plan'));
  apply.addEventListener('click', () => {
    if (apply.getAttribute('aria-disabled') !== 'true') onApply();
  });
  const openPlan = button(t('Show the plan'), onOpenPlan, { class: 'link' });
  const state = element('p', { class: 'apply-state muted', role: 'status' });
  const root = element(
    'section',
    { class: 'card choice', 'aria-labelledby': 'choice-title' },
    element('header', {}, element('h2', { class: 'section-title', id: 'choice-title' }, t('The choice')), unpin),
    figures,
    warnings,
    element('h3', { class: 'part-title' }, t('Edit of the plan')),
    diff,
    element('div', { class: 'apply-row' }, apply, openPlan),
    state,
  );

  return {
    element: root,
    update({ plan, choice, isOld, isPinned, canEdit, applied }) {
      unpin.hidden = !isPinned;
      root.classList.toggle('old', isOld);
      setAttributes(root, { 'aria-busy': isOld ? 'true' : undefined });
      body.replaceChildren(...rowsOf(plan, choice));
      warnings.replaceChildren(...warningsOf(plan, choice?.figures).map((text) => element('p', {}, text)));
      const lines = choice?.diff ?? [];
      diff.hidden = lines.length === 0;
      diff.replaceChildren(...lines.map(({ kind, text }) => diffLine(kind, text)));
      const isSame = choice !== undefined && lines.length === 0;
      const can = canEdit && choice !== undefined && !isSame && !isOld;
      setAttributes(apply, { 'aria-disabled': can ? undefined : 'true' });
      setText(state, stateText(choice, isSame, canEdit, applied));
    },
  };
}

function stateText(choice: FitChoice | undefined, isSame: boolean, canEdit: boolean, applied: boolean): string {
  if (choice === undefined) return t('No choice has been found yet.');
  if (isSame && applied) return t('Applied. Undo in the plan takes it back.');
  if (isSame) return t('The plan trains exactly this already.');
  return canEdit ? '' : t('The plan is read-only.');
}

function rowsOf({ now, figures, gains }: FitPlan, choice: FitChoice | undefined): readonly HTMLElement[] {
  const row = (title: string, before: string, after: string, change: string, sign: number): HTMLElement =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, title),
      element('td', { class: 'number' }, before),
      element('td', { class: 'number' }, after),
      element('td', { class: 'number', 'data-sign': sign === 0 ? undefined : sign > 0 ? 'more' : 'less' }, change),
    );
  const compared = (title: string, key: keyof FitFigures, text: (value: number) => string): HTMLElement => {
    const difference = choice === undefined ? 0 : choice.figures[key] - figures[key];
    const change = key === 'macs' ? signed(difference, countText) : differenceText(difference);
    const after = choice === undefined ? '' : text(choice.figures[key]);
    return row(title, text(figures[key]), after, choice === undefined ? '' : change, difference);
  };
  const before = now.atLeast ? t('at least {0}', scoreText(now.score)) : scoreText(now.score);
  const gain = choice === undefined ? '' : signed(choice.score - now.score, scoreText);
  return [
    row(
      gains === 'measured' ? t('Score, points') : t('Score (guessed), points'),
      before,
      choice === undefined ? '' : scoreText(choice.score),
      gain,
      0,
    ),
    compared(t('Peak SRAM'), 'sramBytes', bytesText),
    compared(t('Arena'), 'arenaBytes', bytesText),
    compared(t('Trained parameters'), 'trainableBytes', bytesText),
    compared(t('Flash'), 'flashBytes', bytesText),
    compared(t('MACs per step'), 'macs', countText),
  ];
}

function signed(value: number, text: (value: number) => string): string {
  if (text(value) === text(0)) return text(0);
  return `${value > 0 ? '+' : '−'}${text(Math.abs(value))}`;
}

function warningsOf({ budgetBytes, target }: FitPlan, figures: FitFigures | undefined): readonly string[] {
  if (figures === undefined) return [];
  return [
    ...(figures.sramBytes > budgetBytes
      ? [t('This is more than the budget of {0} that the plan states: raise it there too.', kilobytes(budgetBytes))]
      : []),
    ...(figures.flashBytes > target.flashBytes
      ? [t('This is more than the {0} of flash of {1}.', kilobytes(target.flashBytes), target.name)]
      : []),
  ];
}

function diffLine(kind: 'same' | 'removed' | 'added', text: string): HTMLElement {
  const signs = { same: '  ', removed: '− ', added: '+ ' } as const;
  return element('span', { class: `line ${kind}` }, `${signs[kind]}${text}\n`);
}
