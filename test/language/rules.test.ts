import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyEdits,
  boards,
  boardsFromSettings,
  cores,
  parsePlan,
  placeDiagnostics,
  resolveFully,
  resolvePlan,
} from '../../language/index.ts';
import { exampleGraph, sketchGraph } from './graphs.ts';

function resolved(text: string, graph = exampleGraph, file = 'a.trainplan', ownBoards = {}) {
  const result = resolvePlan(parsePlan(text, file), graph, { boards: ownBoards });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics, null, 1));
  return result.value;
}

const head = 'model "m"\ntarget stm32f746\n';

function trained(lines: string, graph = exampleGraph): string[] {
  return [...resolved(`${head}update {\n${lines}\n}`, graph).update].map(([name, { bias, weights }]) => {
    const size =
      weights.kind === 'fraction'
        ? `${weights.first ? 'first ' : ''}${weights.numerator}/${weights.denominator}`
        : weights.kind === 'channels'
          ? `${weights.first ? 'first ' : ''}${weights.count}`
          : '-';
    return `${name} ${bias ? 'bias' : '-'} ${size}`;
  });
}

const block8 = ['block8.pointwise1', 'block8.depthwise', 'block8.pointwise2'];

describe('update lines', () => {
  it('add to what earlier lines said of the other part, and replace what they said of the same', () => {
    expect(trained('stem: bias\nstem: weights 1/2')).toEqual(['stem bias 1/2']);
    expect(trained('stem: weights all\nstem: bias, weights 1/2')).toEqual(['stem bias 1/2']);
  });

  it('take bias, weights or both away with `none`', () => {
    const all = 'stem: bias, weights all\n';
    expect(trained(`${all}classifier: bias\nstem: none`)).toEqual(['classifier bias -']);
    expect(trained(`${all}stem: bias none`)).toEqual(['stem - 1/1']);
    expect(trained(`${all}stem: weights none`)).toEqual(['stem bias -']);
  });

  it('hold ranges in execution order, whatever the order of the text, without layers that have no weights', () => {
    const expected = [...block8, 'block9.pointwise1'].map((name) => `${name} bias -`);
    expect(trained('block9.pointwise1: bias\nblock8.pointwise1..add8: bias')).toEqual(expected);
  });

  it('take the largest channels unless told `first`', () => {
    expect(trained('stem: weights 1/2')).toEqual(['stem - 1/2']);
    expect(trained('stem: weights first 1/2')).toEqual(['stem - first 1/2']);
    expect(trained('classifier: weights first 3 channels')).toEqual(['classifier - first 3']);
    expect(trained('classifier: weights 3channels')).toEqual(['classifier - 3']);
  });

  it('match `*` over dots and `?` over one character, in quotes against full names too', () => {
    expect(trained('block8*: bias')).toEqual(block8.map((name) => `${name} bias -`));
    expect(trained('block?.depthwise: bias')).toHaveLength(3);
    expect(trained('*: bias')).toHaveLength(14);
    expect(trained('"head/*": bias')).toEqual(['classifier bias -']);
    expect(trained('"head/classifier/BiasAdd": bias')).toEqual(['classifier bias -']);
    expect(trained('"block8.depth*" : bias')).toEqual(['block8.depthwise bias -']);
  });

  it('match quickly however many stars a pattern has', () => {
    const graph = sketchGraph([
      { name: 'a'.repeat(2000), operator: 'CONV_2D', weights: [1, 1, 1, 8] },
      { name: 'b', operator: 'CONV_2D', weights: [1, 1, 1, 8] },
    ]);
    expect(trained(`${'a*'.repeat(60)}: bias`, graph)).toHaveLength(1);
  });

  it('may call a layer by any keyword', () => {
    const names = ['bias', 'weights', 'none', 'all', 'first', 'channels', 'update', 'model', 'steps', 'KB', 'warm-up'];
    const graph = sketchGraph(names.map((name) => ({ name, operator: 'CONV_2D', weights: [8, 1, 1, 8] })));
    const lines = names.map((name) => `${name}: bias none\n${name}: bias, weights 4 channels`).join('\n');
    expect(trained(`${lines}\nbias..none: weights all`, graph)).toHaveLength(names.length);
    expect(trained('none: none\nall: weights all', graph)).toEqual(['all - 1/1']);
  });

  it('may follow one another on a line, with or without a semicolon', () => {
    expect(trained('stem: bias; classifier: weights all stem: weights 1/2')).toEqual([
      'stem bias 1/2',
      'classifier - 1/1',
    ]);
  });

  it('count depthwise channels by the last dimension of the weights', () => {
    const result = resolvePlan(parsePlan(`${head}update { block8.depthwise: weights 48 channels }`, 'a'), exampleGraph);
    expect(result.ok).toBe(true);
  });
});

