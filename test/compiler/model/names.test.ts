import { describe, expect, it } from 'vitest';
import { nameLayers } from '../../../compiler/model/names.ts';

const layer = (fullName: string, operator = 'CONV_2D') => ({ fullName, operator });

describe('nameLayers', () => {
  it('keeps bare names and makes up the others from operator and place', () => {
    expect(nameLayers([layer('block1.a-b'), layer('model/conv;1'), layer('3d'), layer('', 'FULLY_CONNECTED')])).toEqual(
      ['block1.a-b', 'conv1', 'conv2', 'dense3'],
    );
  });

  it('does not keep a name that two layers share', () => {
    expect(nameLayers([layer('x'), layer('x'), layer('y')])).toEqual(['conv0', 'conv1', 'y']);
  });

  it('makes up no name that another layer has in the file', () => {
    expect(nameLayers([layer('conv1'), layer('a/b'), layer('conv1-2')])).toEqual(['conv1', 'conv1-3', 'conv1-2']);
  });

  it('does not take wildcards, empty parts or a trailing dot for bare names', () => {
    expect(nameLayers([layer('a*'), layer('a?'), layer('a..b'), layer('a.')])).toEqual([
      'conv0',
      'conv1',
      'conv2',
      'conv3',
    ]);
  });

  it('has a word for every operator', () => {
    expect(nameLayers([layer('', 'HARD_SWISH'), layer('', 'CUSTOM:Detect/It'), layer('', 'MEAN')])).toEqual([
      'hard-swish0',
      'custom1',
      'mean2',
    ]);
  });
});
