/** What fills the page while there is no model to show. */

import { element } from '../dom.ts';
import { kilobytesText, t } from '../text.ts';
import type { ModelStage, ToModelPage } from './messages.ts';
import { modelStages } from './messages.ts';

export function loadingState(name: string, fileBytes: number, stage: ModelStage, onCancel: () => void): HTMLElement {
  const words: Readonly<Record<ModelStage, string>> = {
    reading: t('Reading the file'),
    checking: t('Checking every table of the model'),
    layout: t('Arranging the graph'),
  };
  const cancel = element('vscode-button', { appearance: 'secondary' }, t('Cancel'));
  cancel.addEventListener('click', onCancel);
  const step = modelStages.indexOf(stage) + 1;
  return element(
    'main',
    { class: 'state' },
    element('progress', { max: modelStages.length + 1, value: step, 'aria-label': t('Loading') }),
    element('h1', {}, name === '' ? t('Opening the model') : `${name} (${kilobytesText(fileBytes)})`),
    element('p', { class: 'muted', role: 'status' }, `${words[stage]} …`),
    cancel,
  );
}

export function failedState(
  { title, problems, canRetry }: Extract<ToModelPage, { type: 'failed' }>,
  onRetry: () => void,
): HTMLElement {
  const retry = element('vscode-button', {}, t('Read Again'));
  retry.addEventListener('click', onRetry);
  return element(
    'main',
    { class: 'state' },
    element('h1', {}, title),
    ...(problems.length === 0
      ? []
      : [
          element(
            'ul',
            { class: 'problems' },
            ...problems.map(({ message, remedy }) =>
              element('li', {}, element('p', {}, message), element('p', { class: 'muted' }, remedy)),
            ),
          ),
        ]),
    canRetry ? retry : null,
  );
}

/** Over the graph, while the engine arranges it. */
export function arrangingState(onCancel: () => void): HTMLElement {
  const cancel = element('vscode-button', { appearance: 'secondary' }, t('Cancel'));
  cancel.addEventListener('click', onCancel);
  return element(
    'div',
    { class: 'arranging', hidden: true },
    element('p', { role: 'status' }, t('Arranging the graph')),
    cancel,
  );
}
