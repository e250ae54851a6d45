/** The training monitor's page. */

import './monitor.css';
import { array, integer, nullable, number, object, picklist, pipe } from 'valibot';
import { element, liveRegion, setText } from '../dom.ts';
import { connectHost } from '../host.ts';
import { t, useTexts } from '../text.ts';
import { onThemeChange, readTheme } from '../theme.ts';
import { registerUi } from '../ui.ts';
import { chartCard } from './chart.ts';
import { testCards } from './confusion.ts';
import { epochContent, lossContent } from './curves.ts';
import { type FromMonitorPage, type ToMonitorPage, toMonitorPage } from './messages.ts';
import {
  type Choices,
  emptyModel,
  epochMetrics,
  firstChoices,
  type Model,
  received,
  selectedRun,
  shownRuns,
  smoothings,
} from './model.ts';
import { differencesCard, notesCard } from './notes.ts';
import { runList } from './runList.ts';
import { summaryText } from './words.ts';

const savedChoices = object({
  hidden: array(pipe(number(), integer())),
  selected: nullable(pipe(number(), integer())),
  smoothing: picklist(smoothings),
  metric: picklist(epochMetrics),
});

registerUi();
const host = connectHost<ToMonitorPage, FromMonitorPage>(toMonitorPage, receive);
let model: Model = emptyModel(host.restore(savedChoices) ?? firstChoices);
let theme = readTheme();
let view: View | undefined;
let scheduled = false;

interface View {
  show(model: Model): void;
}

function receive(message: ToMonitorPage): void {
  model = received(model, message);
  if (message.type === 'settings') {
    useTexts(message.texts);
    // Texts are everywhere: the page is made when they are known, and made anew when they change.
    view = makeView();
  }
  if (message.type === 'runs' || message.type === 'reveal') host.save(model.choices);
  schedule();
}

function choose(choices: Partial<Choices>): void {
  model = { ...model, choices: { ...model.choices, ...choices } };
  host.save(model.choices);
  schedule();
}

/** Many messages may come for one frame. */
function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    view?.show(model);
  });
}

onThemeChange((next) => {
  theme = next;
  schedule();
});

function toolkitButton(label: string, onClick: () => void, appearance: 'primary' | 'secondary'): HTMLElement {
  const made = element('vscode-button', { appearance }, label);
  made.addEventListener('click', onClick);
  return made;
}

function choice<Value extends string | number>(
  label: string,
  options: readonly (readonly [Value, string])[],
  current: Value,
  onChange: (value: Value) => void,
): HTMLElement {
  const select = element(
    'select',
    { 'aria-label': label },
    ...options.map(([value, text]) => element('option', { value, selected: value === current }, text)),
  );
  select.addEventListener('change', () => {
    const option = options[select.selectedIndex];
    if (option !== undefined) onChange(option[0]);
  });
  return select;
}

function makeView(): View {
  const live = liveRegion();
  const send = (message: FromMonitorPage): void => host.send(message);
  const simulate = () => toolkitButton(t('Simulate Training'), () => send({ type: 'simulate' }), 'primary');
  const watch = () => toolkitButton(t('Watch a Board'), () => send({ type: 'watchBoard' }), 'secondary');
  const exportCsv = toolkitButton(
    t('Export CSV'),
    () => send({ type: 'exportCsv', ids: shownRuns(model).map(({ id }) => id) }),
    'secondary',
  );
  const watchTop = watch();
  const buttons = element('div', { class: 'buttons' }, simulate(), watchTop, exportCsv);
  const watchEmpty = watch();
  const noProcesses = element('p', { class: 'muted' });
  const empty = element(
    'div',
    { class: 'state' },
    element('p', {}, t('No run yet. Simulate the training of a plan on its data, or watch a board that trains.')),
    element('div', { class: 'buttons' }, simulate(), watchEmpty),
    noProcesses,
  );
  const list = runList({ send, choose });
  const notes = notesCard(send);
  const differing = differencesCard();
  const smoothing = choice(
    t('Smoothing of the loss'),
    smoothings.map((steps) => [steps, steps === 0 ? t('as reported') : t('mean of about {0} steps', steps)] as const),
    model.choices.smoothing,
    (value) => choose({ smoothing: value }),
  );
  const metric = choice(
    t('What to draw for each epoch'),
    [
      ['accuracy', t('test ● and training ○ accuracy')],
      ['loss', t('mean loss')],
    ],
    model.choices.metric,
    (value) => choose({ metric: value }),
  );
  const loss = chartCard('loss', t('Loss per step'), smoothing);
  const epochs = chartCard('epochs', t('Epochs'), metric);
  const tests = testCards();
  const grid = element('div', { class: 'cards' }, loss.element, epochs.element, tests.confusion, tests.wrong);
  const full = element('div', { class: 'full' }, list.element, notes.element, grid, differing.element);
  const root = document.getElementById('root');
  root?.replaceChildren(
    element(
      'main',
      {},
      element('header', { class: 'top' }, element('h1', {}, t('Training Monitor')), buttons),
      live.element,
      empty,
      full,
    ),
  );
  return {
    show(shown) {
      const some = shown.runs.length > 0;
      empty.hidden = some || !shown.loaded;
      full.hidden = !some;
      buttons.hidden = !some;
      watchTop.hidden = shown.noProcesses !== null;
      watchEmpty.hidden = shown.noProcesses !== null;
      setText(noProcesses, shown.noProcesses ?? '');
      if (!some) return;
      // Axes without a line say nothing.
      grid.hidden = shown.runs.every(({ steps, results }) => steps === 0 && results.length === 0);
      list.show(shown, theme);
      notes.show(shown);
      differing.show(shown);
      loss.show(lossContent(shown, theme), theme);
      epochs.show(epochContent(shown, theme), theme);
      const run = selectedRun(shown);
      tests.show(run === undefined ? undefined : shown.tests.get(run.id), run?.name ?? '');
      if (run !== undefined) live.say(summaryText(run));
    },
  };
}
