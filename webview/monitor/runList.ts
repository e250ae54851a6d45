/** The list of runs: which are drawn, how they look, how far they are; and what can be done with the selected one. */

import { button, element, setAttributes, setText } from '../dom.ts';
import { t } from '../text.ts';
import type { Theme } from '../theme.ts';
import type { FromMonitorPage, RunPicture } from './messages.ts';
import { bestAccuracy, type Choices, type Model, selectedRun } from './model.ts';
import { drawSwatch, runStyle } from './runStyle.ts';
import { accuracyText, durationText, sourceText, stateLine } from './words.ts';

export interface RunList {
  readonly element: HTMLElement;
  show(model: Model, theme: Theme): void;
}

export interface RunListActions {
  send(message: FromMonitorPage): void;
  choose(choices: Partial<Choices>): void;
}

interface Row {
  readonly element: HTMLTableRowElement;
  show(run: RunPicture, model: Model, theme: Theme): void;
  rename(): void;
}

export function runList(actions: RunListActions): RunList {
  const body = element('tbody');
  const rows = new Map<number, Row>();
  const columns: readonly (readonly [text: string, kind?: 'number'])[] = [
    [t('Shown')],
    [t('Run')],
    [t('State')],
    [t('Best test'), 'number'],
    [t('Time'), 'number'],
    [t('Seed'), 'number'],
    [t('Plan')],
    [t('Source')],
  ];
  const head = columns.map(([text, kind]) => element('th', { scope: 'col', class: kind }, text));
  const toolbar = selectedToolbar(actions, (id) => rows.get(id)?.rename());
  const list = element(
    'section',
    { class: 'card runs', 'aria-labelledby': 'runs-title' },
    element('header', {}, element('h2', { class: 'section-title', id: 'runs-title' }, t('Runs')), toolbar.element),
    element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': t('Runs') },
      element('table', { class: 'data-table' }, element('thead', {}, element('tr', {}, ...head)), body),
    ),
  );
  return {
    element: list,
    show(model, theme) {
      const ids = new Set(model.runs.map(({ id }) => id));
      for (const [id, row] of rows) {
        if (ids.has(id)) continue;
        row.element.remove();
        rows.delete(id);
      }
      for (const run of model.runs) {
        let row = rows.get(run.id);
        if (row === undefined) {
          row = runRow(run.id, actions);
          rows.set(run.id, row);
        }
        row.show(run, model, theme);
      }
      // The newest first: it is what the user looks for. Moving a row would take the focus from it.
      const order = model.runs.toReversed().flatMap(({ id }) => rows.get(id)?.element ?? []);
      if (order.some((each, index) => body.children[index] !== each)) body.replaceChildren(...order);
      toolbar.show(selectedRun(model));
    },
  };
}

/** One toolbar instead of as many buttons in each row. Its buttons say which run they are about. */
function selectedToolbar(
  { send }: RunListActions,
  rename: (id: number) => void,
): { readonly element: HTMLElement; show(run: RunPicture | undefined): void } {
  let run: RunPicture | undefined;
  const made = (label: string, act: (id: number) => void, fits: (run: RunPicture) => boolean) => ({
    label,
    fits,
    button: button(label, () => run !== undefined && act(run.id), { class: 'action' }),
  });
  const isOver = ({ state }: RunPicture): boolean => state !== 'running' && state !== 'starting';
  const buttons = [
    made(
      t('Stop'),
      (id) => send({ type: 'cancel', id }),
      ({ canCancel }) => canCancel,
    ),
    made(
      t('Continue'),
      (id) => send({ type: 'continue', id }),
      ({ canContinue }) => canContinue,
    ),
    made(
      t('Run again'),
      (id) => send({ type: 'again', id, newSeed: false }),
      ({ canRunAgain }) => canRunAgain,
    ),
    made(
      t('Another seed'),
      (id) => send({ type: 'again', id, newSeed: true }),
      ({ canRunAgain }) => canRunAgain,
    ),
    made(t('Rename'), rename, () => true),
    made(t('Remove'), (id) => send({ type: 'remove', id }), isOver),
  ];
  return {
    element: element(
      'div',
      { class: 'toolbar', role: 'group', 'aria-label': t('Selected run') },
      ...buttons.map((each) => each.button),
    ),
    show(next) {
      run = next;
      for (const { label, fits, button: shown } of buttons) {
        shown.hidden = next === undefined || !fits(next);
        setAttributes(shown, { 'aria-label': `${label}: ${next?.name ?? ''}` });
      }
    },
  };
}

function runRow(id: number, { send, choose }: RunListActions): Row {
  let model: Model | undefined;
  let run: RunPicture | undefined;
  let swatchKey = '';
  const shown = element('input', { type: 'checkbox' });
  shown.addEventListener('change', () => {
    const hidden = (model?.choices.hidden ?? []).filter((each) => each !== id);
    choose({ hidden: shown.checked ? hidden : [...hidden, id] });
  });
  const swatch = element('canvas', { class: 'swatch', 'aria-hidden': 'true' });
  const name = button('', () => choose({ selected: id }), { class: 'link' });
  const input = element('input', { type: 'text', class: 'rename', maxlength: 100, 'aria-label': t('New name') });
  input.hidden = true;
  const plan = button('', () => send({ type: 'openPlan', id }), { class: 'link' });
  const cells = {
    state: element('td', { class: 'state-cell' }),
    best: element('td', { class: 'number' }),
    time: element('td', { class: 'number time-cell' }),
    seed: element('td', { class: 'number' }),
    plan: element('td', {}, plan),
    source: element('td'),
  };

  const edit = (open: boolean): void => {
    input.hidden = !open;
    name.hidden = open;
    if (!open) return;
    input.value = run?.name ?? '';
    input.focus();
    input.select();
  };
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    if (event.key === 'Enter' && input.value.trim() !== '') send({ type: 'rename', id, name: input.value.trim() });
    edit(false);
    name.focus();
  });
  input.addEventListener('blur', () => edit(false));
  name.addEventListener('keydown', ({ key }) => key === 'F2' && edit(true));

  const row = element(
    'tr',
    {},
    element('td', {}, element('label', { class: 'shown' }, shown, swatch)),
    element('th', { scope: 'row' }, name, input),
    ...Object.values(cells),
  );
  // With the mouse, all of the row selects; by keys the name does.
  row.addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('button, input, label') === null) choose({ selected: id });
  });
  return {
    element: row,
    rename: () => edit(true),
    show(next, nextModel, theme) {
      run = next;
      model = nextModel;
      const selected = model.choices.selected === id;
      row.classList.toggle('selected', selected);
      setAttributes(name, { 'aria-current': selected ? 'true' : undefined });
      shown.checked = !model.choices.hidden.includes(id);
      setAttributes(shown, { 'aria-label': t('Show {0} in the charts', run.name) });
      setText(name, run.name);
      setText(cells.source, sourceText(run.source));
      setText(plan, run.plan.replace(/^.*[\\/]/, ''));
      plan.title = run.planHash === '' ? run.plan : `${run.plan} (${run.planHash})`;
      setText(cells.seed, run.seed === undefined ? '' : String(run.seed));
      setText(cells.state, stateLine(run));
      setText(cells.best, accuracyText(bestAccuracy(run)));
      const left = run.remaining === undefined ? '' : ` (${t('{0} left', durationText(run.remaining))})`;
      setText(cells.time, durationText(run.elapsed) + left);
      const style = runStyle(run, theme);
      const key = `${style.colour} ${window.devicePixelRatio}`;
      if (key !== swatchKey) drawSwatch(swatch, style);
      swatchKey = key;
    },
  };
}