describe('layers that can train', () => {
  it('are those whose weights are constant and int8', () => {
    const { graph } = { graph: sketchGraph([{ name: 'a', operator: 'CONV_2D', weights: [4, 1, 1, 4] }]) };
    const activation = { ...graph, tensors: graph.tensors.map(({ data: _, ...tensor }) => tensor) };
    const float = { ...graph, tensors: graph.tensors.map((tensor) => ({ ...tensor, dtype: 'float32' as const })) };
    for (const other of [activation, float]) {
      const result = resolvePlan(parsePlan(`${head}update { a: bias }`, 'a'), other);
      expect(result.diagnostics.map(({ code }) => code)).toEqual(['layer-without-weights']);
    }
  });
});

describe('target and budget', () => {
  it('take the figures of a board, each of which the block may override', () => {
    const plan = resolved('model "m"\ntarget stm32f746 { sram 300 KB }\ntrain{classes 2}');
    expect(plan.target).toEqual({
      core: 'cortex-m7',
      board: 'stm32f746',
      sramBytes: 300 * 1024,
      flashBytes: 1024 * 1024,
      clockHz: 216e6,
    });
    expect(plan.budgetBytes).toBe(300 * 1024);
  });

  it('know boards that the user adds', () => {
    const own = { core: 'cortex-m4', sramBytes: 1, flashBytes: 2, clockHz: 3, source: 'mine' };
    expect(resolved('model "m" target mine train{classes 2}', exampleGraph, 'a', { mine: own }).target).toEqual({
      core: 'cortex-m4',
      board: 'mine',
      sramBytes: 1,
      flashBytes: 2,
      clockHz: 3,
    });
    const clockless = { ...own, clockHz: 0 };
    expect(
      resolved('model "m" target mine train{classes 2}', exampleGraph, 'a', { mine: clockless }).target,
    ).not.toHaveProperty('clockHz');
  });

  it('read boards from settings, and say which are none', () => {
    const good = { core: 'cortex-m4', sram: '1.5 KB', flash: '1 MB', clockMHz: 64 };
    const settings = { a: good, b: 5, c: { ...good, core: 'z80' }, d: { ...good, sram: '0 KB' }, 'e f': good };
    const { boards: read, problems } = boardsFromSettings(settings);
    expect(read).toEqual({
      a: { core: 'cortex-m4', sramBytes: 1536, flashBytes: 1 << 20, clockHz: 64e6, source: 'your settings' },
    });
    expect(problems).toHaveLength(4);
    expect(boardsFromSettings(null)).toEqual({ boards: {}, problems: [] });
  });

  it('take units that touch the number, and whole bytes', () => {
    const plan = resolved('model "m" target{core cortex-m0+ sram 1.5MB flash 1000B} budget 160KB train{classes 2}');
    expect(plan.target).toEqual({ core: 'cortex-m0+', sramBytes: 1572864, flashBytes: 1000 });
    expect(plan.budgetBytes).toBe(163840);
  });

  it('have a plausible figure and a source for every board', () => {
    for (const [name, board] of Object.entries(boards)) {
      expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(cores).toContain(board.core);
      expect(board.source).not.toBe('');
      expect(board.sramBytes % 1024).toBe(0);
      expect(board.flashBytes).toBeGreaterThanOrEqual(board.sramBytes);
      expect(resolved(`model "m" target ${name} train { classes 2 }`).target.board).toBe(name);
    }
  });

  it('hold the emulator benches to their linker scripts', () => {
    for (const name of ['mps2-an386', 'mps2-an500', 'mps3-an547']) {
      expect(boards[name]).toMatchObject({ sramBytes: 256 * 1024, flashBytes: 1024 * 1024 });
    }
  });
});

describe('the block of data', () => {
  const dataOf = (block: string) => resolved(`${head}data "dir" { ${block} }`).data;

  it('says what is heard, held out, and where the classes are', () => {
    expect(dataOf('features mfcc 40 bands from 20 to 4000Hz; frames 30ms every 20 ms')).toMatchObject({
      features: { kind: 'mfcc', bands: 40, lowest: 20, highest: 4000, frameMs: 30, hopMs: 20 },
    });
    expect(dataOf('windows every 500ms')).toMatchObject({ windows: { every: 500, unit: 'ms' } });
    expect(dataOf('features log-mel')).toMatchObject({ features: { kind: 'log-mel' } });
    expect(dataOf('fit crop split 1/5 label "what it is"')).toMatchObject({
      fit: 'crop',
      split: { numerator: 1, denominator: 5 },
      label: 'what it is',
    });
    expect(dataOf('label data augment crop 8 flip')).toMatchObject({
      label: 'data',
      augment: { flip: true, shift: 0, crop: 8 },
    });
  });

  it.each([
    ['split 5/5', 'number-out-of-range'],
    ['fit cropped', 'unknown-value'],
    ['features mel', 'unknown-value'],
    ['features mfcc from 4000 to 20 Hz', 'range-reversed'],
    ['frames 0 ms every 20 ms', 'number-out-of-range'],
    ['augment shift 4 shift 5', 'duplicate-setting'],
    ['windows every 2.5 rows', 'number-out-of-range'],
    ['windows every 0 ms', 'number-out-of-range'],
    ['augment crop 2000', 'number-out-of-range'],
  ])('refuses %s', (block, code) => {
    const { diagnostics } = resolveFully(parsePlan(`${head}data "dir" { ${block} }`, 'a'), undefined);
    expect(diagnostics.filter(({ severity }) => severity === 'error').map((each) => each.code)).toEqual([code]);
  });
});

