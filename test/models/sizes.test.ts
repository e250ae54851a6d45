import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import { readTflite } from '../../compiler/model/tflite.ts';
import type { Program } from '../../compiler/program.ts';
import type { Sample } from '../../compiler/simulate/data.ts';
import { pictureToCodes } from '../../compiler/simulate/picture.ts';
import { decodePicture } from '../../extension/data/pictures.ts';
import { parsePlan, resolvePlan } from '../../language/index.ts';
import { hasSharedData, sharedBytes } from '../support/corpus.ts';
import { expectUnchangedByInference, losses, lossRatio } from './learning.ts';
import { compareHost, hasHost, must, same, slow, timeout } from './targets.ts';

const models = [
  { name: 'vww_96', file: 'mlperf-tiny/vww_96_int8', head: 'int8', large: false },
  { name: 'mcunet-5fps', file: 'mcunetv3/mcunet-5fps', head: 'float32', large: true },
] as const;

const pictures = 'vww-coco-mini/train';

/** Each class count and each input size at least once. */
const changes = [
  { classes: 2, size: 80 },
  { classes: 3, size: 96 },
  { classes: 10, size: 128 },
  { classes: 37, size: 160 },
  { classes: 102, size: 96 },
] as const;

const cases = models.flatMap((model) => changes.map((change) => ({ ...model, ...change })));
type Case = (typeof cases)[number];

/** The model's plan with another classifier and input. */
function programOf({ name, file, head, classes, size }: Case): Program {
  const path = `test/models/plans/${name}.trainplan`;
  const settings = `train {\n  classes ${classes}\n  head ${head}\n`;
  const text = readFileSync(path, 'utf8')
    .replace(/ {2}classes \d+\n/, '')
    .replace('train {\n', settings)
    .replace('target {', `input ${size}x${size}\ntarget {`);
  const graph = must(readTflite(sharedBytes(`models/${file}.tflite`), name));
  return must(compile(graph, must(resolvePlan(parsePlan(text, path), graph)))).program;
}

/** A picture without and one with a person in turn, as the first and as the last class. */
function samplesOf({ classes, size }: Case, count: number): readonly Sample[] {
  const format = { width: size, height: size, channels: 3, dtype: 'int8', scale: 1, zeroPoint: 0 } as const;
  const pair = ['not_person', 'person'].map((folder, index) => {
    const [file = ''] = readdirSync(`../shared/data/${pictures}/${folder}`).sort();
    const picture = decodePicture(sharedBytes(`${pictures}/${folder}/${file}`));
    return { input: pictureToCodes(picture, format), label: index * (classes - 1) };
  });
  return Array.from({ length: count / 2 }, () => pair).flat();
}

describe.skipIf(!hasSharedData)('another classifier on another input (skipped: needs ../shared/data)', () => {
  describe.each(cases)('$name, $classes classes, $size pixels', (change) => {
    it('starts even between the classes, learns, and keeps every byte in inference', { timeout }, async () => {
      const program = programOf(change);
      const all = await losses(program, samplesOf(change, 40));
      expect(all[0]).toBeCloseTo(Math.log(change.classes), 5);
      expect(lossRatio(all, 10)).toBeLessThan(0.98);
      await expectUnchangedByInference(program, samplesOf(change, 4));
    });

    it.skipIf(!hasHost || (change.large && !slow))(
      'is the same in C, with sanitizers (skipped: needs gcc, large models FIRMTUNE_SLOW=1)',
      { timeout },
      async () => {
        const [training, program] = [samplesOf(change, 6), programOf(change)];
        const session = { training, inference: training.slice(0, 2).map(({ input }) => input) };
        expect(await compareHost({ program, session }, true)).toEqual(same);
      },
    );
  });
});
