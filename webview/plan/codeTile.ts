/** Whether the generated code is that of the plan, where it is, and the way to make it so. */

import { button, element, setAttributes, setText } from '../dom.ts';
import { t } from '../text.ts';
import type { CodeState } from './messages.ts';

export interface CodeTileState {
  /** Null: nothing is known, and nothing is shown. */
  readonly code: CodeState | null;
  readonly canRunTasks: boolean;
}

export interface CodeTile {
  readonly element: HTMLElement;
  update(state: CodeTileState): void;
}

export function createCodeTile(onGenerate: () => void): CodeTile {
  const text = element('span');
  const generate = button(t('Generate'), onGenerate, { class: 'link' });
  const place = element('span', { class: 'code-place muted' });
  const root = element(
    'div',
    { class: 'tile code-tile', hidden: true },
    element('dt', { class: 'tile-title' }, t('Generated code')),
    element('dd', { class: 'tile-value' }, text),
    element('dd', { class: 'tile-note' }, place, generate),
  );
  return {
    element: root,
    update({ code, canRunTasks }) {
      root.hidden = code === null;
      if (code === null) return;
      setText(text, codeText(code));
      setAttributes(text, { 'data-severity': code.state === 'outdated' ? 'warning' : undefined });
      generate.hidden = !canRunTasks || (code.state !== 'missing' && code.state !== 'outdated');
      const folders = code.folders.join(', ');
      setText(place, folders === '' ? '' : t('in {0}', folders));
      setAttributes(place, { title: folders === '' ? undefined : folders });
    },
  };
}

export function codeText({ state }: CodeState): string {
  switch (state) {
    case 'looking':
      return '…';
    case 'missing':
      return t('not generated');
    case 'current':
      return t('up to date');
    case 'outdated':
      return t('older than the plan');
  }
}
