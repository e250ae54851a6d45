/** The model as the page asks about it: what a node is, and what is beside it. */

import type { ModelBlock, ModelLayer, ModelPicture, ModelTensor } from './messages.ts';

export type NetworkNode =
  | { readonly kind: 'layer'; readonly id: string; readonly index: number; readonly layer: ModelLayer }
  | { readonly kind: 'block'; readonly id: string; readonly block: ModelBlock; readonly layers: readonly ModelLayer[] }
  | { readonly kind: 'end'; readonly side: 'input' | 'output'; readonly id: string; readonly tensor: ModelTensor };

export class Network {
  private readonly nodes = new Map<string, NetworkNode>();
  private readonly blockOfLayer = new Map<string, ModelBlock>();
  private readonly byName = new Map<string, string>();

  constructor(readonly picture: ModelPicture) {
    picture.inputs.forEach((tensor, index) => {
      this.add({ kind: 'end', side: 'input', id: `i${index}`, tensor });
    });
    picture.layers.forEach((layer, index) => {
      this.add({ kind: 'layer', id: `n${index}`, index, layer });
      this.byName.set(layer.name, `n${index}`);
    });
    picture.outputs.forEach((tensor, index) => {
      this.add({ kind: 'end', side: 'output', id: `o${index}`, tensor });
    });
    for (const block of picture.blocks) {
      const layers = block.layers.flatMap((index) => picture.layers[index] ?? []);
      this.add({ kind: 'block', id: block.id, block, layers });
      for (const index of block.layers) this.blockOfLayer.set(`n${index}`, block);
    }
  }

  private add(node: NetworkNode): void {
    this.nodes.set(node.id, node);
  }

  node(id: string): NetworkNode | undefined {
    return this.nodes.get(id);
  }

  idOfLayer(name: string): string | undefined {
    return this.byName.get(name);
  }

  blockOf(id: string): ModelBlock | undefined {
    return this.blockOfLayer.get(id);
  }

  /** The node that stands for `id` while these blocks are collapsed. */
  visible(id: string, collapsed: ReadonlySet<string>): string {
    const block = this.blockOfLayer.get(id);
    return block !== undefined && collapsed.has(block.id) ? block.id : id;
  }

  /** Nodes that read what `id` gives, or that give what it reads; each once, in execution order. */
  neighbours(id: string, direction: 'sources' | 'readers', collapsed: ReadonlySet<string>): readonly string[] {
    const members = this.membersOf(id);
    const found = new Set<string>();
    for (const { from, to } of this.picture.edges) {
      const [mine, other] = direction === 'readers' ? [from, to] : [to, from];
      if (members.has(mine) && !members.has(other)) found.add(this.visible(other, collapsed));
    }
    return [...found];
  }

  membersOf(id: string): ReadonlySet<string> {
    const node = this.nodes.get(id);
    return new Set(node?.kind === 'block' ? node.block.layers.map((index) => `n${index}`) : [id]);
  }

  nameOf(id: string): string {
    const node = this.nodes.get(id);
    if (node === undefined) return id;
    if (node.kind === 'layer') return node.layer.name;
    return node.kind === 'block' ? node.block.title : node.tensor.name || node.side;
  }

  /** Layers whose name or operator has all words of the text, in execution order. */
  search(text: string): readonly string[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    return this.picture.layers.flatMap((layer, index) => {
      const title = this.blockOfLayer.get(`n${index}`)?.title ?? '';
      const hay = `${layer.name} ${layer.operator} ${layer.word} ${title}`.toLowerCase();
      return words.every((word) => hay.includes(word)) ? [`n${index}`] : [];
    });
  }
}

/** Without the batch: `8×8×48`. */
export function shapeText(shape: readonly number[]): string {
  const own = shape.length > 1 && shape[0] === 1 ? shape.slice(1) : shape;
  return own.length === 0 ? 'scalar' : own.join('×');
}
