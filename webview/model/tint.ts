/** What the nodes are measured by: a bar, a figure and a tint for each. */

import { countText, kilobytesText, t } from '../text.ts';
import type { ModelLayer, ModelUpdate } from './messages.ts';
import type { Network, NetworkNode } from './network.ts';
import type { Tint } from './state.ts';

export interface Measure {
  /** 0 to 1: of the largest of all layers; for the update, the trained part of the weights. */
  readonly share: number;
  readonly text: string;
}

type Updates = ReadonlyMap<string, ModelUpdate['layers'][number]>;

export type Measures = (node: NetworkNode) => Measure | undefined;

/** Undefined where nothing is measured: nodes then go by their kind. */
export function measuresFor(tint: Tint, network: Network, update: ModelUpdate | null): Measures | undefined {
  if (tint === 'kind') return undefined;
  if (tint === 'update') return updateMeasures(update);
  const most = network.picture.layers.reduce((greatest, layer) => Math.max(greatest, figureOf(tint, layer)), 0);
  const textOf = tint === 'macs' ? (value: number) => t('{0} MACs', countText(value)) : kilobytesText;
  return (node) => {
    const value = figureOfNode(tint, node);
    if (value === undefined) return undefined;
    return { share: most === 0 ? 0 : Math.min(1, value / most), text: textOf(value) };
  };
}

function figureOf(tint: Exclude<Tint, 'kind' | 'update'>, layer: ModelLayer): number {
  if (tint === 'macs') return layer.macs;
  return tint === 'weights' ? layer.weightBytes : layer.activationBytes;
}

/** A block does the work of all of its layers, but holds the activations of one at a time. */
function figureOfNode(tint: Exclude<Tint, 'kind' | 'update'>, node: NetworkNode): number | undefined {
  if (node.kind === 'layer') return figureOf(tint, node.layer);
  if (node.kind !== 'block') return undefined;
  const values = node.layers.map((layer) => figureOf(tint, layer));
  return tint === 'activations' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0);
}

function updateMeasures(update: ModelUpdate | null): Measures {
  const rows: Updates = new Map((update?.layers ?? []).map((row) => [row.layer, row]));
  return (node) => {
    if (node.kind === 'layer') return updateMeasure(node.layer, rows);
    if (node.kind !== 'block') return undefined;
    const weighted = node.layers.filter(({ trainable }) => trainable);
    const trained = weighted.filter(({ name }) => rows.has(name));
    const text = trained.length === 0 ? t('frozen') : t('{0} of {1} train', trained.length, weighted.length);
    return { share: weighted.length === 0 ? 0 : trained.length / weighted.length, text };
  };
}

function updateMeasure({ name, trainable }: ModelLayer, rows: Updates): Measure | undefined {
  const row = rows.get(name);
  if (row === undefined) return trainable ? { share: 0, text: t('frozen') } : undefined;
  const parts = [row.bias ? t('bias') : '', row.weights === undefined ? '' : t('weights {0}', row.weights)];
  // A bias alone is little, but not nothing.
  return { share: Math.max(row.share, 0.06), text: parts.filter((part) => part !== '').join(' + ') };
}
