import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { expect, it } from 'vitest';
import { defaultTrainSettings } from '../../../compiler/training/plan.ts';
import { inputGraph } from './memoryFiles.ts';

it('loads pictures where there is no Node, as in a browser', async () => {
  const bundle = await build({
    stdin: {
      contents: "import { loadDataSet } from './extension/data/load.ts'; globalThis.loadDataSet = loadDataSet;",
      resolveDir: '.',
    },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    logLevel: 'error',
  });
  const browser = createContext({ performance, setTimeout, TextDecoder, TextEncoder });
  runInContext(bundle.outputFiles[0]?.text ?? '', browser);
  const jpeg = encodeJpeg({ width: 2, height: 2, data: new Uint8Array(16).fill(90) }, 100).data;
  const png = encodePng({ width: 2, height: 2, channels: 1, data: new Uint8Array(4).fill(60) });
  // Arrays of this context are none of the browser's.
  const given = {
    jpeg: [...jpeg],
    png: [...png],
    plan: { data: { path: 'd', skipBroken: false }, train: defaultTrainSettings },
    network: { graph: inputGraph([1, 2, 2, 1]), head: { classes: 2 } },
  };
  runInContext(`globalThis.given = ${JSON.stringify(given)}`, browser);
  const codes: unknown = await runInContext(
    `(async () => {
      const { jpeg, png, plan, network } = given;
      const folders = { d: ['train'], 'd/train': ['a', 'b'] };
      const files = { 'd/train/a/x.jpg': jpeg, 'd/train/b/y.png': png };
      const list = async (path) =>
        folders[path]?.map((name) => ({ name, folder: true })) ??
        Object.keys(files).filter((file) => file.startsWith(path + '/')).map((file) => ({ name: file.slice(path.length + 1), folder: false }));
      const read = async (path) => files[path] && Uint8Array.from(files[path]);
      const result = await loadDataSet({ list, read }, plan, network, { choice: { seed: 1 } });
      return JSON.stringify(result.ok ? result.value.data.train.map(({ input }) => [...input]) : result.diagnostics);
    })()`,
    browser,
  );
  const code = (pixel: number): number[] => new Array<number>(4).fill((pixel - 128) & 255);
  expect(JSON.parse(String(codes))).toEqual([code(90), code(60)]);
});
