/** A button that opens a list of actions: the toolkit has none. */

import { button, element, setAttributes } from './dom.ts';

export interface MenuItem {
  readonly title: string;
  run(): void;
}

let menus = 0;

export function menuButton(title: string, items: readonly MenuItem[]): HTMLElement {
  const id = `menu-${menus++}`;
  const list = element('div', { id, role: 'menu', class: 'menu', popover: 'auto', 'aria-label': title });
  const opener = button(title, () => (list.matches(':popover-open') ? list.hidePopover() : open()), {
    ...{ class: 'action has-menu', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-controls': id },
  });
  const entries = items.map(({ title: text, run }) =>
    button(
      text,
      () => {
        list.hidePopover();
        run();
      },
      { role: 'menuitem', class: 'menu-item', tabindex: -1 },
    ),
  );
  list.append(...entries);
  list.addEventListener('toggle', (event) => {
    setAttributes(opener, { 'aria-expanded': `${(event as ToggleEvent).newState === 'open'}` });
  });
  list.addEventListener('keydown', (event) => {
    const now = entries.findIndex((entry) => entry.matches(':focus'));
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: (now + 1) % entries.length,
      ArrowUp: (now - 1 + entries.length) % entries.length,
      Home: 0,
      End: entries.length - 1,
    };
    const target = targets[event.key];
    if (target !== undefined) entries[target]?.focus();
    else if (event.key === 'Tab') list.hidePopover();
    else return;
    event.preventDefault();
  });
  opener.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    open();
  });
  // At once, not on `toggle`: the next key may come before that.
  function open(): void {
    list.showPopover();
    const { left, right, bottom } = opener.getBoundingClientRect();
    const { offsetWidth: width } = list;
    list.style.left = `${Math.max(4, left + width > window.innerWidth ? right - width : left)}px`;
    list.style.top = `${bottom + 2}px`;
    entries[0]?.focus();
  }
  return element('span', { class: 'menu-holder' }, opener, list);
}
