/** The page of Fit to Budget: holds what was sent and what was chosen, and keeps the parts in step with both. */

import { button, element, liveRegion, setText } from '../dom.ts';
import type { Host } from '../host.ts';
import { bytesText, t } from '../text.ts';
import { createBudget, type Progress } from './budget.ts';
import { createChoice } from './choice.ts';
import { createEvidence } from './evidence.ts';
import { createLayers } from './layers.ts';
import type {
  FitChoice,
  FitEnd,
  FitEvidence,
  FitPlan,
  FitPoint,
  FitProblem,
  FromFitPage,
  ToFitPage,
} from './messages.ts';
import { createPareto } from './pareto.ts';
import { freshState, type SavedState, savedState } from './saved.ts';
import { endText, scoreText } from './words.ts';

export interface FitPage {
  receive(message: ToFitPage): void;
}

export function createFitPage(root: HTMLElement, host: Host<FromFitPage>): FitPage {
  let saved: SavedState = host.restore(savedState) ?? freshState;
  let plan: FitPlan | undefined;
  let canEdit = true;
  let evidence: FitEvidence = { file: null, canMeasure: false, command: '' };
  let points: readonly FitPoint[] = [];
  let progress: Progress = { kind: 'idle', text: '' };
  /** Of the search that has ended for the budget as it is. */
  let found: { readonly best: number; readonly end: FitEnd } | undefined;
  let choice: FitChoice | undefined;
  /** The point that the host was asked to describe, and whether it has not yet. */
  let asked: number | undefined;
  let applied = false;

  const remember = (change: Partial<SavedState>): void => {
    saved = { ...saved, ...change };
    host.save(saved);
  };

  const budget = createBudget({
    onBudget(budgetBytes) {
      remember({ budgetBytes, pinned: null });
      search(budgetBytes);
    },
    onStop: () => host.send({ type: 'stop' }),
  });
  const pareto = createPareto({
    onChoose(pinned) {
      remember({ pinned });
      describe();
      draw();
    },
    onTable(table) {
      remember({ table });
      draw();
    },
  });
  const card = createChoice({
    onApply() {
      if (choice !== undefined) host.send({ type: 'apply', id: choice.id });
    },
    onOpenPlan: () => host.send({ type: 'openPlan' }),
    onUnpin() {
      remember({ pinned: null });
      describe();
      draw();
    },
  });
  const layers = createLayers();
  const evidenceCard = createEvidence({
    onMeasure: (copy) => host.send({ type: 'measure', copy }),
    onContributions: (use) => host.send({ type: 'contributions', use }),
  });

  const live = liveRegion();
  const title = element('h1');
  const subtitle = element('span', { class: 'muted' });
  const view = element(
    'main',
    { class: 'fit', hidden: true },
    element('header', { class: 'title' }, title, subtitle),
    budget.element,
    evidenceCard.element,
    element('div', { class: 'cards' }, pareto.element, card.element),
    layers.element,
  );
  const stateText = element('p');
  const problems = element('ul', { class: 'problems' });
  const ring = element('vscode-progress-ring', { 'aria-label': t('Loading') });
  const openPlan = button(t('Show the plan'), () => host.send({ type: 'openPlan' }), { class: 'link' });
  const stateView = element('main', { class: 'state' }, ring, stateText, problems, openPlan);
  root.append(view, stateView, live.element);
  showState(t('Compiling the plan…'), []);

  function showState(text: string, found: readonly FitProblem[], isError = false): void {
    view.hidden = true;
    stateView.hidden = false;
    ring.hidden = isError;
    openPlan.hidden = !isError;
    setText(stateText, text);
    problems.replaceChildren(
      ...found.map(({ message, remedy }) =>
        element('li', {}, `${message}: `, element('span', { class: 'muted' }, remedy)),
      ),
    );
  }

  function search(budgetBytes: number): void {
    found = undefined;
    progress = { kind: 'searching', evaluations: 0, ofEvaluations: 0 };
    host.send({ type: 'search', budgetBytes });
    describe();
    draw();
  }

  /** What is looked at: what the author chose, or else the best within the budget. */
  function wanted(): number | undefined {
    if (saved.pinned !== null) return saved.pinned;
    return found?.best ?? points.findLast(({ sramBytes }) => sramBytes <= budgetOf())?.id;
  }

  function budgetOf(): number {
    if (saved.budgetBytes !== null || plan === undefined) return saved.budgetBytes ?? 0;
    return Math.max(plan.leastBytes, Math.min(plan.budgetBytes, plan.mostBytes));
  }

  /** One question at a time, but the author's own and the last come through at once. */
  function describe(): void {
    const id = wanted();
    if (id === undefined || id === asked) return;
    const waits = asked !== undefined && choice?.id !== asked;
    if (waits && saved.pinned === null && found === undefined) return;
    asked = id;
    applied = false;
    host.send({ type: 'choose', id });
  }

  function draw(): void {
    if (plan === undefined) return;
    setText(title, t('Fit {0} to a budget', plan.name));
    setText(subtitle, t('{0} on {1}', plan.model, plan.target.name));
    budget.setRange(plan.leastBytes, plan.mostBytes);
    budget.setBudget(budgetOf());
    budget.setProgress(progress);
    evidenceCard.update(evidence, plan.gains);
    const { now, others } = plan;
    const chosen = wanted() ?? null;
    pareto.update({ points, now, others, budgetBytes: budgetOf(), chosen, table: saved.table });
    const isOld = choice !== undefined && choice.id !== chosen;
    card.update({ plan, choice, isOld, isPinned: saved.pinned !== null, canEdit, applied });
    layers.update(choice, plan.gains);
  }

  function showPlan(next: Extract<ToFitPage, { type: 'plan' }>): void {
    ({ plan } = next);
    view.hidden = false;
    stateView.hidden = true;
    if (next.isNew) {
      choice = undefined;
      asked = undefined;
      remember({ pinned: null });
      search(budgetOf());
    } else draw();
  }

  function receive(message: ToFitPage): void {
    switch (message.type) {
      case 'settings':
        canEdit = message.canEdit;
        remember({ plan: message.plan });
        if (plan === undefined) setText(stateText, t('Compiling {0}…', message.title));
        break;
      case 'plan':
        showPlan(message);
        return;
      case 'problems':
        plan = undefined;
        showState(t('The plan has errors, so there is nothing to choose from yet.'), message.problems, true);
        return;
      case 'evidence':
        ({ evidence } = message);
        break;
      case 'points':
        ({ points } = message);
        if (points.length === 0) {
          choice = undefined;
          asked = undefined;
        }
        describe();
        break;
      case 'searching': {
        const { evaluations, ofEvaluations } = message;
        progress = { kind: 'searching', evaluations, ofEvaluations };
        if (plan !== undefined && saved.budgetBytes === null) saved = { ...saved, budgetBytes: message.budgetBytes };
        break;
      }
      case 'found':
        found = message;
        progress = { kind: 'idle', text: endText(message.end) };
        live.say(progress.text);
        describe();
        break;
      case 'failed':
        progress = { kind: 'failed', text: `${message.problem.message}. ${message.problem.remedy}` };
        break;
      case 'choice':
        ({ choice } = message);
        live.say(t('{0} of SRAM: {1} points', bytesText(choice.figures.sramBytes), scoreText(choice.score)));
        describe();
        break;
      case 'applied':
        applied = true;
        live.say(t('Applied. Undo in the plan takes it back.'));
        break;
    }
    draw();
  }

  return { receive };
}
