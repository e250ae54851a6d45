/** One row of the layers: what the layer is, its switches, and what each position would cost. */

import { element, setAttributes, setText } from '../dom.ts';
import { countText, differenceText, figure, t } from '../text.ts';
import { type LayerSwitch, type PictureLayer, type WeightPosition, weightPositions } from './messages.ts';
import { type PriceBook, weightPosition } from './prices.ts';

/** What can have the focus in a row, from left to right: the row itself, the bias, the positions of the weights. */
export const controlCount = 2 + weightPositions.length;
const biasControl = 1;
const firstWeightControl = 2;

export interface RowState {
  readonly layer: PictureLayer;
  /** From 0, among the rows shown. */
  readonly index: number;
  /** What was switched and is not confirmed yet. */
  readonly pending: LayerSwitch | undefined;
  readonly prices: PriceBook;
  readonly chosen: boolean;
  readonly canEdit: boolean;
  /** Which control Tab goes to; none in all rows but one. */
  readonly tabStop: number | null;
  /** Of all layers; 0 where none was measured. */
  readonly mostContribution: number;
}

export interface LayerRow {
  readonly element: HTMLElement;
  update(state: RowState): void;
  control(index: number): HTMLElement;
}

export function positionTitle(position: WeightPosition): string {
  if (position === 'none') return '0';
  return position === 'all' ? t('all') : position;
}

interface Switch {
  readonly element: HTMLElement;
  readonly label: HTMLElement;
  readonly price: HTMLElement;
}

function createSwitch(role: 'switch' | 'radio'): Switch {
  const label = element('span', { class: 'switch-label' });
  const price = element('span', { class: 'switch-price' });
  return {
    element: element('button', { type: 'button', role, class: 'switch', tabindex: -1 }, label, price),
    label,
    price,
  };
}

export function createLayerRow(): LayerRow {
  const name = element('span', { class: 'layer-name' });
  const operator = element('span', { class: 'second muted' });
  const shape = element('span', { class: 'figure' });
  const macs = element('span', { class: 'second muted figure' });
  const bias = createSwitch('switch');
  const noBias = element('span', { class: 'muted' }, '–');
  const weights = weightPositions.map(() => createSwitch('radio'));
  const group = element('div', { role: 'radiogroup', class: 'segments' }, ...weights.map((each) => each.element));
  const locked = element('span', { class: 'muted' });
  const bytes = element('span', { class: 'figure' });
  const channels = element('span', { class: 'second muted figure' });
  const bar = element('span', { class: 'contribution-bar' });
  const points = element('span', { class: 'figure' });
  const contribution = element('div', { role: 'gridcell', class: 'cell contribution' }, points, bar);
  bias.element.dataset.switch = 'bias';
  weights.forEach((each, index) => {
    each.element.dataset.switch = weightPositions[index] ?? 'none';
  });
  const row = element(
    'div',
    { role: 'row', class: 'layer', tabindex: -1 },
    element('div', { role: 'rowheader', class: 'cell name' }, name, operator),
    element('div', { role: 'gridcell', class: 'cell shape' }, shape, macs),
    element('div', { role: 'gridcell', class: 'cell bias' }, bias.element, noBias),
    element('div', { role: 'gridcell', class: 'cell weights' }, group, locked),
    element('div', { role: 'gridcell', class: 'cell bytes' }, bytes, channels),
    contribution,
  );
  const controls = [row, bias.element, ...weights.map((each) => each.element)];

  return {
    element: row,
    control: (index) => controls[index] ?? row,
    update({ layer, index, pending, prices, chosen, canEdit, tabStop, mostContribution }) {
      const shownBias = pending?.bias ?? layer.bias;
      const position = pending?.weights ?? weightPosition(layer.weights);
      const trains =
        shownBias === true || (position !== 'none' && layer.trainedChannels > 0) || pending?.weights !== undefined;
      row.dataset.layer = layer.name;
      row.classList.toggle('trains', trains);
      row.classList.toggle('pending', pending !== undefined);
      setAttributes(row, {
        'aria-rowindex': index + 2,
        'aria-selected': `${chosen}`,
        tabindex: tabStop === 0 ? 0 : -1,
      });
      setText(name, layer.name);
      name.title = layer.name;
      setText(operator, operatorTitle(layer.operator));
      setText(shape, layer.outputShape.slice(1).join('×'));
      setText(macs, t('{0} MACs', countText(layer.macs)));

      const hasBias = layer.bias !== null && layer.switchable;
      bias.element.hidden = !hasBias;
      noBias.hidden = hasBias;
      setText(noBias, layer.switchable ? '–' : t('yes'));
      updateSwitch(bias, {
        label: shownBias === true ? t('on') : t('off'),
        name: t('bias of {0}', layer.name),
        price: priceOf(prices, layer, { bias: shownBias !== true }, pending),
        checked: shownBias === true,
        showsPrice: true,
        canEdit,
        tab: tabStop === biasControl,
      });

      group.hidden = !layer.switchable;
      locked.hidden = layer.switchable;
      setText(locked, t('new head: all'));
      setAttributes(group, { 'aria-label': t('weights of {0}', layer.name) });
      weights.forEach((each, place) => {
        const own = weightPositions[place] ?? 'none';
        updateSwitch(each, {
          label: positionTitle(own),
          name: t('weights {0}', positionTitle(own)),
          price: priceOf(prices, layer, { weights: own }, pending),
          checked: own === position,
          showsPrice: own !== position,
          canEdit,
          tab: tabStop === firstWeightControl + place,
        });
      });

      setText(bytes, layer.trainableBytes === 0 ? '' : figure(layer.trainableBytes));
      setText(channels, layer.trainedChannels === 0 ? '' : t('{0} of {1}', layer.trainedChannels, layer.channels));
      contribution.hidden = mostContribution === 0;
      setText(points, layer.contribution === undefined ? '' : differencePoints(layer.contribution));
      bar.style.width = `${mostContribution === 0 ? 0 : (100 * Math.max(layer.contribution ?? 0, 0)) / mostContribution}%`;
    },
  };
}

