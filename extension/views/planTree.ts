/** The view "Training Plans": the plans of the workspace with their peaks, and in each its layers with what trains. */

import {
  type Command,
  Disposable,
  EventEmitter,
  l10n,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
  type TreeView,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { PictureLayer } from '../../webview/messages.ts';
import type { DrawnPlan } from '../engine/plans.ts';
import { basename } from '../files.ts';
import type { PlanFigures } from '../plan/figures.ts';
import { bytesText, layerIcon, trainedText } from '../plan/words.ts';

/** Menus of the tree hand it to their commands. */
export interface LayerNode {
  readonly plan: Uri;
  readonly layer: PictureLayer;
}

/** A plan is its URI, so that commands take it as they take a file of the explorer. */
export type PlanNode = Uri | LayerNode;

export class PlanTree extends Disposable implements TreeDataProvider<PlanNode> {
  private readonly changed = new EventEmitter<PlanNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  /** What `getTreeItem` shows without waiting, by plan. */
  private readonly shown = new Map<string, DrawnPlan | undefined>();
  private plans: readonly Uri[] = [];
  private readonly view: TreeView<PlanNode>;
  private readonly followed: Disposable;

  constructor(private readonly figures: PlanFigures) {
    super(() => Disposable.from(this.changed, this.followed, this.view).dispose());
    this.view = window.createTreeView('firmtune.plans', { treeDataProvider: this });
    this.followed = Disposable.from(
      figures.onDidChange((plan) => {
        const node = plan && this.plans.find((each) => each.toString() === plan.toString());
        if (node === undefined) this.changed.fire(undefined);
        else void this.load(node);
      }),
      // What changed while nobody looked is computed now.
      this.view.onDidChangeVisibility(({ visible }) => visible && this.changed.fire(undefined)),
    );
  }

  refresh(): void {
    this.changed.fire(undefined);
  }

  async getChildren(node?: PlanNode): Promise<PlanNode[]> {
    if (node === undefined) {
      this.plans = this.known(await this.figures.plans());
      for (const plan of this.plans) void this.load(plan);
      return [...this.plans];
    }
    if (!(node instanceof Uri)) return [];
    const drawn = await this.figures.drawn(node, true);
    this.show(node, drawn);
    return drawn?.picture?.layers.map((layer) => ({ plan: node, layer })) ?? [];
  }

  getTreeItem(node: PlanNode): TreeItem {
    return node instanceof Uri ? planItem(node, this.shown.get(node.toString())) : layerItem(node);
  }

  /** The editor tells nodes apart as objects: news of another object than it was given last would be lost. */
  private known(plans: readonly Uri[]): readonly Uri[] {
    const old = new Map(this.plans.map((plan) => [plan.toString(), plan]));
    return plans.map((plan) => old.get(plan.toString()) ?? plan);
  }

  private async load(plan: Uri): Promise<void> {
    if (!this.view.visible) return;
    this.show(plan, await this.figures.drawn(plan));
  }

  private show(plan: Uri, drawn: DrawnPlan | undefined): void {
    const key = plan.toString();
    if (drawn === this.shown.get(key)) return;
    this.shown.set(key, drawn);
    this.changed.fire(plan);
  }
}

function planItem(plan: Uri, drawn: DrawnPlan | undefined): TreeItem {
  const item = new TreeItem(basename(plan), TreeItemCollapsibleState.Collapsed);
  item.id = plan.toString();
  // Only files on a disk can be simulated and generated from.
  item.contextValue = plan.scheme === 'file' ? 'plan.file' : 'plan';
  item.command = openCommand(plan);
  const { icon, text, tooltip } = planState(drawn);
  item.iconPath = new ThemeIcon(icon);
  const folder = workspace.asRelativePath(Uri.joinPath(plan, '..'));
  item.description = text;
  item.tooltip = [workspace.asRelativePath(plan), tooltip].filter((part) => part !== '').join('\n');
  item.accessibilityInformation = { label: [basename(plan), text, folder].join(', ') };
  return item;
}

function planState(drawn: DrawnPlan | undefined): {
  readonly icon: string;
  readonly text: string;
  readonly tooltip: string;
} {
  const error = drawn?.diagnostics.find(({ severity }) => severity === 'error');
  const picture = drawn?.picture;
  if (picture === undefined) {
    if (drawn === undefined) return { icon: 'circuit-board', text: '', tooltip: '' };
    return { icon: 'error', text: l10n.t('has errors'), tooltip: error?.message ?? '' };
  }
  const text = l10n.t('{0} of {1}', bytesText(picture.totals.sramBytes), bytesText(picture.budgetBytes));
  if (error !== undefined) return { icon: 'warning', text, tooltip: error.message };
  const trained = picture.layers.filter(({ trainableBytes }) => trainableBytes > 0).length;
  const tooltip = l10n.t('{0} of {1} layers train', trained, picture.layers.length);
  return { icon: 'circuit-board', text, tooltip };
}

function openCommand(plan: Uri): Command {
  return { command: 'vscode.open', title: l10n.t('Open'), arguments: [plan] };
}

function layerItem({ plan, layer }: LayerNode): TreeItem {
  const item = new TreeItem(layer.name, TreeItemCollapsibleState.None);
  item.id = `${plan.toString()}#${layer.name}`;
  item.contextValue = layer.switchable ? 'layer.switchable' : 'layer';
  const trained = trainedText(layer);
  item.description = layer.trainableBytes === 0 ? trained : `${trained}, ${bytesText(layer.trainableBytes)}`;
  item.iconPath = new ThemeIcon(layerIcon(layer));
  item.tooltip = `${layer.operator} ${layer.outputShape.join(' × ')}`;
  item.accessibilityInformation = { label: `${layer.name}, ${item.description}` };
  item.command = {
    command: 'firmtune.showLayers',
    title: l10n.t('Show in Plan View'),
    arguments: [plan, [layer.name]],
  };
  return item;
}
