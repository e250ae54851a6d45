/** The plan view: holds what was sent, what was chosen, and keeps the parts in step with both. */

import { afterPaint, button, element, liveRegion, setText } from '../dom.ts';
import type { Host } from '../host.ts';
import { bytesText, figure, t } from '../text.ts';
import { createArenaMap } from './arena.ts';
import { codeText } from './codeTile.ts';
import { exportContent } from './exporting.ts';
import { ghostOf } from './ghost.ts';
import { createHeader, problemRow } from './header.ts';
import { createLayers } from './layers.ts';
import type {
  CodeState,
  FromPlanPage,
  GhostPicture,
  LayerSwitch,
  PictureDiagnostic,
  PlanPicture,
  ToPlanPage,
} from './messages.ts';
import { createPeakTable } from './peak.ts';
import { PendingSwitches, patienceMilliseconds } from './pending.ts';
import { PriceBook } from './prices.ts';
import { freshState, type SavedState, savedState } from './saved.ts';
import { createTimeline } from './timeline.ts';
import { type Range, wholeRange } from './timelineData.ts';

type Settings = Extract<ToPlanPage, { type: 'settings' }>;

export interface PlanPage {
  receive(message: ToPlanPage): void;
}

export function createPlanPage(root: HTMLElement, host: Host<FromPlanPage>): PlanPage {
  let saved: SavedState = host.restore(savedState) ?? freshState;
  let settings: Settings = { type: 'settings', canRunTasks: false, canEdit: true };
  let version = -1;
  let picture: PlanPicture | undefined;
  let previous: GhostPicture | null = null;
  let other: GhostPicture | null = null;
  let diagnostics: readonly PictureDiagnostic[] = [];
  let code: CodeState | null = null;
  const pending = new PendingSwitches();
  const prices = new PriceBook();

  const remember = (change: Partial<SavedState>): void => {
    saved = { ...saved, ...change };
    host.save(saved);
  };
  const ghost = (): GhostPicture | null => {
    if (saved.compare === 'previous') return previous;
    return other?.kind === saved.compare ? other : null;
  };

  const header = createHeader({
    onRun: (command) => host.send({ type: 'run', command }),
    onCompare(kind) {
      remember({ compare: kind });
      other = null;
      host.send({ type: 'compare', kind: kind === 'previous' ? null : kind });
      drawAll();
    },
    onExport: (format) => void sendExport(format),
    onUndo: () => host.send({ type: 'undo' }),
    onRedo: () => host.send({ type: 'redo' }),
    onOpenText: (line) => host.send({ type: 'openText', ...(line === undefined ? {} : { line }) }),
    onOpenModel: () => host.send({ type: 'openModel' }),
  });
  const selectStep = (step: number | null): void => {
    remember({ step });
    const layer = picture?.steps[step ?? picture.peak.step]?.layer;
    if (step !== null && layer !== undefined) host.send({ type: 'select', layer });
    drawTimeline();
    drawPeak();
  };
  const timeline = createTimeline({
    onStep: selectStep,
    onRange: (stepRange) => setRanges({ stepRange }),
    onTable(timelineTable) {
      remember({ timelineTable });
      drawTimeline();
    },
  });
  const arena = createArenaMap({
    onStepRange: (stepRange) => setRanges({ stepRange }),
    onAddressRange: (addressRange) => setRanges({ addressRange }),
    onBuffer: ({ layer }) => revealLayer(layer),
    onTable(arenaTable) {
      remember({ arenaTable });
      drawArena();
    },
  });
  const peak = createPeakTable({
    onChange: (layer, change) => toggle([layer], change),
    onLayer: (layer) => revealLayer(layer),
    onPeak: () => selectStep(null),
  });
  const layers = createLayers({
    onSwitch: toggle,
    onLayer: (layer) => host.send({ type: 'select', layer }),
    onFilter: (filter) => remember({ filter }),
    onChosen: (chosen) => remember({ chosen: [...chosen] }),
  });
  // A file that was chosen is not known any more.
  if (saved.compare === 'plan') saved = { ...saved, compare: 'previous' };
  if (saved.compare !== null && saved.compare !== 'previous') host.send({ type: 'compare', kind: saved.compare });
  layers.setFilter(saved.filter);
  layers.setChosen(saved.chosen);

  const live = liveRegion();
  const banner = element('div', { class: 'banner', role: 'alert', hidden: true });
  const charts = element('div', { class: 'charts' }, timeline.element, arena.element);
  const lists = element('div', { class: 'lists' }, layers.element, peak.element);
  const body = element('main', { class: 'plan-body' }, charts, lists);
  const view = element('div', { class: 'plan', hidden: true }, header.element, banner, body);
  const stateText = element('p');
  const stateList = element('ul', { class: 'problems' });
  const ring = element('vscode-progress-ring', { 'aria-label': t('Loading') });
  const openText = button(t('Open the text'), () => host.send({ type: 'openText' }), { class: 'link' });
  const stateView = element('main', { class: 'state' }, ring, stateText, stateList, openText);
  root.append(view, stateView, live.element);
  showState('loading', t('Compiling the plan…'));

  function showState(kind: 'loading' | 'error' | 'empty', text: string): void {
    view.hidden = true;
    stateView.hidden = false;
    stateView.dataset.kind = kind;
    ring.hidden = kind !== 'loading';
    openText.hidden = kind === 'loading';
    setText(stateText, text);
    stateList.replaceChildren(
      ...diagnostics.map((each) => problemRow(each, (line) => host.send({ type: 'openText', line }))),
    );
    stateList.hidden = kind !== 'error';
  }

  function toggle(names: readonly string[], change: LayerSwitch): void {
    if (!settings.canEdit || names.length === 0) return;
    // On its way before anything is drawn here: the window that passes it on shares our thread in some editors.
    host.send({ type: 'toggle', toggles: names.map((layer) => ({ layer, change })) });
    for (const layer of names) pending.press(layer, change, performance.now());
    drawLayers();
    settleLater();
  }

  function settlePending(): void {
    if (picture !== undefined && pending.settle(picture.layers, performance.now())) settleLater();
  }
  /** An edit may come to nothing: then no picture follows. */
  function settleLater(): void {
    setTimeout(() => {
      settlePending();
      drawLayers();
    }, patienceMilliseconds);
  }

  function revealLayer(layer: string): void {
    layers.reveal([layer]);
    host.send({ type: 'select', layer });
  }

  function setRanges(change: { readonly stepRange?: Range | null; readonly addressRange?: Range | null }): void {
    remember(change);
    drawTimeline();
    drawRestLater();
  }

  function drawHeader(): void {
    if (picture === undefined) return;
    header.update({
      ...{ picture, ghost: ghost(), compare: saved.compare, diagnostics },
      canRunTasks: settings.canRunTasks,
      cannotRunReason: settings.cannotRunReason,
      canEdit: settings.canEdit,
    });
  }
  function drawCode(): void {
    header.code.update({ code, canRunTasks: settings.canRunTasks });
  }
  function drawTimeline(): void {
    if (picture === undefined) return;
    const { step, stepRange: range, timelineTable: table } = saved;
    timeline.update({ picture, ghost: ghost(), step, range, table });
  }
  function drawArena(): void {
    if (picture === undefined) return;
    const { stepRange: steps, addressRange: addresses, arenaTable: table } = saved;
    arena.update({ picture, steps, addresses, table });
  }
  function drawPeak(): void {
    if (picture !== undefined) peak.update({ picture, step: saved.step, prices, canEdit: settings.canEdit });
  }
  function drawLayers(): void {
    if (picture !== undefined) layers.update({ picture, prices, pending, canEdit: settings.canEdit });
  }
  /** The arena map and the table of what is alive may follow what the user waits for. */
  let restIsDue = false;
  function drawRestLater(): void {
    if (restIsDue) return;
    restIsDue = true;
    afterPaint(() =>
      // Also after others who wait for the painted frame: the word to the host that it is there.
      setTimeout(() => {
        restIsDue = false;
        drawPeak();
        drawArena();
      }),
    );
  }
  function drawAll(): void {
    drawHeader();
    drawTimeline();
    drawLayers();
    drawRestLater();
  }

  function show(next: Extract<ToPlanPage, { type: 'picture' }>): void {
    const before = picture;
    if (version !== next.version) prices.clear();
    version = next.version;
    ({ picture, diagnostics } = next);
    settlePending();
    const changed = before !== undefined && JSON.stringify(before.layers) !== JSON.stringify(picture.layers);
    if (before !== undefined && (changed || before.totals.sramBytes !== picture.totals.sramBytes)) {
      previous = ghostOf(before, t('the previous plan'));
    }
    keepInRange(picture);
    const first = view.hidden;
    view.hidden = false;
    stateView.hidden = true;
    banner.hidden = true;
    view.classList.remove('stale');
    afterPaint(() => {
      // For measurements: see test/vscode/clicks.mjs.
      if (first) performance.mark('firmtune-first-paint');
      host.send({ type: 'painted', version: next.version });
    });
    drawAll();
    if (first) restoreScroll();
    if (before !== undefined) live.say(changeText(before, picture));
  }

  /** What was chosen may not exist in the new schedule. */
  function keepInRange({ steps, totals }: PlanPicture): void {
    const whole = wholeRange(steps.length);
    const { step, stepRange, addressRange } = saved;
    const fits = (range: Range | null, max: number): boolean => range === null || range.max <= max;
    if (step !== null && step >= steps.length) remember({ step: null });
    if (!fits(stepRange, whole.max)) remember({ stepRange: null });
    if (!fits(addressRange, totals.arenaBytes * 1.06)) remember({ addressRange: null });
  }

  function restoreScroll(): void {
    view.scrollTop = saved.pageScroll;
    layers.viewport.scrollTop = saved.layersScroll;
  }
  view.addEventListener('scroll', () => remember({ pageScroll: view.scrollTop }), { passive: true });
  layers.viewport.addEventListener('scroll', () => remember({ layersScroll: layers.viewport.scrollTop }), {
    passive: true,
  });

  function showStale(next: Extract<ToPlanPage, { type: 'stale' }>): void {
    version = next.version;
    ({ diagnostics } = next);
    pending.clear();
    if (picture === undefined) {
      showState('error', t('The plan has errors, so there is nothing to show yet.'));
      return;
    }
    view.classList.add('stale');
    banner.hidden = false;
    const [first] = diagnostics.filter(({ severity }) => severity === 'error');
    banner.replaceChildren(
      element('strong', {}, t('The plan has errors; this is how it last was.')),
      element(
        'ul',
        { class: 'problems' },
        ...(first === undefined ? [] : [problemRow(first, (line) => host.send({ type: 'openText', line }))]),
      ),
    );
    drawHeader();
    drawLayers();
  }

  function showCode(next: CodeState | null): void {
    const before = code;
    code = next;
    drawCode();
    const isNews = before !== null && before.state !== 'looking' && before.state !== next?.state;
    if (isNews && next !== null) live.say(t('Generated code: {0}', codeText(next)));
  }

  let pricesAreDue = false;
  function showPrices(): void {
    if (pricesAreDue) return;
    pricesAreDue = true;
    requestAnimationFrame(() => {
      pricesAreDue = false;
      drawLayers();
      drawPeak();
    });
  }

  async function sendExport(format: Extract<FromPlanPage, { type: 'export' }>['format']): Promise<void> {
    if (picture === undefined) return;
    const content = await exportContent(format, picture, ghost());
    host.send({ type: 'export', format, content });
  }

  return {
    receive(message) {
      switch (message.type) {
        case 'loading':
          if (picture === undefined) showState('loading', t('Compiling {0}…', message.title));
          break;
        case 'picture':
          if (message.picture.layers.length > 0) show(message);
          else {
            ({ diagnostics } = message);
            showState(
              'empty',
              t('{0} has no layer with int8 weights: nothing in it can train.', message.picture.model),
            );
          }
          break;
        case 'stale':
          showStale(message);
          break;
        case 'prices':
          if (message.version !== version) break;
          prices.add(message.prices, message.done);
          showPrices();
          break;
        case 'ghost': {
          const { ghost: next } = message;
          const isNew = next !== null || other !== null;
          // No file was chosen. Of other kinds the host says null until it has compiled them.
          const isRefused = next === null && saved.compare === 'plan';
          other = next;
          if (isRefused) remember({ compare: null });
          // With the first picture the host says that there is none.
          if (isNew || isRefused) drawAll();
          break;
        }
        case 'code':
          showCode(message.code);
          break;
        case 'reveal':
          layers.reveal(message.layers);
          break;
        case 'export':
          void sendExport(message.format);
          break;
        case 'settings':
          settings = message;
          drawCode();
          drawAll();
          break;
      }
    },
  };
}

function changeText(before: PlanPicture, now: PlanPicture): string {
  const difference = now.totals.sramBytes - before.totals.sramBytes;
  const bytes = bytesText(now.totals.sramBytes);
  if (difference === 0) return t('Peak SRAM {0}, as before', bytes);
  const words =
    difference < 0
      ? t('Peak SRAM {0}, {1} B less', bytes, figure(-difference))
      : t('Peak SRAM {0}, {1} B more', bytes, figure(difference));
  return words;
}
