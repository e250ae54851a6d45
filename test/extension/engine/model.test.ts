import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../compiler/model/graph.ts';
import { writeTflite } from '../../../compiler/model/write-tflite.ts';
import { histogramOf } from '../../../extension/engine/model/details.ts';
import { modelHandlers, type OpenedModel } from '../../../extension/engine/model.ts';
import type { LayoutBox, ModelLayout, ModelPicture } from '../../../webview/messages.ts';
import { hasSharedData, modelFiles, sharedBytes } from '../../support/corpus.ts';
import { type GraphBuilder, graph } from '../../support/graph-builder.ts';

let opened = 0;

function open(network: Graph): { readonly key: string; readonly picture: ModelPicture } {
  const key = `model-${opened++}`;
  const model: OpenedModel = modelHandlers.openModelView({ key, name: 'net', bytes: writeTflite(network) });
  if (!model.ok) throw new Error(model.diagnostics.map(({ message }) => message).join('; '));
  return { key, picture: model.picture };
}

function bottleneck(builder: GraphBuilder, name: string, wide: number, narrow: number): GraphBuilder {
  return builder
    .conv({ channels: wide, kernel: 1, name: `${name}.expand` })
    .depthwise({ name: `${name}.depthwise` })
    .conv({ channels: narrow, kernel: 1, name: `${name}.project` });
}

function residualNetwork(): Graph {
  const stem = graph(3).input([1, 8, 8, 3], { name: 'picture' }).conv({ channels: 8, name: 'stem' });
  return bottleneck(bottleneck(stem, 'one', 24, 8).add('stem', { name: 'one.add' }), 'two', 32, 16)
    .averagePool({ name: 'pool' })
    .dense({ units: 4, name: 'classifier' })
    .build();
}

function overlap(a: LayoutBox, b: LayoutBox): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function checkLayout(layout: ModelLayout, picture: ModelPicture, collapsed: readonly string[]): void {
  const hidden = new Set(picture.blocks.filter(({ id }) => collapsed.includes(id)).flatMap(({ layers }) => layers));
  const expected = [
    ...picture.inputs.map((_, index) => `i${index}`),
    ...picture.layers.flatMap((_, index) => (hidden.has(index) ? [] : [`n${index}`])),
    ...picture.outputs.map((_, index) => `o${index}`),
    ...collapsed,
  ];
  expect(layout.boxes.map(({ id }) => id).sort()).toEqual(expected.sort());
  expect(layout.frames.map(({ id }) => id)).toEqual(
    expect.arrayContaining(picture.blocks.map(({ id }) => id).filter((id) => !collapsed.includes(id))),
  );
  for (const { x, y, width, height } of [...layout.boxes, ...layout.frames]) {
    expect(Math.min(x, y, layout.width - x - width, layout.height - y - height)).toBeGreaterThanOrEqual(0);
  }
  layout.boxes.forEach((box, index) => {
    for (const other of layout.boxes.slice(index + 1)) expect(overlap(box, other), `${box.id} ${other.id}`).toBe(false);
  });
}

