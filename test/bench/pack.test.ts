import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPackingCsv, runPack } from './pack.ts';

describe('readPackingCsv', () => {
  it('reads half-open lifetimes, the columns in any order', () => {
    expect(readPackingCsv('id,size,lower,upper\nb1,4,0,3\nb2,8,3,9\n').items).toEqual([
      { size: 4, first: 0, last: 2 },
      { size: 8, first: 3, last: 8 },
    ]);
  });

  it('names the line that it cannot read', () => {
    expect(() => readPackingCsv('id,lower,upper\n1,0,1')).toThrow('line 1');
    expect(() => readPackingCsv('id,lower,upper,size\n1,0,1,5\n2,3,3,5')).toThrow('line 3: "2,3,3,5"');
    expect(() => readPackingCsv('id,lower,upper,size\n1,0,1,-5')).toThrow('line 2');
  });
});

const folder = '../shared/data/minimalloc';
describe.skipIf(!existsSync(folder))("MiniMalloc's hard instances (skipped: needs ../shared/data)", () => {
  const capacity = 1_048_576;
  it.each(['A', 'B', 'C', 'D', 'E', 'F', 'G'])('packs %s into the capacity', (name) => {
    const report = runPack([`${folder}/${name}.${capacity}.csv`, '--capacity', `${capacity}`, '--seconds', '25']);
    expect(report.height).toBeLessThanOrEqual(capacity);
  });

  it('finds the least height where no capacity is given', () => {
    expect(runPack([`${folder}/C.${capacity}.csv`])).toMatchObject({ height: 1_039_360, provenOptimal: true });
  });
});
