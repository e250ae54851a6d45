import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { boardsFromSettings, cores } from '../../language/index.ts';

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const manifest = json('package.json');
const { contributes } = manifest;

describe('the manifest', () => {
  it('has a text for every placeholder, and no text too many', () => {
    const used = [...readFileSync('package.json', 'utf8').matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key);
    expect([...new Set(used)].sort()).toEqual(Object.keys(json('package.nls.json')).sort());
  });

  it('gives every command a category and a condition', () => {
    const commands: readonly { command: string; category: string }[] = contributes.commands;
    const palette: readonly { command: string; when: string }[] = contributes.menus.commandPalette;
    expect(palette.map(({ command }) => command).sort()).toEqual(commands.map(({ command }) => command).sort());
    for (const { category } of commands) expect(category).toBe('Firmtune');
    for (const { when } of palette) expect(when).toBeTruthy();
  });

  it('runs nothing in a workspace that is not trusted', () => {
    const items = Object.values<readonly { command: string; when?: string }[]>(contributes.menus).flat();
    const running = items.filter(({ command }) => /generate|build|emulate|watchBoard/.test(command));
    expect(running.length).toBeGreaterThan(0);
    for (const { when } of running) expect(when).toContain('isWorkspaceTrusted');
    expect(manifest.capabilities.untrustedWorkspaces.supported).toBe('limited');
  });

  it('starts with a plan, a command, or a page of the last window only', () => {
    expect(manifest.activationEvents).toEqual(['onWebviewPanel:firmtune.monitor', 'onWebviewPanel:firmtune.fit']);
  });

  describe('in its walkthrough', () => {
    const [{ steps }] = contributes.walkthroughs;

    it('has at most six steps, each with a picture and what it shows in words', () => {
      expect(steps.length).toBeLessThanOrEqual(6);
      for (const { media } of steps)
        expect(media).toEqual({ svg: expect.stringMatching(/\.svg$/), altText: expect.anything() });
    });

    it('has pictures in the colours of every theme, which break no rule of the page that shows them', () => {
      const texts = json('package.nls.json');
      for (const { media } of steps) {
        const picture = readFileSync(media.svg, 'utf8');
        expect(picture).toContain(`<title>${texts[media.altText.slice(1, -1)]}</title>`);
        // Colours are variables; nothing is loaded, run or styled but by attributes.
        expect(picture).not.toMatch(/#[0-9a-f]{3,8}\b(?!;)|rgba?\((?!from var)/i);
        expect(picture).not.toMatch(/<script|<style|<foreignObject|\bstyle=|\bon\w+=|href="(?!data:)|url\((?!#)/i);
      }
    });
  });

  it('offers the cores that the compiler knows, and an example board that it takes', () => {
    const board = contributes.configuration.properties['firmtune.boards'].additionalProperties;
    expect(board.properties.core.enum).toEqual(cores);
    const [{ body }] = board.defaultSnippets;
    expect(boardsFromSettings({ mine: body }).problems).toEqual([]);
    for (const size of [body.sram, body.flash]) expect(size).toMatch(new RegExp(board.properties.sram.pattern));
  });
});

describe('the texts of the extension and its pages', () => {
  it('are all in the bundle for translators, and no others', () => {
    const { status, stderr } = spawnSync(process.execPath, ['.ci/texts.mjs'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
