/** The header: what the plan takes of what there is, and what can be done with it. */

import { button, element, setAttributes, setText } from '../dom.ts';
import { menuButton } from '../menu.ts';
import {
  bytesText,
  countText,
  differenceText,
  durationText,
  figure,
  kilobytesText,
  percentText,
  shareText,
  t,
} from '../text.ts';
import { type CodeTile, createCodeTile } from './codeTile.ts';
import {
  exportFormats,
  type FromPlanPage,
  type GhostPicture,
  type PassFigures,
  type PictureDiagnostic,
  type PlanPicture,
} from './messages.ts';

type Command = Extract<FromPlanPage, { type: 'run' }>['command'];
type Compare = Extract<FromPlanPage, { type: 'compare' }>['kind'];
type Format = (typeof exportFormats)[number];

export interface HeaderEvents {
  onRun(command: Command): void;
  onCompare(kind: Compare): void;
  onExport(format: Format): void;
  onUndo(): void;
  onRedo(): void;
  onOpenText(line?: number): void;
  onOpenModel(): void;
}

export interface HeaderState {
  readonly picture: PlanPicture;
  readonly ghost: GhostPicture | null;
  readonly compare: Compare;
  readonly diagnostics: readonly PictureDiagnostic[];
  readonly canRunTasks: boolean;
  readonly cannotRunReason: string | undefined;
  readonly canEdit: boolean;
}

export interface Header {
  readonly element: HTMLElement;
  /** Follows messages of its own. */
  readonly code: CodeTile;
  update(state: HeaderState): void;
}

