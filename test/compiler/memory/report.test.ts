import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { type MemoryReport, memoryReport } from '../../../compiler/memory/report.ts';
import { defaultTrainSettings, type LayerUpdate, type TrainingPlan } from '../../../compiler/training/plan.ts';
import { graph } from '../../support/graph-builder.ts';

const network = graph(5)
  .input([1, 8, 8, 3])
  .conv({ channels: 8, stride: 2, activation: 'relu6', name: 'stem' })
  .depthwise({ name: 'middle' })
  .conv({ channels: 8, kernel: 1, name: 'last' })
  .add('stem')
  .averagePool()
  .conv({ channels: 12, kernel: 1, name: 'classifier' })
  .build();

const all: LayerUpdate = { bias: true, weights: { kind: 'fraction', numerator: 1, denominator: 1, first: false } };
const bias: LayerUpdate = { bias: true, weights: { kind: 'none' } };

function planOf(update: Readonly<Record<string, LayerUpdate>>, changes: Partial<TrainingPlan> = {}): TrainingPlan {
  return {
    name: 'test',
    model: 'test.tflite',
    target: { core: 'cortex-m7', sramBytes: 256 * 1024, flashBytes: 1024 * 1024 },
    budgetBytes: 256 * 1024,
    train: { ...defaultTrainSettings, classes: 5 },
    update: new Map(Object.entries(update)),
    ...changes,
  };
}

function report(plan: TrainingPlan): MemoryReport {
  const compiled = compile(network, plan);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  return memoryReport(compiled.value, plan);
}

