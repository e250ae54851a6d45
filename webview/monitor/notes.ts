/** What is to be said of the selected run, and in which settings the shown runs differ. */

import { button, element, setText } from '../dom.ts';
import { kilobytesText, t } from '../text.ts';
import type { FromMonitorPage, RunPicture, RunProblem } from './messages.ts';
import { bestAccuracy, differences, type Model, selectedRun, shownRuns } from './model.ts';
import { accuracyText } from './words.ts';

export interface Card {
  readonly element: HTMLElement;
  show(model: Model): void;
}

export function notesCard(send: (message: FromMonitorPage) => void): Card {
  const list = element('ul', { class: 'problems' });
  const title = element('h2', { class: 'section-title', id: 'notes-title' });
  const card = element('section', { class: 'card notes', 'aria-labelledby': 'notes-title' }, title, list);
  let shown = '';
  return {
    element: card,
    show(model) {
      const run = selectedRun(model);
      const notes = run === undefined ? [] : notesOf(run);
      card.hidden = notes.length === 0;
      const key = JSON.stringify([run?.id, run?.name, notes]);
      if (run === undefined || key === shown) return;
      shown = key;
      setText(title, t('About {0}', run.name));
      list.replaceChildren(...notes.map((note) => noteItem(run, note, send)));
    },
  };
}

function notesOf(run: RunPicture): readonly RunProblem[] {
  const own: RunProblem[] = [];
  if (run.divergedAt !== undefined) {
    own.push({
      severity: 'warning',
      code: 'diverged',
      message: t('The loss is not a number from step {0} on: training has diverged', run.divergedAt),
      remedy: t('lower the learning rate, or add a warm-up'),
    });
  }
  if (run.state === 'cancelled' && run.learnedBytes > 0) {
    own.push({
      severity: 'information',
      code: 'kept',
      message: t(
        'Stopped after {0} steps; what it has learned is kept ({1})',
        run.steps,
        kilobytesText(run.learnedBytes),
      ),
      remedy: t('continue it to train to the end'),
    });
  }
  return [...run.problems, ...own];
}

function noteItem(
  run: RunPicture,
  { severity, code, message, remedy, file, line }: RunProblem,
  send: (message: FromMonitorPage) => void,
): HTMLElement {
  const kind = { error: t('Error'), warning: t('Warning'), information: t('Note') }[severity];
  const place = line === undefined ? file : t('{0}, line {1}', file ?? run.plan, line);
  const where =
    place === undefined || run.plan === ''
      ? null
      : button(place, () => send({ type: 'openPlan', id: run.id, ...(line === undefined ? {} : { line }) }), {
          class: 'link',
        });
  return element(
    'li',
    { 'data-severity': severity },
    element('strong', {}, `${kind}: `),
    `${sentence(message)}. `,
    element('span', { class: 'remedy' }, `${sentence(remedy)}. `),
    where,
    where === null ? null : ' ',
    element('code', { class: 'muted' }, code),
  );
}

/** Diagnostics begin with a small letter: other places put a file in front of them. */
function sentence(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

export function differencesCard(): Card {
  const table = element('div', {
    class: 'scroll',
    tabindex: 0,
    role: 'group',
    'aria-label': t('Differences of the shown runs'),
  });
  const card = element(
    'section',
    { class: 'card', 'aria-labelledby': 'differences-title' },
    element('h2', { class: 'section-title', id: 'differences-title' }, t('Differences of the shown runs')),
    table,
  );
  let shown = '';
  return {
    element: card,
    show(model) {
      const runs = shownRuns(model);
      card.hidden = runs.length < 2;
      if (runs.length < 2) return;
      const rows = [
        ...differences(runs),
        { key: t('best test accuracy'), values: runs.map((run) => accuracyText(bestAccuracy(run))) },
      ];
      const key = JSON.stringify([runs.map(({ name }) => name), rows]);
      if (key === shown) return;
      shown = key;
      table.replaceChildren(
        element(
          'table',
          { class: 'data-table' },
          element(
            'thead',
            {},
            element(
              'tr',
              {},
              element('th', { scope: 'col' }, t('Setting')),
              ...runs.map(({ name }) => element('th', { scope: 'col' }, name)),
            ),
          ),
          element(
            'tbody',
            {},
            ...rows.map(({ key: setting, values }) =>
              element(
                'tr',
                {},
                element('th', { scope: 'row' }, setting),
                ...values.map((value) => element('td', {}, value ?? '–')),
              ),
            ),
          ),
        ),
      );
    },
  };
}
