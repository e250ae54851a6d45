/** The command "Toggle Update of Layer": lists layers and switches with the price of each, and changes the text. */

import { Disposable, l10n, type QuickPick, type QuickPickItem, type TextDocument, window } from 'vscode';
import { type LayerSwitch, type PictureLayer, type PicturePrice, weightPositions } from '../../webview/messages.ts';
import type { PlanSession } from './session.ts';
import type { PlanSessions } from './sessions.ts';
import { bytesText, differenceText, layerIcon, switchText, trainedText } from './words.ts';

/** With a layer and a change, as from another extension or a key binding, nothing is asked. */
export async function toggleLayer(
  sessions: PlanSessions,
  document: TextDocument,
  layer?: string,
  change?: LayerSwitch,
): Promise<boolean> {
  const use = sessions.use(document);
  try {
    const { session } = use;
    if (layer !== undefined && change !== undefined) return await session.toggle([{ layer, change }]);
    const chosen = layer ?? (await chooseLayer(session));
    if (chosen === undefined) return false;
    const wanted = await chooseSwitch(session, chosen);
    return wanted !== undefined && (await session.toggle([{ layer: chosen, change: wanted }]));
  } finally {
    use.dispose();
  }
}

interface LayerItem extends QuickPickItem {
  readonly layer: string;
}

function chooseLayer(session: PlanSession): Promise<string | undefined> {
  return choose<LayerItem, string>(
    session,
    { placeholder: l10n.t('Which layer is to train otherwise?'), empty: l10n.t('The plan has errors.') },
    () => {
      const layers = session.state?.picture?.layers ?? [];
      return layers
        .filter(({ switchable }) => switchable)
        .map((layer) => layerItem(layer, session.prices?.prices ?? []));
    },
    ({ layer }) => layer,
  );
}

function layerItem(layer: PictureLayer, prices: readonly PicturePrice[]): LayerItem {
  const { name, operator, outputShape, trainableBytes } = layer;
  const own = prices.filter((price) => price.layer === name && price.sramBytes !== null);
  const best = own.reduce((least, { sramBytes }) => Math.min(least, sramBytes ?? 0), 0);
  const facts = [operator, outputShape.join(' × '), l10n.t('{0} trained', bytesText(trainableBytes))];
  if (best < 0) facts.push(l10n.t('can save {0}', bytesText(-best)));
  return {
    layer: name,
    label: `$(${layerIcon(layer)}) ${name}`,
    description: trainedText(layer),
    detail: facts.join(' · '),
  };
}

interface SwitchItem extends QuickPickItem {
  readonly change: LayerSwitch;
}

function chooseSwitch(session: PlanSession, name: string): Promise<LayerSwitch | undefined> {
  return choose<SwitchItem, LayerSwitch>(
    session,
    { placeholder: l10n.t('How is {0} to train?', name), empty: l10n.t('The plan has no layer {0} to switch.', name) },
    () => {
      const layer = session.state?.picture?.layers.find((each) => each.name === name && each.switchable);
      if (layer === undefined) return [];
      const others = weightPositions.filter((position) => `weights ${position}` !== layer.weights);
      const changes: readonly LayerSwitch[] = [
        ...(layer.bias === null ? [] : [{ bias: !layer.bias }]),
        ...others.map((weights) => ({ weights })),
      ];
      return changes.map((change) => switchItem(name, change, session.prices?.prices ?? []));
    },
    ({ change }) => change,
  );
}

function switchItem(layer: string, change: LayerSwitch, prices: readonly PicturePrice[]): SwitchItem {
  const text = switchText(change);
  const price = prices.find((each) => each.layer === layer && switchText(each.change) === text);
  return { change, label: text, description: priceText(price) };
}

function priceText(price: PicturePrice | undefined): string {
  if (price === undefined) return '…';
  if (price.sramBytes === null) return price.reason ?? l10n.t('does not compile');
  return l10n.t('{0} of SRAM in all', differenceText(price.sramBytes));
}

interface Texts {
  readonly placeholder: string;
  /** Where there is nothing to choose from. */
  readonly empty: string;
}

/** A list that follows the session: prices come in while it is open. */
async function choose<Item extends QuickPickItem, Answer>(
  session: PlanSession,
  { placeholder, empty }: Texts,
  items: () => readonly Item[],
  answer: (item: Item) => Answer,
): Promise<Answer | undefined> {
  const list: QuickPick<Item> = window.createQuickPick();
  list.title = l10n.t('Toggle Update of Layer');
  list.placeholder = placeholder;
  list.matchOnDescription = true;
  list.matchOnDetail = true;
  list.busy = true;
  list.show();
  const refresh = (): void => {
    const [active] = list.activeItems;
    list.keepScrollPosition = true;
    list.items = items();
    const same = list.items.find(({ label }) => label === active?.label);
    if (same !== undefined) list.activeItems = [same];
    if (list.items.length === 0 && session.state !== undefined) list.placeholder = empty;
    list.busy = session.state === undefined || session.prices?.done !== true;
  };
  const followed = Disposable.from(list, session.onDidChange(refresh), session.onDidPrice(refresh));
  const chosen = new Promise<Item | undefined>((resolve) => {
    list.onDidAccept(() => resolve(list.activeItems[0]));
    list.onDidHide(() => resolve(undefined));
  });
  await session.newest();
  refresh();
  const item = await chosen;
  followed.dispose();
  return item && answer(item);
}
