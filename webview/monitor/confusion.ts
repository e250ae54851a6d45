/** What the selected run takes for what: the confusion matrix as a table, and the samples that it gets wrong. */

import { element, setText } from '../dom.ts';
import { figure, t } from '../text.ts';
import type { ExamplePicture, TestPicture, WrongExample } from './messages.ts';
import { accuracyText } from './words.ts';

/** A table with more cells than that is neither read nor drawn with pleasure. */
const mostClasses = 32;

export interface TestCards {
  readonly confusion: HTMLElement;
  readonly wrong: HTMLElement;
  show(test: TestPicture | undefined, runName: string): void;
}

interface Pair {
  readonly label: number;
  readonly prediction: number;
  readonly count: number;
}

export function testCards(): TestCards {
  const matrix = element('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': t('Confusion matrix') });
  const when = element('p', { class: 'muted when' });
  const examples = element('ul', { class: 'examples', tabindex: 0, 'aria-label': t('Wrong examples') });
  const found = element('p', { class: 'muted when' });
  const filter = element('select', { 'aria-label': t('Which mistakes to show') });
  let shown: TestPicture | 'nothing' | undefined = 'nothing';
  let chosen = '';

  const showExamples = (test: TestPicture): void => {
    const pairs = confusedPairs(test);
    const options = pairs.map(({ label, prediction, count }) => {
      const text = t('{0} taken for {1} ({2})', classOf(test, label), classOf(test, prediction), count);
      return element('option', { value: `${label} ${prediction}` }, text);
    });
    if (!pairs.some(({ label, prediction }) => `${label} ${prediction}` === chosen)) chosen = '';
    filter.replaceChildren(element('option', { value: '' }, t('all mistakes ({0})', test.wrongCount)), ...options);
    filter.value = chosen;
    const matching = test.wrong.filter(({ label, prediction }) => chosen === '' || `${label} ${prediction}` === chosen);
    examples.replaceChildren(...matching.map((example) => exampleItem(test, example)));
    const total =
      chosen === ''
        ? test.wrongCount
        : (pairs.find(({ label, prediction }) => `${label} ${prediction}` === chosen)?.count ?? 0);
    setText(found, total === 0 ? t('Every sample is recognised.') : t('{0} of {1} are shown.', matching.length, total));
  };
  filter.addEventListener('change', () => {
    chosen = filter.value;
    if (typeof shown === 'object') showExamples(shown);
  });
  const choose = (label: number, prediction: number): void => {
    chosen = `${label} ${prediction}`;
    if (typeof shown === 'object') showExamples(shown);
  };

  const title = (id: string, text: string) => element('h2', { class: 'section-title', id }, text);
  const wrong = element(
    'section',
    { class: 'card', 'aria-labelledby': 'wrong-title' },
    element('header', {}, title('wrong-title', t('Wrong examples')), filter),
    found,
    examples,
  );
  return {
    confusion: element(
      'section',
      { class: 'card', 'aria-labelledby': 'confusion-title' },
      element('header', {}, title('confusion-title', t('Confusion matrix')), when),
      matrix,
    ),
    wrong,
    show(test, runName) {
      if (test === shown) return;
      shown = test;
      filter.hidden = test === undefined;
      // Firmware tells of its mistakes only that there are some.
      wrong.hidden = test?.basis === 'seen';
      if (test === undefined) {
        setText(when, '');
        setText(found, t('No test yet.'));
        matrix.replaceChildren(element('p', { class: 'muted' }, t('No test yet.')));
        examples.replaceChildren();
        return;
      }
      setText(when, whenText(test, runName));
      matrix.replaceChildren(test.classes.length <= mostClasses ? matrixTable(test, choose) : classTable(test));
      showExamples(test);
    },
  };
}

function whenText({ epoch, basis }: TestPicture, runName: string): string {
  if (basis === 'seen') return t('{0}, samples as they came before test {1}', runName, epoch);
  return epoch === 0 ? t('{0}, before training', runName) : t('{0}, epoch {1}', runName, epoch);
}

function classOf({ classes }: TestPicture, index: number): string {
  return classes[index] ?? t('no class of the data');
}

function countAt({ confusion }: TestPicture, label: number, prediction: number): number {
  return confusion[label]?.[prediction] ?? 0;
}

