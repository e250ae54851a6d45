import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { operatorRules } from '../../compiler/operators/index.ts';
import { run } from '../../extension/cli/run.ts';
import { boards } from '../../language/boards.ts';
import { parsePlan } from '../../language/index.ts';
import { dataSettings, statements, targetSettings, trainSettings } from '../../language/vocabulary.ts';
import { benches } from '../bench/benches.ts';

const root = resolve(import.meta.dirname, '../..');
const pages = ['README.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))].map((name) =>
  name === 'README.md' ? name : `docs/${name}`,
);
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** Fenced blocks without their indentation. */
function blocksOf(text: string, language: string): readonly string[] {
  const fence = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm');
  return Array.from(text.matchAll(fence), ([, indent = '', body = '']) => body.replaceAll(`\n${indent}`, '\n'));
}

/** Blocks and inline code: where commands stand. */
function codeOf(text: string): string {
  const inline = Array.from(text.replace(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/`([^`]+)`/g), ([, code = '']) => code);
  return [...blocksOf(text, 'sh'), ...inline].join('\n').replaceAll('\\\n', ' ');
}

/** As GitHub makes them. */
function anchorsOf(text: string): readonly string[] {
  return Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What a command prints for `--help`. */
async function helpOf(...args: readonly string[]): Promise<string> {
  let text = '';
  const code = await run([...args, '--help'], { out: (part) => (text += part), err: () => {} });
  return code === 0 ? text : '';
}

describe.each(pages)('%s', (page) => {
  const text = textOf(page);

  it('links to what is there', () => {
    const targets = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target);
    const broken = targets.filter((target) => {
      if (/^https?:/.test(target)) return false;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchorsOf(textOf(file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names scripts of package.json', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const named = Array.from(codeOf(text).matchAll(/npm (?:run (?:--silent )?(\w[\w:-]*)|(test|start)\b)/g), (match) =>
      String(match[1] ?? match[2]),
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('names commands and flags that exist', async () => {
    const lines = Array.from(codeOf(text).matchAll(/firmtune(?:\.js)? ([a-z]+)([^\n#]*)/g));
    for (const [, command = '', rest = ''] of lines) {
      const help = await helpOf(command);
      const missing = Array.from(rest.matchAll(/--[\w-]+/g), ([flag]) => flag).filter(
        (flag) => flag !== '--help' && !help.includes(flag),
      );
      expect({ command, known: help !== '', missing }).toEqual({ command, known: true, missing: [] });
    }
  });

  it('names measurements that exist', () => {
    const named = Array.from(codeOf(text).matchAll(/bench -- (\w+)/g), ([, name = '']) => name);
    expect(named.filter((name) => !(name in benches) && name !== 'NAME')).toEqual([]);
  });

  it('shows plans that parse', () => {
    for (const plan of blocksOf(text, 'trainplan')) expect(parsePlan(plan, page).diagnostics).toEqual([]);
  });
});

describe('docs/models.md', () => {
  it('lists the operators of the compiler, and which have a gradient', () => {
    const rows = Array.from(textOf('docs/models.md').matchAll(/^\| ([A-Z][A-Z0-9_]+) \| (\w+) \|/gm), (match) => [
      match[1],
      match[2],
    ]);
    const rules = Object.entries(operatorRules).map(([name, rule]) => [
      name,
      rule.backward === undefined ? 'no' : 'yes',
    ]);
    expect(rows).toEqual(rules);
  });
});

describe('docs/plans.md', () => {
  const text = textOf('docs/plans.md');

  it('shows every setting in its example', () => {
    const [example = ''] = blocksOf(text, 'trainplan');
    const settings = [statements, targetSettings, trainSettings, dataSettings].flatMap((group) => Object.keys(group));
    // Pictures are resized to the model's input anyway.
    const absent = settings.filter((name) => name !== 'resize' && !new RegExp(`^ *${name}\\b`, 'm').test(example));
    expect(absent).toEqual([]);
  });

  it('lists every board', () => {
    expect(Object.keys(boards).filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('docs/cli.md', () => {
  it('has a row for every command', async () => {
    const text = textOf('docs/cli.md');
    const commands = Array.from((await helpOf()).matchAll(/^ {2}([a-z]+) /gm), ([, name = '']) => name);
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter((name) => !new RegExp(`^\\| \`${name}[ \`]`, 'm').test(text))).toEqual([]);
  });
});
