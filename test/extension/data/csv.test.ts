import { describe, expect, it } from 'vitest';
import { readCsv } from '../../../extension/data/csv.ts';
import { codesOf, complaints, loaded } from './memoryFiles.ts';

describe('comma-separated values', () => {
  const fieldsOf = (text: string) => readCsv(text).records.map(({ fields }) => fields);

  it('may be quoted, with separators, quotes and line breaks within', () => {
    expect(fieldsOf('a,"b, c","say ""no""","two\nlines"\r\n 1 ,2,,""\n')).toEqual([
      ['a', 'b, c', 'say "no"', 'two\nlines'],
      ['1', '2', '', ''],
    ]);
  });

  it('may be separated by semicolons or tabs, and end without a line break', () => {
    expect(fieldsOf('a;b\n1;2')).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
    expect(fieldsOf('\uFEFFa\tb\n\n1\t2\n')).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
  });

  it('keep their line numbers', () => {
    expect(readCsv('a\n"b\nc"\n\nd\n').records.map(({ line }) => line)).toEqual([1, 2, 5]);
  });

  it('are refused where quotes do not end, or the field goes on', () => {
    expect(() => readCsv('a\n"b')).toThrow('line 2: a quoted field does not end');
    expect(() => readCsv('"a"b,c')).toThrow("line 1: 'b' after a quoted field");
  });
});