function confusedPairs(test: TestPicture): readonly Pair[] {
  return test.confusion
    .flatMap((row, label) => row.map((count, prediction) => ({ label, prediction, count })))
    .filter(({ label, prediction, count }) => count > 0 && label !== prediction)
    .sort((a, b) => b.count - a.count);
}

function rowTotal(test: TestPicture, label: number): number {
  return (test.confusion[label] ?? []).reduce((sum, count) => sum + count, 0);
}

function shareText(right: number, total: number): string {
  return total === 0 ? '–' : accuracyText(right / total);
}

/** Rows are the true classes. The tint repeats what the number says: the share of its row. */
function matrixTable(test: TestPicture, choose: (label: number, prediction: number) => void): HTMLElement {
  const { classes, confusion } = test;
  const columns = Array.from({ length: confusion[0]?.length ?? 0 }, (_, prediction) => prediction);
  const cell = (label: number, prediction: number, total: number): HTMLElement => {
    const count = countAt(test, label, prediction);
    const made = element(
      'td',
      { class: label === prediction ? 'count right' : 'count' },
      count === 0 ? '·' : figure(count),
    );
    if (count === 0) made.classList.add('none');
    made.style.setProperty('--share', `${total === 0 ? 0 : Math.round((100 * count) / total)}%`);
    if (count > 0 && label !== prediction) {
      made.title = t('{0} taken for {1}', classOf(test, label), classOf(test, prediction));
      made.addEventListener('click', () => choose(label, prediction));
    }
    return made;
  };
  return element(
    'table',
    { class: 'matrix' },
    element('caption', { class: 'visually-hidden' }, t('Rows: true class. Columns: what it was taken for.')),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        element('td', { class: 'corner muted' }, t('is ↓ taken for →')),
        ...columns.map((column) => element('th', { scope: 'col' }, element('span', {}, classOf(test, column)))),
        element('th', { scope: 'col' }, t('Recognised')),
      ),
    ),
    element(
      'tbody',
      {},
      ...classes.map((name, label) => {
        const total = rowTotal(test, label);
        return element(
          'tr',
          {},
          element('th', { scope: 'row' }, name),
          ...columns.map((prediction) => cell(label, prediction, total)),
          element('td', { class: 'number' }, shareText(countAt(test, label, label), total)),
        );
      }),
    ),
  );
}

/** For many classes: one line for each, the worst first. */
function classTable(test: TestPicture): HTMLElement {
  const rows = test.classes
    .map((name, label) => {
      const total = rowTotal(test, label);
      const right = countAt(test, label, label);
      const others = confusedPairs(test).filter((pair) => pair.label === label);
      return { name, total, right, worst: others[0] };
    })
    .sort((a, b) => a.right / Math.max(1, a.total) - b.right / Math.max(1, b.total));
  const head = [t('Class'), t('Recognised'), t('Of'), t('Most often taken for')];
  return element(
    'table',
    { class: 'data-table' },
    element('thead', {}, element('tr', {}, ...head.map((text) => element('th', { scope: 'col' }, text)))),
    element(
      'tbody',
      {},
      ...rows.map(({ name, total, right, worst }) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, name),
          element('td', { class: 'number' }, shareText(right, total)),
          element('td', { class: 'number' }, figure(total)),
          element('td', {}, worst === undefined ? '' : `${classOf(test, worst.prediction)} (${worst.count})`),
        ),
      ),
    ),
  );
}

function exampleItem(test: TestPicture, { index, name, label, prediction, picture }: WrongExample): HTMLElement {
  const shownName = name === '' ? t('test sample {0}', index) : name;
  const caption = [
    element('span', { class: 'taken' }, t('taken for {0}', classOf(test, prediction))),
    element('span', { class: 'is muted' }, t('is {0}', classOf(test, label))),
  ];
  const description = t('{0}: {1} taken for {2}', shownName, classOf(test, label), classOf(test, prediction));
  const drawn =
    picture === undefined ? element('span', { class: 'name' }, shownName) : pictureCanvas(picture, description);
  return element('li', { title: shownName }, drawn, ...caption);
}

function pictureCanvas({ width, height, channels, pixels }: ExamplePicture, description: string): HTMLElement {
  const canvas = element('canvas', { width, height, role: 'img', 'aria-label': description });
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[4 * pixel + channel] = pixels[pixel * channels + (channels === 1 ? 0 : channel)] ?? 0;
    }
    image.data[4 * pixel + 3] = 255;
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}
