/** The model in one line of figures, what stands in the way of training, and what one can do with it. */

import { button, element } from '../dom.ts';
import { countText, figure, kilobytesText, t } from '../text.ts';
import type { ModelObstacle, ModelPicture, ModelPlanChoice, ModelTensor } from './messages.ts';
import { shapeText } from './network.ts';

export interface HeaderEvents {
  onNewPlan(): void;
  onOpenPlan(uri: string): void;
  onLayer(name: string): void;
}

export class Header {
  readonly element = element('header', { class: 'header' });
  private readonly actions = element('div', { class: 'actions' });

  constructor(private readonly events: HeaderEvents) {}

  show(picture: ModelPicture): void {
    const heading = element('h1', {}, picture.name);
    this.element.replaceChildren(
      element('div', { class: 'title-row' }, heading, this.actions),
      element('dl', { class: 'facts' }, ...facts(picture)),
      element('div', { class: 'verdict' }, ...this.verdict(picture)),
    );
  }

  showPlans(plans: readonly ModelPlanChoice[]): void {
    const create = element('vscode-button', {}, t('New Training Plan'));
    create.addEventListener('click', () => this.events.onNewPlan());
    const [only, ...others] = plans;
    const open =
      only === undefined
        ? undefined
        : element(
            'vscode-button',
            { appearance: 'secondary' },
            others.length === 0 ? t('Open {0}', only.name) : t('Open a Plan'),
          );
    if (open !== undefined && only !== undefined && others.length === 0) {
      open.addEventListener('click', () => this.events.onOpenPlan(only.uri));
      this.actions.replaceChildren(open, create);
      return;
    }
    if (open === undefined) {
      this.actions.replaceChildren(create);
      return;
    }
    this.actions.replaceChildren(this.planMenu(plans), create);
  }

  /** Several plans use the model: which one? */
  private planMenu(plans: readonly ModelPlanChoice[]): HTMLElement {
    const list = element('select', { class: 'native-select', 'aria-label': t('Open a plan that uses this model') });
    list.append(
      new Option(t('Open a plan ({0})', plans.length), ''),
      ...plans.map(({ name, uri }) => new Option(name, uri)),
    );
    list.addEventListener('change', () => {
      if (list.value !== '') this.events.onOpenPlan(list.value);
      list.value = '';
    });
    return list;
  }

  private verdict(picture: ModelPicture): Node[] {
    const { trainableLayers, layers, obstacles } = picture;
    const lacking = trainableLayers === 0;
    const summary = lacking
      ? []
      : [
          element(
            'span',
            { class: 'can' },
            element('span', { class: 'mark', 'aria-hidden': 'true' }, '✓ '),
            t('{0} of {1} layers have weights that can train', trainableLayers, layers.length),
          ),
        ];
    return [...summary, ...obstacles.map((obstacle) => this.obstacle(obstacle))];
  }

  private obstacle({ message, remedy, layers }: ModelObstacle): HTMLElement {
    const shown = layers.slice(0, 3);
    return element(
      'p',
      { class: 'obstacle' },
      element('span', { class: 'mark', 'aria-hidden': 'true' }, '⚠ '),
      `${t(message)} ${t(remedy)}`,
      ...shown.flatMap((name) => [' ', button(name, () => this.events.onLayer(name), { class: 'link' })]),
      layers.length > shown.length ? ` ${t('and {0} more', layers.length - shown.length)}` : null,
    );
  }
}

function facts(picture: ModelPicture): Node[] {
  return [
    ...ends(t('Input'), picture.inputs),
    ...ends(t('Output'), picture.outputs),
    fact(t('Layers'), figure(picture.layers.length)),
    fact(t('MACs'), countText(picture.macs), figure(picture.macs)),
    fact(t('Weights'), kilobytesText(picture.weightBytes), `${figure(picture.weightBytes)} B`),
    fact(
      t('Activations'),
      kilobytesText(picture.activationPeakBytes),
      t('{0} B at most at once, before streaming and work in place', figure(picture.activationPeakBytes)),
    ),
    fact(t('File'), kilobytesText(picture.fileBytes), `${figure(picture.fileBytes)} B`),
  ];
}

function ends(name: string, tensors: readonly ModelTensor[]): Node[] {
  return tensors.slice(0, 4).map((tensor, index) => {
    const { shape, dtype, quantisation } = tensor;
    const codes = quantisation === undefined ? '' : quantisationText(quantisation.scale, quantisation.zeroPoint);
    return fact(
      tensors.length === 1 ? name : `${name} ${index + 1}`,
      `${shapeText(shape)} ${dtype}`,
      `${tensor.name}${codes === '' ? '' : `, ${codes}`}`,
      codes,
    );
  });
}

export function quantisationText(scale: readonly number[], zeroPoint: number): string {
  const scales = scale.map((value) => Number(value.toPrecision(4))).join(' … ');
  return t('scale {0}, zero point {1}', scales, zeroPoint);
}

/** `detail` is small beside the value; `full` comes as a hover. */
function fact(name: string, value: string, full = '', detail = ''): HTMLElement {
  return element(
    'div',
    { class: 'fact', title: full === '' ? undefined : full },
    element('dt', {}, name),
    element('dd', { class: 'figure' }, value, detail === '' ? null : element('span', { class: 'detail' }, detail)),
  );
}
