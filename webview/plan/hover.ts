/** The hover over a chart: what the pointer is at, in words and figures. */

import { element } from '../dom.ts';

export interface Hover {
  readonly element: HTMLElement;
  show(content: Node, at: { readonly clientX: number; readonly clientY: number }): void;
  hide(): void;
}

/** Apart from the pointer and from the window's edge, in pixels. */
const gap = 14;

export function createHover(): Hover {
  const widget = element('div', { class: 'hover', role: 'tooltip', hidden: true });
  return {
    element: widget,
    show(content, { clientX, clientY }) {
      widget.replaceChildren(content);
      widget.hidden = false;
      const { offsetWidth: width, offsetHeight: height } = widget;
      const right = clientX + gap + width <= window.innerWidth;
      const below = clientY + gap + height <= window.innerHeight;
      widget.style.left = `${right ? clientX + gap : Math.max(0, clientX - gap - width)}px`;
      widget.style.top = `${below ? clientY + gap : Math.max(0, clientY - gap - height)}px`;
    },
    hide() {
      widget.hidden = true;
    },
  };
}

/** Rows of a title and a figure. */
export function hoverRows(rows: readonly (readonly [string, string, HTMLElement?])[]): HTMLElement {
  const cells = rows.flatMap(([title, value, mark]) => [
    element('span', { class: 'hover-title' }, mark, title),
    element('span', { class: 'hover-value' }, value),
  ]);
  return element('div', { class: 'hover-rows' }, ...cells);
}
