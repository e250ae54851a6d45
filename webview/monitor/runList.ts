/** The list of runs: which are drawn, how they look, how they ended, and what can be done with each. */

import { button, element, setAttributes, setText } from '../dom.ts';
import { t } from '../text.ts';
import type { Theme } from '../theme.ts';
import type { FromMonitorPage, RunPicture } from './messages.ts';
import { bestAccuracy, type Choices, type Model } from './model.ts';
import { drawSwatch, runStyle } from './runStyle.ts';
import { accuracyText, durationText, progressText, sourceText, stateText } from './words.ts';

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
}

export function runList(actions: RunListActions): RunList {
  const body = element('tbody');
  const rows = new Map<number, Row>();
  const heads = [
    t('Shown'),
    t('Run'),
    t('Source'),
    t('Plan'),
    t('Seed'),
    t('State'),
    t('Best test'),
    t('Rate'),
    t('Time'),
    t('Actions'),
  ];
  const numbers = [4, 6, 7, 8];
  const head = element(
    'tr',
    {},
    ...heads.map((text, column) => element('th', { scope: 'col', class: numberClass(numbers.includes(column)) }, text)),
  );
  const list = element(
    'section',
    { class: 'card runs', 'aria-labelledby': 'runs-title' },
    element('h2', { class: 'section-title', id: 'runs-title' }, t('Runs')),
    element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': t('Runs') },
      element('table', { class: 'data-table' }, element('thead', {}, head), body),
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
          // The newest first: it is what the user looks for.
          body.prepend(row.element);
        }
        row.show(run, model, theme);
      }
    },
  };
}

function numberClass(isNumber: boolean): string | undefined {
  return isNumber ? 'number' : undefined;
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
    source: element('td'),
    plan: element('td', {}, plan),
    seed: element('td', { class: 'number' }),
    state: element('td', { class: 'state-cell' }),
    best: element('td', { class: 'number' }),
    rate: element('td', { class: 'number' }),
    time: element('td', { class: 'number' }),
  };
  const stop = button(t('Stop'), () => send({ type: 'cancel', id }), { class: 'action' });
  const goOn = button(t('Continue'), () => send({ type: 'continue', id }), { class: 'action' });
  const again = button(t('Run again'), () => send({ type: 'again', id, newSeed: false }), { class: 'action' });
  const seed = button(t('Another seed'), () => send({ type: 'again', id, newSeed: true }), { class: 'action' });
  const rename = button(t('Rename'), () => edit(true), { class: 'action' });
  const remove = button(t('Remove'), () => send({ type: 'remove', id }), { class: 'action' });

  const edit = (open: boolean): void => {
    input.hidden = !open;
    name.hidden = open;
    if (!open) return;
    input.value = run?.name ?? '';
    input.focus();
    input.select();
  };
  const close = (): void => {
    if (input.hidden) return;
    edit(false);
    name.focus();
  };
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && input.value.trim() !== '') send({ type: 'rename', id, name: input.value.trim() });
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    event.stopPropagation();
    close();
  });
  input.addEventListener('blur', () => edit(false));
  name.addEventListener('keydown', ({ key }) => key === 'F2' && edit(true));

  const row = element(
    'tr',
    {},
    element('td', {}, element('label', { class: 'shown' }, shown, swatch)),
    element('th', { scope: 'row' }, name, input),
    ...Object.values(cells),
    element('td', { class: 'row-actions' }, stop, goOn, again, seed, rename, remove),
  );
  const label = (target: Element, text: string): void => setAttributes(target, { 'aria-label': text });
  return {
    element: row,
    show(next, nextModel, theme) {
      run = next;
      model = nextModel;
      const selected = model.choices.selected === id;
      row.classList.toggle('selected', selected);
      setAttributes(name, { 'aria-current': selected ? 'true' : undefined });
      shown.checked = !model.choices.hidden.includes(id);
      label(shown, t('Show {0} in the charts', run.name));
      setText(name, run.name);
      setText(cells.source, sourceText(run.source));
      setText(plan, run.plan.replace(/^.*[\\/]/, ''));
      plan.title = run.planHash === '' ? run.plan : `${run.plan} (${run.planHash})`;
      setText(cells.seed, run.seed === undefined ? '' : String(run.seed));
      setText(cells.state, [stateText(run.state), progressText(run)].filter((text) => text !== '').join(': '));
      setAttributes(cells.state, { 'data-state': run.state });
      setText(cells.best, accuracyText(bestAccuracy(run)));
      setText(cells.rate, run.stepsPerSecond === undefined ? '' : t('{0} steps/s', run.stepsPerSecond.toFixed(0)));
      const left = run.remaining === undefined ? '' : ` (${t('{0} left', durationText(run.remaining))})`;
      setText(cells.time, durationText(run.elapsed) + left);
      stop.hidden = !run.canCancel;
      goOn.hidden = !run.canContinue;
      again.hidden = !run.canRunAgain;
      seed.hidden = !run.canRunAgain;
      remove.hidden = run.state === 'running' || run.state === 'starting';
      label(stop, t('Stop {0}', run.name));
      label(goOn, t('Continue {0}', run.name));
      label(again, t('Run {0} again', run.name));
      label(seed, t('Run {0} again with another seed', run.name));
      label(rename, t('Rename {0}', run.name));
      label(remove, t('Remove {0}', run.name));
      const style = runStyle(run, theme);
      const key = `${style.colour} ${window.devicePixelRatio}`;
      if (key !== swatchKey) drawSwatch(swatch, style);
      swatchKey = key;
    },
  };
}
