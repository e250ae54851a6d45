/**
 * Checks that each folder imports only what it may. Usage: node .ci/imports.mjs [ROOT]
 *
 * Every import counts, types too. A folder may always import itself; the most specific row of the table applies.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, posix } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * folders: what else of the project; packages: names, or patterns with a `*` at the end; node: Node's own modules.
 * @type {Record<string, { folders: string[], packages: string[], node: boolean }>}
 */
const rules = {
  compiler: { folders: [], packages: ['flatbuffers'], node: false },
  language: { folders: ['compiler'], packages: ['langium', 'vscode-languageserver*'], node: false },
  webview: {
    folders: [],
    packages: [
      'chart.js',
      'chartjs-*',
      '@vscode/webview-ui-toolkit',
      '@vscode-elements/elements',
      '@dagrejs/dagre',
      'valibot',
    ],
    node: false,
  },
  extension: { folders: ['compiler', 'language', 'webview/messages.ts'], packages: ['*'], node: true },
  'extension/data': { folders: ['compiler'], packages: ['valibot', 'jpeg-js', 'fast-png'], node: false },
  'extension/cli': {
    folders: ['compiler', 'language', 'extension/data'],
    packages: ['flatbuffers', 'langium', 'valibot'],
    node: true,
  },
  'extension/cli/contribution': {
    folders: ['compiler', 'language', 'extension/data', 'extension/cli'],
    packages: ['valibot', 'bullmq', 'ioredis'],
    node: true,
  },
};

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..');
const violations = Object.keys(rules)
  .filter((folder) => !folder.includes('/'))
  .flatMap((folder) => sourceFiles(folder))
  .flatMap((file) => checkFile(file));
for (const violation of violations) console.error(violation);
if (violations.length > 0) process.exit(1);

function sourceFiles(folder) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) =>
      posix.join(
        ...join(entry.parentPath ?? entry.path, entry.name)
          .slice(root.length)
          .split(/[\\/]/),
      ),
    )
    .map((path) => path.replace(/^\//, ''))
    .sort();
}

function checkFile(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const owner = ownerOf(file);
  return importsOf(text).flatMap(({ specifier, line }) => {
    const problem = problemOf(owner, file, specifier);
    return problem === undefined ? [] : [`${file}:${line}: ${owner}/ must not import '${specifier}': ${problem}`];
  });
}

/** Finds too much rather than too little: a string that reads like an import counts as one, a comment does not. */
function importsOf(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '));
  const pattern = /(?<!['"`.$\w])(?:from\s*|import\s*\(?\s*|require\s*\(\s*)(['"])([^'"\n]+)\1/g;
  return Array.from(code.matchAll(pattern), (match) => ({
    specifier: match[2],
    line: code.slice(0, match.index).split('\n').length,
  }));
}

function ownerOf(path) {
  return Object.keys(rules)
    .filter((folder) => path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];
}

function problemOf(owner, file, specifier) {
  const rule = rules[owner];
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(posix.dirname(file), specifier));
    const inside = (folder) => target === folder || target.startsWith(`${folder}/`);
    return [owner, ...rule.folders].some(inside) ? undefined : `it may import ${listOf([owner, ...rule.folders])}`;
  }
  if (isBuiltin(specifier)) return rule.node ? undefined : 'it must run without Node';
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const allowed = rule.packages.some((it) => (it.endsWith('*') ? name.startsWith(it.slice(0, -1)) : name === it));
  return allowed ? undefined : `its packages are ${listOf(rule.packages)}`;
}

function listOf(names) {
  return names.join(', ');
}
