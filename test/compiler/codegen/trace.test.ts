import { describe, expect, it } from 'vitest';
import { generateC } from '../../../compiler/codegen/c.ts';
import { parseTrace, rangeAtLine, rangesOfLayer, type Trace } from '../../../compiler/codegen/trace.ts';
import { noFacts } from '../../support/facts.ts';
import { compiled, residual } from '../training/networks.ts';

const { program, network } = compiled(residual(), { classes: 3, batch: 2 });
const files = new Map(generateC(program, noFacts).map(({ path, text }) => [path, text]));
const lines = (files.get('small.c') ?? '').split('\n');

function traceOf(text: string | undefined): Trace {
  const trace = parseTrace(text ?? '');
  if (trace === undefined) throw new Error('this is no trace');
  return trace;
}
const trace = traceOf(files.get('small.trace.json'));

/** The lines of a range, from 1. */
const textOf = ({ first, last }: { readonly first: number; readonly last: number }): string =>
  lines.slice(first - 1, last).join('\n');

describe('the trace of a generated file', () => {
  it("gives each step the lines of the schedule's calls", () => {
    expect(trace.steps.map(({ layer, phase }) => [layer, phase])).toEqual(
      program.steps.map(({ layer, phase }) => [layer, phase]),
    );
    for (const [number, step] of trace.steps.entries()) {
      const kernels = [...textOf(step).matchAll(/^ *(ft_\w+)\(/gm)].map(([, kernel]) => kernel);
      expect(kernels).toEqual(program.steps[number]?.calls.map(({ kernel }) => kernel));
    }
  });

  it('leads from every call, constant and field to its layer', () => {
    const layers = new Set([...network.graph.layers.map(({ name }) => name), network.head.layer]);
    lines.forEach((line, index) => {
      const range = rangeAtLine(trace, index + 1);
      if (/^ {4,}ft_\w+\(/.test(line)) expect(range?.step, line).toBeTypeOf('number');
      if (/^static const (int8_t|ft_window) \w+/.test(line)) expect(range?.phase, line).toBe('constant');
      if (/^ {2}(int8_t|int32_t|float) \w+_trained_\w+\[/.test(line)) expect(range?.phase, line).toBe('memory');
      if (range !== undefined && range.layer !== '') expect(layers).toContain(range.layer);
    });
  });

  it('leads from a layer to its constants, memory, initial state, and steps of every phase', () => {
    const phases = new Set(rangesOfLayer(trace, 'project').map(({ phase }) => phase));
    expect([...phases].sort()).toEqual(['backward', 'constant', 'forward', 'initialise', 'memory', 'update']);
    const definition = rangesOfLayer(trace, 'project').find(({ phase }) => phase === 'constant');
    expect(definition && textOf(definition)).toContain('static const int8_t project_weights');
  });

  it('has ranges in ascending order that do not overlap', () => {
    let end = 0;
    for (const { first, last } of trace.ranges) {
      expect(first).toBeGreaterThan(end);
      expect(last).toBeGreaterThanOrEqual(first);
      end = last;
    }
    expect(end).toBeLessThanOrEqual(lines.length);
  });

  it('is refused where a file is something else', () => {
    expect(parseTrace('{')).toBeUndefined();
    expect(parseTrace('{"version": 2, "source": "a.c", "steps": [], "ranges": []}')).toBeUndefined();
    expect(parseTrace('{"version": 1, "source": "a.c", "steps": [], "ranges": [{"layer": 3}]}')).toBeUndefined();
  });
});
