import { describe, expect, it } from 'vitest';
import { figureOf, readMonitorLine } from '../../../compiler/simulate/monitorLine.ts';

const read = (line: string) => {
  const found = readMonitorLine(line);
  return found && { event: found.event, ...Object.fromEntries(found.values) };
};

describe('a line of firmware that trains', () => {
  it('is a step without an event, and what its event says otherwise', () => {
    expect(read('firmtune: step=12 loss=0.5312 label=3 prediction=3')).toEqual({
      event: 'step',
      step: '12',
      loss: '0.5312',
      label: '3',
      prediction: '3',
    });
    expect(read('firmtune: eval step=600 correct=83 of=100')).toMatchObject({
      event: 'eval',
      correct: '83',
      of: '100',
    });
    expect(read('firmtune: done')).toEqual({ event: 'done' });
  });

  it('may stand behind the words of a logger, with colours, and before a carriage return', () => {
    expect(read('[00:00:01.250,000] <inf> app: firmtune: saved bytes=10\r')).toEqual({ event: 'saved', bytes: '10' });
    expect(read('\u001b[0;32mI (325) main: firmtune: step=1 loss=1.5\u001b[0m')).toMatchObject({
      step: '1',
      loss: '1.5',
    });
  });

  it.each(['hello', 'unfirmtune: step=1', 'firmtune: step=1 lo', 'firmtune: step=1 loss = 2', 'firmtune:step=1'])(
    'is none where it is something else or damaged: %j',
    (line) => {
      expect(read(line)).toBeUndefined();
    },
  );
});

describe('a figure', () => {
  it('is a number as C prints it, also where it is none', () => {
    expect(figureOf('0.5312')).toBe(0.5312);
    expect(figureOf('-nan')).toBeNaN();
    expect(figureOf('abc')).toBeUndefined();
    expect(figureOf('')).toBeUndefined();
  });
});
