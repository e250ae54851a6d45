/** The monitor's page with what its tests ask of it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { Publisher } from '../../extension/monitor/publisher.ts';
import type { RunStore } from '../../extension/monitor/runStore.ts';
import type { FromMonitorPage, ToMonitorPage } from '../../webview/messages.ts';
import { type Bundle, type Opened, type OpenOptions, openPage } from './harness.ts';

const require = createRequire(import.meta.url);

export interface MonitorPage extends Opened<ToMonitorPage, FromMonitorPage> {
  /** Sends all, and waits until they are drawn. */
  show(messages: readonly ToMonitorPage[]): Promise<void>;
  drawn(): Promise<void>;
  /** What axe-core finds, one line each. */
  axe(): Promise<readonly string[]>;
}

export async function openMonitor(browser: Browser, bundle: Bundle, options: OpenOptions = {}): Promise<MonitorPage> {
  const opened = await openPage<ToMonitorPage, FromMonitorPage>(browser, bundle, options);
  const { page } = opened;
  const drawn = async (): Promise<void> => {
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  };
  return {
    ...opened,
    drawn,
    async show(messages) {
      for (const message of messages) await opened.send(message);
      await drawn();
    },
    async axe() {
      // By the debugger, past the page's policy.
      await page.evaluate(readFileSync(require.resolve('axe-core'), 'utf8'));
      return page.evaluate(async () => {
        const { axe } = globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };
        };
        const { violations } = await axe.run();
        return violations.flatMap(({ id, nodes }) =>
          nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
        );
      });
    },
  };
}

export const settings: ToMonitorPage = { type: 'settings', texts: {}, noProcesses: null };

/** Everything that a page is sent when it is new. */
export function messagesOf(store: RunStore): readonly ToMonitorPage[] {
  const messages: ToMonitorPage[] = [settings];
  const publisher = new Publisher(store, (message) => messages.push(message));
  publisher.sendAll();
  publisher.dispose();
  return messages;
}