interface SwitchState {
  readonly label: string;
  readonly name: string;
  readonly price: { readonly text: string; readonly spoken: string; readonly sign: 'more' | 'less' | 'none' };
  readonly checked: boolean;
  readonly showsPrice: boolean;
  readonly canEdit: boolean;
  readonly tab: boolean;
}

function updateSwitch({ element: control, label, price }: Switch, state: SwitchState): void {
  setText(label, state.label);
  setText(price, state.showsPrice ? state.price.text : '');
  price.dataset.sign = state.price.sign;
  const spoken = state.showsPrice && state.price.spoken !== '' ? `${state.name}, ${state.price.spoken}` : state.name;
  setAttributes(control, {
    'aria-checked': `${state.checked}`,
    'aria-label': spoken,
    title: spoken,
    'aria-disabled': state.canEdit ? undefined : 'true',
    tabindex: state.tab ? 0 : -1,
  });
}

function priceOf(
  prices: PriceBook,
  { name }: PictureLayer,
  change: LayerSwitch,
  pending: LayerSwitch | undefined,
): SwitchState['price'] {
  const price = pending === undefined ? prices.priceOf(name, change) : undefined;
  if (price === undefined) return { text: prices.done ? '' : '…', spoken: '', sign: 'none' };
  if (price.sramBytes === null) return { text: '✕', spoken: price.reason ?? t('not possible'), sign: 'none' };
  const { sramBytes } = price;
  const text = differenceText(sramBytes);
  return { text, spoken: t('{0} B of SRAM', text), sign: sramBytes === 0 ? 'none' : sramBytes > 0 ? 'more' : 'less' };
}

/** `depthwise conv 2d` of `DEPTHWISE_CONV_2D`. */
function operatorTitle(operator: string): string {
  return operator.toLowerCase().replaceAll('_', ' ');
}

function differencePoints(points: number): string {
  return `${points > 0 ? '+' : points < 0 ? '−' : ''}${Math.abs(points).toFixed(1)}`;
}