describe('tables of sensor values', () => {
  const table = 'ax,ay,label\n0,1,still\n-1,2,"still"\n3,4,moving\n5,6,moving\n7,8,still\n';

  it('are samples by rows where a row fills the input', async () => {
    const { data } = await loaded({ 'train.csv': table }, { shape: [1, 2] });
    expect(data.classes).toEqual(['moving', 'still']);
    expect(data.train.map(({ label }) => label)).toEqual([1, 1, 0, 0, 1]);
    expect(codesOf(data.train)[1]).toEqual([-1, 5]);
    expect(data.train[1]?.name).toBe('d/train.csv (line 3)');
  });

  it('are cut into windows of rows with one class', async () => {
    const { data } = await loaded({ 'train.csv': table, 'test.csv': table }, { shape: [1, 2, 2] });
    expect(data.train.map(({ label, name }) => [label, name])).toEqual([
      [1, 'd/train.csv (lines 2 to 3)'],
      [0, 'd/train.csv (lines 4 to 5)'],
    ]);
    expect(codesOf(data.train)[0]).toEqual([1, 3, -1, 5]);
    expect(data.test).toHaveLength(2);
  });

  it('may have their classes in a column that the plan names, or no header', async () => {
    const named = 'activity;x;y\n2;0,5;1\n10;1;1,5\n';
    const { data } = await loaded({ 'a.csv': named }, { shape: [1, 2], data: { label: 'activity' } });
    expect(data.classes).toEqual(['2', '10']);
    expect(codesOf(data.train)).toEqual([
      [2, 3],
      [3, 4],
    ]);
    const bare = await loaded({ 'a.csv': '0,1,a\n2,3,b\n' }, { shape: [1, 2] });
    expect([bare.data.classes, bare.data.train.length]).toEqual([['a', 'b'], 2]);
    const numbers = await loaded({ 'a.csv': '0,1,0\n2,3,1\n' }, { shape: [1, 2] });
    expect(numbers.data.train.map(({ label }) => label)).toEqual([0, 1]);
  });

  it('are cut into windows that overlap where the plan says so', async () => {
    const long = `x,label\n${Array.from({ length: 10 }, (_, row) => `${row},${row < 6 ? 'a' : 'b'}`).join('\n')}\n`;
    const windows = { every: 2, unit: 'rows' as const };
    const { data } = await loaded({ 'train.csv': long }, { shape: [1, 4], data: { windows } });
    expect(codesOf(data.train)).toEqual([
      [1, 3, 5, 7],
      [5, 7, 9, 11],
      [13, 15, 17, 19],
    ]);
    expect(data.train.map(({ label }) => label)).toEqual([0, 0, 1]);
  });

  it('are held out by whole recordings where windows overlap', async () => {
    const runs = Array.from({ length: 80 }, (_, row) => `${row},${Math.floor(row / 8) % 2 === 0 ? 'a' : 'b'}`);
    const data = { windows: { every: 2, unit: 'rows' as const }, split: { numerator: 1, denominator: 5 } };
    const held = await loaded({ 'a.csv': `x,label\n${runs.join('\n')}\n` }, { shape: [1, 4], data });
    const linesOf = (samples: typeof held.data.test) =>
      samples.flatMap(({ name = '' }) => Array.from(name.matchAll(/\d+/g), Number));
    // Three windows of each of five recordings a class; one recording of each is held out.
    expect([held.data.train.length, held.data.test.length]).toEqual([24, 6]);
    const recordings = (samples: typeof held.data.test) => new Set(linesOf(samples).map((line) => (line - 2) >> 3));
    expect([...recordings(held.data.test)].filter((each) => recordings(held.data.train).has(each))).toEqual([]);
    const one = await complaints({ 'a.csv': 'x,label\n1,a\n2,a\n3,a\n4,b\n5,b\n6,b\n' }, { shape: [1, 2], data });
    expect(one).toMatchObject([{ code: 'split-empty' }]);
  });

  it('may be recordings in a folder for each class', async () => {
    const files = { 'train/still/a.csv': 'x,y\n1,2\n3,4\n5,6\n', 'train/moving/a.csv': '1,2\n3,4\n' };
    const { data } = await loaded(files, { shape: [1, 2, 2] });
    expect(data.train.map(({ label, name }) => [label, name])).toEqual([
      [0, 'd/train/moving/a.csv (lines 1 to 2)'],
      [1, 'd/train/still/a.csv (lines 2 to 3)'],
    ]);
  });

  it('need no labels for an autoencoder', async () => {
    const autoencoder = { shape: [1, 2], classes: 2, train: { loss: 'mean-squared-error' as const } };
    const { data } = await loaded({ 'train.csv': 'x,y\n1,2\n3,4\n' }, autoencoder);
    expect([data.classes, data.train.map(({ label }) => label)]).toEqual([[], [-1, -1]]);
    const labelled = await loaded({ 'train.csv': 'x,y,label\n1,2,fan\n3,4,pump\n' }, autoencoder);
    expect(labelled.data.train.map(({ label }) => label)).toEqual([0, 1]);
  });

  it.each([
    ['ragged rows', 'x,y,label\n1,2,a\n1,2\n', {}, 'data-damaged', /line 3 has 2 fields, line 1 has 3/],
    ['text for a number', 'x,y,label\n1,two,a\n', {}, 'data-damaged', /line 2, column 'y': 'two' is no number/],
    ['a missing number', 'x,y,label\n1,,a\n', {}, 'data-damaged', /'' is no number/],
    ['a missing label', 'x,y,label\n1,2,\n', {}, 'data-damaged', /line 2 has no label/],
    ['a column that is not there', 'x,y,label\n1,2,a\n', { label: 'kind' }, 'unknown-column', /no column 'kind'/],
    [
      'rows that cannot fill the input',
      'x,y,z,label\n1,2,3,a\n',
      {},
      'data-size',
      /rows of 3 values; the model takes 2/,
    ],
    ['nothing in it', '\n', {}, 'no-samples', /empty/],
    ['a header only', 'x,y,label\n', {}, 'no-samples', /header only/],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0x00), {}, 'data-damaged', /UTF-8/],
  ])('are refused with %s', async (_, text, data, code, message) => {
    const [first] = await complaints({ 'train.csv': text }, { shape: [1, 2], data });
    expect(first).toMatchObject({
      severity: 'error',
      code,
      file: 'd/train.csv',
      message: expect.stringMatching(message),
    });
  });

  it('are refused where windows are given by time', async () => {
    const data = { windows: { every: 2, unit: 'ms' as const } };
    expect(await complaints({ 'train.csv': table }, { shape: [1, 2], data })).toMatchObject([
      { code: 'windows-mismatch' },
    ]);
  });

  it('are refused where training and test differ, or none is the one to train on', async () => {
    const other = { 'train.csv': table, 'test.csv': 'ax,label\n1,still\n' };
    expect(await complaints(other, { shape: [1, 2] })).toMatchObject([{ code: 'mixed-sizes', file: 'd/test.csv' }]);
    expect(await complaints({ 'a.csv': table, 'b.csv': table }, { shape: [1, 2] })).toMatchObject([
      { code: 'data-unknown' },
    ]);
  });
});