export function createHeader(events: HeaderEvents): Header {
  const name = element('h1', { class: 'plan-name' });
  const model = button('', events.onOpenModel, { class: 'link' });
  const target = element('span', { class: 'muted' });
  const commands: readonly (readonly [Command, string])[] = [
    ['simulate', t('Simulate')],
    ['generate', t('Generate C')],
    ['build', t('Build')],
    ['emulate', t('Run on emulator')],
    ['fit', t('Fit to budget')],
  ];
  const runs = commands.map(([command, title]) => {
    const made = element('vscode-button', { appearance: command === 'simulate' ? 'primary' : 'secondary' }, title);
    made.addEventListener('click', () => {
      if (made.getAttribute('aria-disabled') !== 'true') events.onRun(command);
    });
    return made;
  });
  const comparisons: readonly (readonly [string, string])[] = [
    ['', t('nothing')],
    ['previous', t('the previous plan')],
    ['full-update', t('full update')],
    ['inference', t('inference only')],
    ['plan', t('another plan…')],
  ];
  const compare = element(
    'vscode-dropdown',
    { 'aria-label': t('Compare with'), id: 'compare' },
    ...comparisons.map(([value, title]) => element('vscode-option', { value }, title)),
  );
  compare.addEventListener('change', () => {
    const kind = comparisons.find(([value]) => value === (compare as HTMLElement & { value: string }).value)?.[0];
    events.onCompare(kind === undefined || kind === '' ? null : (kind as Compare));
  });
  const titles: Readonly<Record<Format, string>> = {
    png: t('Timeline as PNG'),
    svg: t('Timeline as SVG'),
    csv: t('Timeline as CSV'),
    tracealloc: t('Arena as tracealloc.json'),
  };
  const exports = menuButton(
    t('Export'),
    exportFormats.map((format) => ({ title: titles[format], run: () => events.onExport(format) })),
  );
  const undo = button(t('Undo'), events.onUndo, { class: 'action' });
  const redo = button(t('Redo'), events.onRedo, { class: 'action' });
  const reason = element('p', { class: 'muted reason-line', hidden: true });

  const sram = figureTile(t('Peak SRAM'), true);
  const flash = figureTile(t('Flash'), true);
  const arena = figureTile(t('Arena'));
  const step = figureTile(t('Training step'));
  const state = figureTile(t('Problems'));
  const code = createCodeTile(() => events.onRun('generate'));
  const problems = button('', () => setProblemsShown(problemList.hidden !== false), {
    class: 'link',
    'aria-expanded': 'false',
  });
  const problemList = element('ul', { class: 'problems', hidden: true });
  state.value.append(problems);
  const setProblemsShown = (shown: boolean): void => {
    problemList.hidden = !shown;
    setAttributes(problems, { 'aria-expanded': `${shown}` });
  };

  const root = element(
    'header',
    { class: 'plan-header' },
    element(
      'div',
      { class: 'title-row' },
      element('div', { class: 'title' }, name, element('span', { class: 'subtitle' }, model, target)),
      element(
        'div',
        { class: 'toolbar', role: 'toolbar', 'aria-label': t('Plan') },
        ...runs,
        element('span', { class: 'tool-group' }, undo, redo, exports),
        element('span', { class: 'compare' }, element('span', { class: 'muted' }, t('Compare with')), compare),
      ),
    ),
    reason,
    element('dl', { class: 'figures' }, ...[sram, flash, arena, step, code, state].map((tile) => tile.element)),
    problemList,
  );

  return {
    element: root,
    code,
    update({ picture, ghost, compare: kind, diagnostics, canRunTasks, cannotRunReason, canEdit }) {
      const { totals, budgetBytes } = picture;
      setText(name, picture.name);
      setText(model, picture.model);
      setText(target, t('on {0}', picture.target.name));
      for (const [index, [command]] of commands.entries()) {
        const run = runs[index];
        // A search is no task.
        const canRun = canRunTasks || command === 'fit';
        if (run === undefined) continue;
        setAttributes(run, {
          'aria-disabled': canRun ? undefined : 'true',
          title: canRun ? undefined : cannotRunReason,
        });
      }
      reason.hidden = canRunTasks || cannotRunReason === undefined;
      setText(reason, cannotRunReason ?? '');
      undo.disabled = !canEdit;
      redo.disabled = !canEdit;
      setAttributes(compare, { 'current-value': kind ?? '' });

      const over = totals.sramBytes > budgetBytes;
      sram.set(bytesText(totals.sramBytes), {
        note: over
          ? t('{0} more than the budget of {1}', bytesText(totals.sramBytes - budgetBytes), kilobytesText(budgetBytes))
          : t('{0} of the budget of {1}', percentText(totals.sramBytes / budgetBytes), kilobytesText(budgetBytes)),
        share: totals.sramBytes / budgetBytes,
        ...(ghost === null
          ? {}
          : {
              difference: totals.sramBytes - ghost.totals.sramBytes,
              to: ghost.title,
              ghostShare: ghost.totals.sramBytes / budgetBytes,
            }),
      });
      const { flashBytes } = picture.target;
      flash.set(bytesText(totals.flashBytes), {
        note: t('{0} of {1}', percentText(totals.flashBytes / flashBytes), kilobytesText(flashBytes)),
        share: totals.flashBytes / flashBytes,
      });
      arena.set(bytesText(totals.arenaBytes), {
        note: totals.provenOptimal
          ? t('proven the least possible')
          : t('no packing takes less than {0}', bytesText(totals.lowerBoundBytes)),
      });
      showStep(step, picture, ghost);
      const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
      setText(problems, problemsText(errors, diagnostics.length - errors));
      setAttributes(problems, { 'data-severity': errors > 0 ? 'error' : diagnostics.length > 0 ? 'warning' : 'none' });
      problems.disabled = diagnostics.length === 0;
      if (diagnostics.length === 0) setProblemsShown(false);
      problemList.replaceChildren(...diagnostics.map((each) => problemRow(each, events.onOpenText)));
    },
  };
}

/**
 * How long a training step takes: milliseconds where the clock is known, else instructions, else what is multiplied. Instructions
 * count one cycle each: what a core really needs depends on caches and wait states.
 */
