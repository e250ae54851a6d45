import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPlan, parsePlan, printPlan } from '../../language/index.ts';
import { careless, plans } from './plans.ts';

const lines = (...all: readonly string[]) => `${all.join('\n')}\n`;

describe('formatting', () => {
  it('indents, sets one space between words and two before comments, which stand in one column', () => {
    expect(
      formatPlan(
        lines(
          '',
          '   model   "a  b"// the model',
          'budget 160KB   // all',
          '',
          '',
          'update{',
          '',
          'a..b :bias,weights 1 / 4;c: none',
          '// whole line',
          '     d:weights',
          'all',
          '',
          '}',
          '',
        ),
      ),
    ).toBe(
      lines(
        'model "a  b"   // the model',
        'budget 160 KB  // all',
        '',
        'update {',
        '  a .. b: bias, weights 1/4; c: none',
        '  // whole line',
        '  d: weights',
        '  all',
        '}',
      ),
    );
  });

  it('indents what a comma carries on', () => {
    expect(formatPlan(lines('update {', 'a: bias,', 'weights all', 'b: bias', '}'))).toBe(
      lines('update {', '  a: bias,', '    weights all', '  b: bias', '}'),
    );
  });

  it('keeps blocks on one line, the kind of line end, and texts in quotes as they are', () => {
    expect(formatPlan('data "a..b//c 1 / 2"{resize 9 x 9;skip-broken}\r\ntrain{}\r\n')).toBe(
      'data "a..b//c 1 / 2" { resize 9x9; skip-broken }\r\ntrain {}\r\n',
    );
  });

  it('leaves nothing of an empty plan, and never fails on a broken one', () => {
    expect(formatPlan(' \n\n')).toBe('');
    expect(formatPlan('}} { "x\n@ ..: , 1/')).toBe('} } { "x\n  @ ..:, 1/\n');
  });

  it('leaves printed plans alone', () => {
    fc.assert(
      fc.property(plans(['a', 'b.c'], 16), (plan) => {
        const text = printPlan(plan);
        expect(formatPlan(text)).toBe(text);
      }),
    );
  });

  it('changes neither tokens nor comments, and nothing the second time', () => {
    const choices = fc.array(fc.nat(6), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(plans(['a', 'bias', 'b.c'], 16), choices, (plan, layout) => {
        const text = careless(printPlan(plan), layout);
        const formatted = formatPlan(text);
        expect(formatPlan(formatted)).toBe(formatted);
        expect(printPlan(parsePlan(formatted, 'a'))).toBe(printPlan(parsePlan(text, 'a')));
        const comments = (each: string) => each.match(/\/\/ none .. "/g) ?? [];
        expect(comments(formatted)).toEqual(comments(text));
      }),
      { numRuns: 200 },
    );
  });
});
