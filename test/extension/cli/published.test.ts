/** The command line on published models and schemes. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { MemoryReport } from '../../../compiler/memory/report.ts';
import { cli } from '../../support/cli.ts';
import { hasSharedData, modelFiles } from '../../support/corpus.ts';

const data = '../shared/data';
const golden = (file: string) => JSON.parse(readFileSync(`${data}/golden/${file}`, 'utf8')).models;

/** Bytes of the 15 published schemes, by their definition (Lin et al., NeurIPS 2022). */
const publishedBytes: Readonly<Record<string, number>> = {
  'mbv2-w0.35-49kb': 51_002,
  'mbv2-w0.35-73kb': 75_648,
  'mbv2-w0.35-99kb': 101_792,
  'mbv2-w0.35-123kb': 126_528,
  'mbv2-w0.35-138kb': 141_568,
  'mcunet-5fps-49kb': 50_944,
  'mcunet-5fps-74kb': 76_608,
  'mcunet-5fps-99kb': 102_240,
  'mcunet-5fps-124kb': 127_968,
  'mcunet-5fps-148kb': 151_968,
  'proxyless-w0.3-49kb': 50_848,
  'proxyless-w0.3-74kb': 76_672,
  'proxyless-w0.3-98kb': 100_896,
  'proxyless-w0.3-120kb': 123_136,
  'proxyless-w0.3-148kb': 151_776,
};

describe.skipIf(!hasSharedData)('infer --tensors (skipped: needs ../shared/data)', () => {
  it.each(['mcunet-5fps', 'mbv2-w0.35'])('gives the CRC-32 of every tensor of %s', async (name) => {
    const { code, json } = await infer(`mcunetv3/${name}.tflite`, 'inputs.i8');
    expect(code).toBe(0);
    expect(json.tensors).toEqual(golden('golden.json')[name].crc32);
    const logits = readFileSync(`${data}/golden/${name}.logits_tflm.i8`);
    expect(Buffer.from(json.outputs.flat()).equals(logits)).toBe(true);
  });

  it.each([
    'vww_96_int8',
    'pretrainedResnet_quant',
    'kws_ref_model',
    'ad01_int8',
    'micro_speech_quantized',
    'hello_world_int8',
  ])('gives the CRC-32 of every tensor of %s', async (name) => {
    const model = modelFiles().find((file) => file.endsWith(`/${name}.tflite`)) ?? '';
    const { code, json } = await infer(model.replace('models/', ''), `${name}.inputs.i8`);
    expect(code).toBe(0);
    expect(json.tensors).toEqual(golden('golden-others.json')[name].tensors);
  });

  function infer(model: string, inputs: string) {
    return cli('infer', `${data}/models/${model}`, '--input', `${data}/golden/${inputs}`, '--tensors', '--json');
  }
});

describe.skipIf(!hasSharedData)('plan (skipped: needs ../shared/data)', () => {
  const report = async (name: string): Promise<MemoryReport> => {
    const { code, json, err } = await cli('plan', `${data}/plans/${name}.trainplan`, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return json;
  };

  it.each(Object.entries(publishedBytes))('counts the sparse update of %s as published: %i B', async (name, bytes) => {
    expect((await report(name)).sparseUpdateBytes).toBe(bytes);
  });

  it('prunes the backward pass of mcunet-5fps-49kb to what the scheme needs', async () => {
    const { steps, layers } = await report('mcunet-5fps-49kb');
    const calling = (wanted: RegExp) => [
      ...new Set(
        steps.filter(({ kernel }) => kernel.split('+').some((name) => wanted.test(name))).map(({ layer }) => layer),
      ),
    ];
    // Convolutions 22 (block7.depthwise) to 41 have biases that train; 22 is the deepest and hands nothing down.
    const convolutions = layers.slice(22, 42).map(({ name }) => name);
    expect(convolutions[0]).toBe('block7.depthwise');
    const reached = [...convolutions.slice(1), 'classifier'];
    const inputGradients = calling(/^ft_(dense|conv|depthwise|pointwise)_input_gradient/);
    expect(inputGradients.toSorted()).toEqual(reached.toSorted());
    expect(inputGradients).toHaveLength(20);

    const shapes = layers.flatMap(({ name, weightShape }) => (weightShape === undefined ? [] : [[name, weightShape]]));
    expect(shapes).toEqual([
      ['block8.pointwise1', [144, 1, 1, 12]],
      ['block9.pointwise1', [192, 1, 1, 24]],
      ['block10.pointwise1', [240, 1, 1, 24]],
      ['classifier', [10, 1, 1, 160]],
    ]);
    expect(calling(/weight_gradient/).toSorted()).toEqual(shapes.map(([name]) => name).toSorted());
    expect(layers.filter(({ bias }) => bias).map(({ name }) => name)).toEqual([...convolutions, 'classifier']);
  });

  it('counts the operations of mcunet-5fps-49kb', async () => {
    const { macs } = await report('mcunet-5fps-49kb');
    const weightGradients = 64 * (144 * 12 + 192 * 24 + 240 * 24) + 1600;
    expect(macs).toMatchObject({ forward: 22_455_104, update: weightGradients });
    // The input gradients of convolutions 23 to 41 and the classifier.
    expect(macs.backward + macs.update).toBe(9_929_600);
  });
});
