import { describe, expect, it } from 'vitest';
import { drawPlan, togglePlan } from '../../../extension/engine/plans.ts';
import { applyEdits } from '../../../language/index.ts';
import { sampleInput } from './fitted.ts';

const layer = 'block3.pointwise1';

function plan(text?: string) {
  const { uri, text: shown, boards } = sampleInput(undefined, text);
  return { uri, text: shown, boards };
}

function toggled(text: string | undefined, weights: 'none' | '1/2') {
  const answer = togglePlan({ ...plan(text), toggles: [{ layer, change: { weights } }] });
  if (answer.kind === 'model-needed') throw new Error('no model');
  return answer;
}

describe('a click on a switch, in the engine', () => {
  it('is answered by the edit and the picture of the text after it', () => {
    const { edit, drawn } = toggled(undefined, '1/2');
    if (edit === undefined) throw new Error('no edit');
    const after = drawPlan(plan(applyEdits(plan().text, [edit])));
    expect(drawn).toEqual(after);
    expect(drawn?.picture?.layers.find(({ name }) => name === layer)?.weights).toBe('weights 1/2');
  });

  it('is answered by nothing where the plan says so already', () => {
    const { edit } = toggled(undefined, '1/2');
    if (edit === undefined) throw new Error('no edit');
    expect(toggled(applyEdits(plan().text, [edit]), '1/2')).toEqual({ kind: 'edit' });
  });
});