describe('the memory report', () => {
  const { train } = planOf({});

  it('counts as trainable: weights, biases, head, optimiser state, accumulators', () => {
    const head = 4 * (5 * 8 + 5);
    expect(report(planOf({})).trainableBytes).toBe(head);
    const stem = 8 * 27 + 4 * 8;
    expect(report(planOf({ stem: all })).trainableBytes).toBe(head + stem);
    const half = { bias: false, weights: { kind: 'fraction', numerator: 1, denominator: 2, first: false } } as const;
    expect(report(planOf({ last: half })).trainableBytes).toBe(head + 8 * 4);
    const parameters = 5 * 8 + 5 + 8 * 27 + 8;
    const batch = report(planOf({ stem: all }, { train: { ...train, batch: 4 } }));
    expect(batch.trainableBytes).toBe(head + stem + 4 * parameters);
    const adam = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
    const moments = report(planOf({ stem: all }, { train: { ...train, optimizer: adam } }));
    expect(moments.trainableBytes).toBe(head + stem + 8 * parameters);
  });

  it('counts the sparse update: masks, biases, saved inputs and weights of convolutions, the input of the head', () => {
    const headInput = 8;
    expect(report(planOf({})).sparseUpdateBytes).toBe(headInput);
    expect(report(planOf({ last: bias })).sparseUpdateBytes).toBe(headInput + 16 + 32);
    // Masks of all three; 16 positions and 8 weights for each of 4 channels of the last.
    const some = { bias: true, weights: { kind: 'channels', count: 4, first: true } } as const;
    expect(report(planOf({ stem: bias, last: some })).sparseUpdateBytes).toBe(
      headInput + 3 * 16 + 2 * 32 + 4 * (16 + 8),
    );
  });

  it('says which layers train, of which size', () => {
    const { layers } = report(planOf({ stem: bias, middle: all, last: all }));
    expect(layers).toMatchObject([
      { name: 'stem', bias: true, weights: 0, channels: 3, trainableBytes: 32 },
      { name: 'middle', bias: true, weights: 8, channels: 8, weightShape: [1, 3, 3, 8] },
      { name: 'last', bias: true, weights: 8, channels: 8, weightShape: [8, 1, 1, 8] },
      { name: 'classifier', bias: true, weights: 8, weightShape: [5, 1, 1, 8], trainableBytes: 180 },
    ]);
  });

  it('counts multiply-accumulates by what they are for', () => {
    const { macs } = report(planOf({ stem: bias, last: all }));
    const [stem, middle, last, head] = [16 * 8 * 27, 16 * 8 * 9, 16 * 64, 5 * 8];
    // The stem's own input gradient is wanted by nobody.
    expect(macs).toEqual({
      forward: stem + middle + last + head,
      backward: middle + last + head,
      update: last + head,
    });
  });

  it('is consistent in time and space, whatever trains', () => {
    const choice = fc.option(fc.constantFrom(bias, all), { nil: undefined });
    const updates = fc.record({ stem: choice, middle: choice, last: choice });
    fc.assert(
      fc.property(updates, fc.boolean(), (drawn, stream) => {
        const update = Object.fromEntries(
          Object.entries(drawn).flatMap(([name, value]) => (value ? [[name, value]] : [])),
        );
        const memory = report(planOf(update, { train: { ...train, stream } }));
        const { buffers, steps, peak, arenaBytes } = memory;
        expect(memory.lowerBoundBytes).toBeLessThanOrEqual(arenaBytes);
        expect(peak.bytes).toBe(Math.max(...steps.map(({ liveBytes }) => liveBytes)));
        expect(peak.bytes).toBeLessThanOrEqual(arenaBytes);
        for (const { home, first, last, offset, bytes } of buffers.filter((buffer) => buffer.home === 'arena')) {
          expect(offset + bytes).toBeLessThanOrEqual(arenaBytes);
          expect({ home, inside: first <= last && last < steps.length }).toEqual({ home: 'arena', inside: true });
        }
        const top = buffers.filter(({ home }) => home === 'arena').map(({ offset, bytes }) => offset + bytes);
        expect(Math.max(...top)).toBe(arenaBytes);
        const { trainableBytes, stateBytes, stackBytes, sramBytes } = memory;
        expect(arenaBytes + trainableBytes + stateBytes + stackBytes).toBe(sramBytes);
      }),
      { numRuns: 20 },
    );
  });

  it('names every limit that is exceeded, and by how much', () => {
    const memory = report(planOf({}));
    const { sramBytes, flashBytes } = memory;
    expect(memory.diagnostics).toEqual([]);
    const target = { core: 'cortex-m7', sramBytes, flashBytes } as const;
    expect(report(planOf({}, { target, budgetBytes: sramBytes })).diagnostics).toEqual([]);
    expect(report(planOf({}, { budgetBytes: sramBytes - 7 })).diagnostics).toMatchObject([
      { severity: 'error', code: 'budget-exceeded', message: expect.stringContaining(' 7 B more') },
    ]);
    // Without a budget of its own the plan has the target's SRAM: one error, not two.
    const small = { ...target, sramBytes: sramBytes - 1, flashBytes: flashBytes - 2 };
    expect(report(planOf({}, { target: small, budgetBytes: small.sramBytes })).diagnostics).toMatchObject([
      { code: 'sram-exceeded', message: expect.stringContaining(' 1 B more') },
      { code: 'flash-exceeded', message: expect.stringContaining(' 2 B more') },
    ]);
  });

  it('says why each buffer of the peak is alive', () => {
    const { peak, buffers } = report(planOf({ stem: bias, last: all }));
    expect(peak.alive.length).toBeGreaterThan(1);
    for (const { reason } of peak.alive) expect(reason).not.toBe('');
    const reasonOf = (wanted: string) => buffers.find(({ name }) => name === wanted)?.reason;
    expect(reasonOf('input')).toBe('input, read by stem');
    expect(reasonOf('stem')).toMatch(/^output of stem, read by middle and add/);
    expect(reasonOf('middle')).toBe('output of middle, read by last, held for the weight gradient of last');
    expect(reasonOf('stem_mask')).toBe('clamp mask of stem, for its gradient');
  });

  it('lists what is streamed, and nothing with streaming off', () => {
    const { chains, steps } = report(planOf({ last: bias }));
    expect(chains.length).toBeGreaterThan(0);
    for (const { layers, step, kind } of chains) {
      expect(layers.length).toBeGreaterThan(1);
      expect(layers).toContain(steps[step]?.layer);
      expect(kind).toBe(steps[step]?.phase === 'forward' ? 'rows' : 'channels');
    }
    expect(report(planOf({ last: bias }, { train: { ...train, stream: false } })).chains).toEqual([]);
  });
});
