/** Draws docs/images/memory-*.svg: the timeline of the bundled sample, as the plan view exports it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { pictures, root, themes, withFolder } from './photograph.mjs';
import { openBrowser } from './workbench.mjs';

const inNode = `
  export { compiledPlan, garmentsPlan } from './test/webview/pictures.ts';
  export { themeVariables } from './test/webview/themes.ts';`;
const inPage = `
  import { timelineSvg } from './webview/plan/svg.ts';
  import { readTheme } from './webview/theme.ts';
  globalThis.draw = (picture) => timelineSvg(picture, null, readTheme());`;

process.chdir(root);
await withFolder(async (folder) => {
  const [node, page] = [join(folder, 'node.mjs'), join(folder, 'page.js')];
  const shared = { bundle: true, mainFields: ['module', 'main'], logLevel: 'warning' };
  await build({
    ...shared,
    stdin: { contents: inNode, resolveDir: root },
    outfile: node,
    platform: 'node',
    format: 'esm',
    loader: { '.c': 'text', '.h': 'text', '.ld': 'text' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  await build({ ...shared, stdin: { contents: inPage, resolveDir: root }, outfile: page, platform: 'browser' });
  const { compiledPlan, garmentsPlan, themeVariables } = await import(pathToFileURL(node).href);
  const { picture } = await compiledPlan(garmentsPlan, false);
  const browser = await openBrowser();
  try {
    const window = await browser.newPage();
    await window.addScriptTag({ path: page });
    for (const kind of Object.keys(themes)) {
      const drawn = await window.evaluate(drawIn, [picture, kind, themeVariables(kind)]);
      writeFileSync(join(pictures, `memory-${kind}.svg`), drawn);
    }
  } finally {
    await browser.close();
  }
});

/** In the page. */
function drawIn([picture, kind, variables]) {
  for (const [name, value] of Object.entries(variables)) document.documentElement.style.setProperty(name, value);
  document.body.className = `vscode-${kind}`;
  return globalThis.draw(picture);
}
