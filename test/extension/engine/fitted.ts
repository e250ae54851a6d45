/** Fit to budget of the sample, by the engine's own handlers. */
import { readFileSync } from 'node:fs';
import type { Work } from '../../../extension/engine/channel.ts';
import {
  type DescribedFit,
  describeChoice,
  describeFit,
  type FitInput,
  type FitProgress,
  type FitResult,
  searchFit,
} from '../../../extension/engine/fit.ts';
import { openModel } from '../../../extension/engine/models.ts';
import type { FitChoice } from '../../../webview/messages.ts';

const folder = 'extension/samples/garments';
const uri = 'file:///sample/garments.trainplan';

export const sampleText = readFileSync(`${folder}/garments.trainplan`, 'utf8');

/** Few choices, so that searches are quick and end with a proof. */
export const measured = {
  biases: [{ from: 'block3.pointwise1', gain: 3 }],
  weights: [
    { layer: 'block3.pointwise1', weights: '1/4', gain: 1 },
    { layer: 'block3.pointwise1', weights: 'all', gain: 2.5 },
    { layer: 'block4.pointwise1', weights: '1/2', gain: 1.5 },
    { layer: 'last_conv', weights: 'all', gain: 4 },
  ],
};

export function sampleInput(contributions?: object, text = sampleText): FitInput {
  openModel({
    uri: 'file:///sample/garments.tflite',
    bytes: new Uint8Array(readFileSync(`${folder}/garments.tflite`)),
  });
  const file = contributions && { file: 'garments.contributions.json', text: JSON.stringify(contributions) };
  return { uri, text, boards: '{}', ...(file === undefined ? {} : { contributions: file }) };
}

export function described(input: FitInput, others: Parameters<typeof describeFit>[0]['others'] = []): DescribedFit {
  return given(describeFit({ ...input, others }));
}

let calls = 0;

export async function searched(
  input: FitInput,
  budgetBytes: number,
  report: (progress: FitProgress, call: number) => void = () => {},
): Promise<FitResult> {
  const call = calls++;
  const work: Work<FitProgress> = {
    signal: new AbortController().signal,
    report: (progress) => report(progress, call),
  };
  return given(await searchFit({ ...input, call, budgetBytes }, work));
}

export function worded(input: FitInput, update: Parameters<typeof describeChoice>[0]['update']): Omit<FitChoice, 'id'> {
  const { choice } = given(describeChoice({ ...input, update }));
  if (choice === undefined) throw new Error('no choice');
  return choice;
}

function given<Answer extends { readonly kind: string }>(answer: Answer): Exclude<Answer, { kind: 'model-needed' }> {
  if (answer.kind === 'model-needed') throw new Error('the model was not given');
  return answer as Exclude<Answer, { kind: 'model-needed' }>;
}
