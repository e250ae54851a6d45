/** Models in LiteRT (TensorFlow Lite) as WebAssembly, in a browser without a network. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Graph, type Layer, type Tensor, tensorAt } from '../../compiler/model/graph.ts';
import { writeTflite } from '../../compiler/model/write-tflite.ts';
import { scaleOf, zeroPointOf } from '../../compiler/operators/quantisation.ts';
import { launch } from '../webview/harness.ts';

const runtime = 'node_modules/@litertjs/core/wasm';
const page = `
import { loadLiteRt, loadAndCompile, Tensor } from '@litertjs/core';
window.infer = async (shape) => {
  await loadLiteRt('/wasm/');
  const model = await loadAndCompile('/model.tflite', { accelerator: 'wasm' });
  const inputs = new Float32Array(await (await fetch('/inputs')).arrayBuffer());
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const results = [];
  for (let start = 0; start < inputs.length; start += size) {
    const input = new Tensor(inputs.slice(start, start + size), shape);
    const [result] = await model.run(input);
    results.push([...(await result.data())]);
    input.delete();
    result.delete();
  }
  return results;
};`;

/** Results in real units, of an int8 model with one input and one output. */
export async function inferWithLiteRt(
  model: Graph,
  inputs: readonly (Int8Array | Uint8Array)[],
): Promise<readonly (readonly number[])[]> {
  const input = tensorAt(model, model.inputs[0] ?? -1);
  const [scale, zeroPoint] = [scaleOf(input), zeroPointOf(input)];
  const real = Float32Array.from(
    inputs.flatMap((codes) => [...new Int8Array(codes.slice().buffer)]),
    (code) => scale * (code - zeroPoint),
  );
  const bundle = await build({
    stdin: { contents: page, resolveDir: '.' },
    bundle: true,
    write: false,
    format: 'iife',
    logLevel: 'error',
  });
  const script = bundle.outputFiles[0]?.text ?? '';
  const contents: Readonly<Record<string, readonly [string, string | Uint8Array]>> = {
    '/': ['text/html', '<script src="/page.js"></script>'],
    '/page.js': ['text/javascript', script],
    '/model.tflite': ['application/octet-stream', writeTflite(withFloatEnds(model))],
    '/inputs': ['application/octet-stream', new Uint8Array(real.buffer)],
  };
  const server = createServer(({ url = '/' }, response) => {
    const file = /^\/wasm\/(\w+\.(js|wasm))$/.exec(url);
    const [type, body] =
      file === null
        ? (contents[url] ?? ['text/plain', ''])
        : [file[2] === 'js' ? 'text/javascript' : 'application/wasm', readFileSync(join(runtime, file[1] ?? ''))];
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await launch();
  try {
    const { port } = server.address() as AddressInfo;
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${port}/`);
    return await tab.evaluate<number[][]>(`infer(${JSON.stringify(input.shape)})`);
  } finally {
    await browser.close();
    server.close();
  }
}

/** LiteRT.js has no int8 tensors: QUANTIZE in front and DEQUANTIZE behind give the same codes. */
function withFloatEnds(model: Graph): Graph {
  const tensors: Tensor[] = [...model.tensors];
  const float = (shape: readonly number[]): number => {
    tensors.push({ id: tensors.length, name: `float${tensors.length}`, shape, dtype: 'float32' });
    return tensors.length - 1;
  };
  const layer = (operator: string, from: number, to: number): Layer => {
    const name = `${operator} ${to}`;
    return { index: 0, name, fullName: name, operator, inputs: [from], outputs: [to], attributes: { kind: 'none' } };
  };
  const [input = -1] = model.inputs;
  const [output = -1] = model.outputs;
  const start = float(tensorAt(model, input).shape);
  const layers = [layer('QUANTIZE', start, input), ...model.layers];
  const { dtype, shape } = tensorAt(model, output);
  const end = dtype === 'float32' ? output : float(shape);
  if (end !== output) layers.push(layer('DEQUANTIZE', output, end));
  return {
    ...model,
    tensors,
    layers: layers.map((each, index) => ({ ...each, index })),
    inputs: [start],
    outputs: [end],
  };
}
