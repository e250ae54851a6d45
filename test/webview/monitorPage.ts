/** The monitor's page with what its tests ask of it. */
import type { Browser } from 'playwright-core';
import { Publisher } from '../../extension/monitor/publisher.ts';
import type { RunStore } from '../../extension/monitor/runStore.ts';
import type { FromMonitorPage, ToMonitorPage } from '../../webview/messages.ts';
import { type Bundle, type Opened, type OpenOptions, openPage } from './harness.ts';

export interface MonitorPage extends Opened<ToMonitorPage, FromMonitorPage> {
  /** Sends all, and waits until they are drawn. */
  show(messages: readonly ToMonitorPage[]): Promise<void>;
}

export async function openMonitor(browser: Browser, bundle: Bundle, options: OpenOptions = {}): Promise<MonitorPage> {
  const opened = await openPage<ToMonitorPage, FromMonitorPage>(browser, bundle, options);
  return {
    ...opened,
    async show(messages) {
      for (const message of messages) await opened.send(message);
      await opened.drawn();
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