function showStep({ set, element }: Tile, { totals, target }: PlanPicture, ghost: GhostPicture | null): void {
  const { macs, estimatedInstructions: instructions } = totals;
  const macsText = t('{0} MACs', countText(totalOf(macs)));
  const explained = [t('MACs: {0}', passesText(macs))];
  if (instructions === undefined) set(macsText, { note: passesText(macs) });
  else {
    const { clockHz } = target;
    const total = totalOf(instructions);
    const before = ghost?.totals.estimatedInstructions;
    const instructionsText = t('{0} instructions', countText(total));
    const atClock = t('{0} at {1} MHz', instructionsText, figure((clockHz ?? 0) / 1e6));
    set(`≈ ${clockHz === undefined ? instructionsText : durationText(total / clockHz)}`, {
      note: `${clockHz === undefined ? t('on {0}', target.core) : atClock}, ${macsText}`,
      ...(ghost === null || before === undefined
        ? {}
        : { difference: total - totalOf(before), inWords: shareText(total / totalOf(before) - 1), to: ghost.title }),
    });
    explained.push(t('Instructions, estimated: {0}', passesText(instructions)));
    if (clockHz !== undefined) explained.push(t('Time at one instruction per cycle.'));
  }
  setAttributes(element, { title: explained.join('\n') });
}

function passesText({ forward, backward, update }: PassFigures): string {
  return t('forward {0}, backward {1}, update {2}', countText(forward), countText(backward), countText(update));
}

function totalOf({ forward, backward, update }: PassFigures): number {
  return forward + backward + update;
}

export function problemsText(errors: number, others: number): string {
  if (errors + others === 0) return t('none');
  const parts = [
    ...(errors === 0 ? [] : [errors === 1 ? t('1 error') : t('{0} errors', errors)]),
    ...(others === 0 ? [] : [others === 1 ? t('1 warning') : t('{0} warnings', others)]),
  ];
  return parts.join(', ');
}

/** A click opens the text at its place. */
export function problemRow(
  { severity, message, remedy, line, column }: PictureDiagnostic,
  onOpenText: (line: number) => void,
): HTMLElement {
  const titles = { error: t('Error'), warning: t('Warning'), info: t('Note') };
  return element(
    'li',
    { class: `problem ${severity}` },
    element('span', { class: 'severity' }, titles[severity]),
    element(
      'span',
      {},
      button(message, () => onOpenText(line), { class: 'link' }),
      element('span', { class: 'muted figure' }, ` ${t('line {0}, column {1}', line, column)}`),
      remedy === undefined ? null : element('span', { class: 'remedy muted' }, remedy),
    ),
  );
}

interface TileContent {
  readonly note?: string;
  /** Of what there is; 1 is all. */
  readonly share?: number;
  readonly ghostShare?: number;
  readonly difference?: number;
  /** The difference; else it is in bytes. */
  readonly inWords?: string;
  readonly to?: string;
}

interface Tile {
  readonly element: HTMLElement;
  readonly value: HTMLElement;
  set(value: string, content: TileContent): void;
}

function figureTile(title: string, metered = false): Tile {
  const value = element('dd', { class: 'tile-value figure' });
  const text = element('span');
  const change = element('span', { class: 'difference', hidden: true });
  if (title !== t('Problems')) value.append(text, change);
  const bar = element('span', { class: 'meter-bar' });
  const ghost = element('span', { class: 'meter-ghost', hidden: true });
  const meter = element(
    'div',
    { class: 'meter', role: 'meter', 'aria-label': title, 'aria-valuemin': 0, 'aria-valuemax': 100 },
    bar,
    ghost,
  );
  const note = element('dd', { class: 'tile-note muted figure' });
  const root = element(
    'div',
    { class: 'tile' },
    element('dt', { class: 'tile-title' }, title),
    value,
    metered ? element('dd', { class: 'tile-meter' }, meter) : null,
    note,
  );
  return {
    element: root,
    value,
    set(shown, { note: words = '', share = 0, ghostShare, difference, inWords, to }) {
      setText(text, shown);
      change.hidden = difference === undefined || difference === 0;
      setText(change, inWords ?? (difference === undefined ? '' : `${differenceText(difference)} B`));
      change.dataset.sign = (difference ?? 0) > 0 ? 'more' : 'less';
      change.title = to === undefined ? '' : t('compared with {0}', to);
      setText(note, words);
      root.classList.toggle('over', share > 1);
      bar.style.width = `${Math.min(100, 100 * share)}%`;
      ghost.hidden = ghostShare === undefined || ghostShare > 1;
      ghost.style.left = `${100 * (ghostShare ?? 0)}%`;
      setAttributes(meter, { 'aria-valuenow': Math.min(100, Math.round(100 * share)), 'aria-valuetext': words });
    },
  };
}