describe('other statements', () => {
  it('read the block of data, the input size and every train setting', () => {
    const plan = resolved(`${head}input 96 x 64
data "dir" { resize 128x128; augment flip shift 4; normalise 127.5 127.5; skip-broken }
train {
  classes 3 head int8 loss mean-squared-error optimizer adam learning-rate 1e-3 schedule cosine 5000 steps
  warm-up 7steps batch 8 epochs 2 seed 0 scaling off weights int8-stochastic gradients int16 stream off
}`);
    expect(plan.input).toEqual({ width: 96, height: 64 });
    expect(plan.data).toEqual({
      path: 'dir',
      resize: { width: 128, height: 128 },
      augment: { flip: true, shift: 4 },
      normalise: { mean: 127.5, deviation: 127.5 },
      skipBroken: true,
    });
    expect(plan.train).toEqual({
      classes: 3,
      head: 'int8',
      loss: 'mean-squared-error',
      optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      learningRate: 0.001,
      schedule: { kind: 'cosine', steps: 5000 },
      warmUpSteps: 7,
      batch: 8,
      epochs: 2,
      seed: 0,
      scaling: false,
      weights: 'int8-stochastic',
      gradients: 'int16',
      stream: false,
    });
  });

  it.each([
    ['plans/my plan-2.trainplan', 'my_plan_2'],
    ['C:\\x\\49kb.trainplan', 'plan_49kb'],
    ['shelf.trainplan', 'shelf'],
    ['', 'plan'],
  ])('name the plan after its file: %s', (file, name) => {
    expect(resolved(`${head}train{classes 2}`, exampleGraph, file).name).toBe(name);
  });

  it('leave layers alone while the model is unknown', () => {
    const { plan, diagnostics } = resolveFully(parsePlan(`${head}update { nowhere: bias }`, 'a'), undefined);
    expect(diagnostics).toEqual([]);
    expect(plan?.update.size).toBe(0);
  });
});

describe('diagnostics of the compiler', () => {
  const text = `${head}budget 9 KB
input 96x96
train {
  classes 3
}
update {
  stem: bias
  classifier: bias // kept
}
`;
  const resolution = resolveFully(parsePlan(text, 'a'), exampleGraph);
  const placed = (code: string, layer?: string) => {
    const bare = {
      severity: 'error',
      code,
      message: '',
      remedy: '',
      ...(layer === undefined ? {} : { layer }),
    } as const;
    const [diagnostic] = placeDiagnostics(resolution, 'a', [bare]);
    const fix = diagnostic?.fixes?.[0];
    return { line: diagnostic?.range?.line, fixed: fix && applyEdits(text, fix.edits) };
  };

  it('go to the line that can change them', () => {
    expect(placed('budget-exceeded').line).toBe(3);
    expect(placed('flash-exceeded').line).toBe(2);
    expect(placed('no-channels', 'classifier').line).toBe(10);
    expect(placed('unsupported-operator', 'pool').line).toBe(1);
  });

  it('offer to take away what the model does not allow', () => {
    expect(placed('input-too-small', 'pool')).toEqual({ line: 4, fixed: text.replace('input 96x96\n', '') });
    expect(placed('head-not-a-classifier', 'classifier')).toEqual({
      line: 6,
      fixed: text.replace('  classes 3\n', ''),
    });
  });

  it('offer to freeze what lies below an operator without a gradient', () => {
    expect(placed('no-gradient', 'pool')).toEqual({ line: 9, fixed: text.replace('  stem: bias\n', '') });
  });
});

describe('any text', () => {
  it('is read in no time, also if quotes with backslashes do not end', () => {
    const [diagnostic] = parsePlan(`model "${'\\\\'.repeat(200)}`, 'a').diagnostics;
    expect(diagnostic?.code).toBe('unclosed-string');
  });

  const whole = `${head}name a\nbudget 1 KB\ndata "d" { augment flip }\ntrain { batch 2 }\nupdate { a..b: bias, weights 1/4 "c": none }`;

  it('is answered with diagnostics, never with an exception', () => {
    for (let end = 0; end <= whole.length; end++) resolvePlan(parsePlan(whole.slice(0, end), 'a'), exampleGraph);
    const pieces = fc.constantFrom(
      ...whole.split(/(\s+|\b)/),
      '..',
      ':',
      '{',
      '}',
      '"',
      '//',
      '@',
      '1/0',
      '\u0000',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const parsed = parsePlan(parts.join(' '), 'a');
        resolvePlan(parsed, exampleGraph);
        for (const { range } of parsed.diagnostics) expect(range?.line).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