describe('the picture of a model', () => {
  const { picture } = open(residualNetwork());

  it('has an edge for each activation that a layer reads, and none for constants', () => {
    const names = new Map(picture.layers.map(({ name }, index) => [`n${index}`, name]));
    const edges = picture.edges.map(({ from, to }) => `${names.get(from) ?? from} ${names.get(to) ?? to}`);
    expect(edges).toEqual([
      'i0 stem',
      'stem one.expand',
      'one.expand one.depthwise',
      'one.depthwise one.project',
      'one.project one.add',
      'stem one.add',
      'one.add two.expand',
      'two.expand two.depthwise',
      'two.depthwise two.project',
      'two.project pool',
      'pool classifier',
      'classifier o0',
    ]);
  });

  it('finds residual blocks and inverted bottlenecks by their structure, and names them as their layers agree', () => {
    expect(picture.blocks.map(({ title, kind, layers }) => ({ title, kind, layers }))).toEqual([
      { title: 'one', kind: 'inverted residual', layers: [1, 2, 3, 4] },
      { title: 'two', kind: 'inverted bottleneck', layers: [5, 6, 7] },
    ]);
  });

  it('counts the activations that are alive while a layer runs, the skipped one among them', () => {
    const alive = new Map(picture.layers.map(({ name, activationBytes }) => [name, activationBytes]));
    // stem 8x8x8, expanded 8x8x24, both sides of the depthwise layer.
    expect(alive.get('one.depthwise')).toBe(8 * 8 * (8 + 24 + 24));
    expect(picture.activationPeakBytes).toBe(8 * 8 * (32 + 32));
  });

  it('ends a block where nothing else reads what is inside', () => {
    const branching = graph()
      .input([1, 8, 8, 3])
      .conv({ channels: 8, name: 'stem' })
      .conv({ channels: 8, name: 'a' })
      .conv({ channels: 8, name: 'b' })
      .add('stem', { name: 'sum' })
      .add('a', { name: 'again' })
      .averagePool()
      .dense({ units: 2 })
      .build();
    const { blocks, layers } = open(branching).picture;
    // Another layer reads `a` past the first sum: the block ends where both have come together.
    expect(blocks.map((block) => block.layers.map((index) => layers[index]?.name))).toEqual([
      ['a', 'b', 'sum', 'again'],
    ]);
  });

  it('says what stands in the way of training', () => {
    const two = graph()
      .input([1, 4, 4, 2], { name: 'a' })
      .conv({ channels: 2 })
      .input([1, 4, 4, 2], { name: 'b' })
      .conv({ channels: 2 })
      .build();
    expect(open(two).picture.obstacles.map(({ message }) => message)).toEqual([
      'Training takes a model with one input and one output; this one has 2 and 2.',
    ]);
  });

  it('of a damaged file is diagnostics with a remedy', () => {
    const bytes = writeTflite(residualNetwork()).slice(0, 300);
    const model = modelHandlers.openModelView({ key: 'damaged', name: 'net', bytes });
    expect(model.ok).toBe(false);
    if (!model.ok) for (const { message, remedy } of model.diagnostics) expect(message && remedy).toBeTruthy();
    expect(() => modelHandlers.describeLayer({ key: 'damaged', layer: 0 })).toThrow(/not open/);
  });
});

describe('the layout of a model', () => {
  it('places every node once, within the picture, over no other, whatever is collapsed', () => {
    const { key, picture } = open(residualNetwork());
    for (const collapsed of [[], ['b0'], ['b1'], ['b0', 'b1']]) {
      for (const aspect of [0.3, 1, 4]) {
        checkLayout(modelHandlers.layOutModel({ key, collapsed, aspect }), picture, collapsed);
      }
    }
  });

  it('leads wires downward and ends each at the head of the node that reads', () => {
    const { key, picture } = open(residualNetwork());
    const { wires, boxes } = modelHandlers.layOutModel({ key, collapsed: [], aspect: 0.1 });
    const tops = new Map(boxes.map(({ id, x, y, width }) => [id, { x: x + width / 2, y }]));
    for (const { to, points } of wires) {
      if (to === undefined) continue;
      const { x = -1, y = -1 } = tops.get(to) ?? {};
      expect(points.at(-2)).toBeCloseTo(x);
      expect(points.at(-1)).toBeCloseTo(y);
    }
    const reached = new Set(wires.map(({ to }) => to));
    for (const { to } of picture.edges) expect(reached.has(to), to).toBe(true);
  });

  it('fills a wide window with columns, and keeps one column in a narrow one', () => {
    const { key } = open(residualNetwork());
    const wide = modelHandlers.layOutModel({ key, collapsed: [], aspect: 3 });
    const narrow = modelHandlers.layOutModel({ key, collapsed: [], aspect: 0.1 });
    expect(wide.width).toBeGreaterThan(2 * narrow.width);
    expect(wide.height).toBeLessThan(0.7 * narrow.height);
  });

  it('takes branches side by side', () => {
    const inception = graph()
      .input([1, 8, 8, 3])
      .conv({ channels: 8, name: 'stem' })
      .conv({ channels: 4, kernel: 1, name: 'left' })
      .from('stem')
      .conv({ channels: 4, name: 'right' })
      .concat(['left'], 3, { name: 'joined' })
      .averagePool()
      .dense({ units: 2 })
      .build();
    const { key, picture } = open(inception);
    const layout = modelHandlers.layOutModel({ key, collapsed: [], aspect: 1 });
    checkLayout(layout, picture, []);
    const place = (name: string) =>
      layout.boxes.find(({ id }) => id === `n${picture.layers.findIndex((layer) => layer.name === name)}`);
    expect(place('left')?.x).not.toBeCloseTo(place('right')?.x ?? 0);
  });
});

describe('the details of a layer', () => {
  const { key, picture } = open(residualNetwork());
  const layer = picture.layers.findIndex(({ name }) => name === 'one.depthwise');
  const details = modelHandlers.describeLayer({ key, layer });

  it('name every operand with its neighbours', () => {
    expect(
      details.tensors.map(({ role, shape, neighbours }) => [
        role,
        shape.join('x'),
        neighbours.map(({ name }) => name).join(),
      ]),
    ).toEqual([
      ['input', '1x8x8x24', 'one.expand'],
      ['weights', '1x3x3x24', ''],
      ['bias', '24', ''],
      ['output', '1x8x8x24', 'one.project'],
    ]);
  });

  it('count every weight in one bin', () => {
    const weights = details.histograms.find(({ role }) => role === 'weights');
    expect(weights?.count).toBe(3 * 3 * 24);
    expect(weights?.bins.reduce((sum, { count }) => sum + count, 0)).toBe(3 * 3 * 24);
    expect(weights?.scales).toHaveLength(24);
  });
});

describe('a histogram', () => {
  const tensor = (codes: readonly number[]) => ({
    id: 0,
    name: 'w',
    shape: [codes.length],
    dtype: 'int8' as const,
    quantisation: { scales: [0.5], zeroPoints: [0], axis: 0 },
    data: new Uint8Array(Int8Array.from(codes).buffer),
  });

  it('spans all codes of int8 and tells zeros and ends', () => {
    const histogram = histogramOf(tensor([-128, -128, 0, 1, 127]), 'weights');
    expect(histogram).toMatchObject({ least: -128, most: 127, zeros: 1, saturated: 3, count: 5, mean: -25.6 });
    expect(histogram?.bins).toHaveLength(32);
    expect(histogram?.bins[0]).toEqual({ from: -128, to: -121, count: 2 });
    expect(histogram?.bins[31]).toEqual({ from: 120, to: 127, count: 1 });
  });

  it('leaves out what is no number', () => {
    const data = new Uint8Array(Float32Array.from([1, 2, Number.NaN, Number.POSITIVE_INFINITY]).buffer);
    const histogram = histogramOf({ id: 0, name: 'w', shape: [4], dtype: 'float32', data }, 'weights');
    expect(histogram).toMatchObject({ notFinite: 2, least: 1, most: 2 });
    expect(histogram?.bins.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });
});

describe('the update that a plan chooses', () => {
  it('is told by layer, also where the plan has an error elsewhere', () => {
    const { key } = open(residualNetwork());
    const text =
      'model "net.tflite"\ntarget no-such-board\nupdate {\n  one.project: bias, weights 1/4\n  classifier: weights all\n}\n';
    expect(modelHandlers.modelOfPlan({ text })).toBe('net.tflite');
    expect(modelHandlers.updateOfPlan({ key, plan: 'file:///net.trainplan', text })).toEqual({
      plan: 'file:///net.trainplan',
      layers: [
        { layer: 'one.project', bias: true, weights: '1/4', share: 0.25 },
        { layer: 'classifier', bias: false, weights: 'all', share: 1 },
      ],
    });
  });
});

describe.skipIf(!hasSharedData)('every model of the corpus (skipped: needs ../shared/data)', () => {
  it.each(modelFiles().filter((file) => file.startsWith('models/')))('%s', (file) => {
    const model = modelHandlers.openModelView({ key: file, name: file, bytes: sharedBytes(file) });
    if (!model.ok) throw new Error(file);
    const collapsed = model.picture.blocks.map(({ id }) => id);
    for (const each of [[], collapsed]) {
      checkLayout(modelHandlers.layOutModel({ key: file, collapsed: each, aspect: 1.6 }), model.picture, each);
    }
    model.picture.layers.forEach((_, layer) => {
      modelHandlers.describeLayer({ key: file, layer });
    });
  });
});
