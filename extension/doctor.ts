/** The command "Doctor": what building and running firmware needs, which version is there, and the remedy if not. */

import process from 'node:process';
import {
  commands,
  type Disposable,
  type ExtensionContext,
  version as editorVersion,
  env,
  type LogOutputChannel,
  l10n,
  ProgressLocation,
  type QuickPickItem,
  window,
} from 'vscode';
import { runProcess } from './cli/board/process.ts';
import { findTools, type ToolName } from './cli/board/tools.ts';

const tools: readonly ToolName[] = [
  'cmake',
  'make',
  'arm-none-eabi-gcc',
  'arm-none-eabi-nm',
  'arm-none-eabi-size',
  'qemu-system-arm',
  'gdb-multiarch',
];
const versionTimeLimitMs = 5000;

export interface Finding {
  readonly name: string;
  /** The version, or what is wrong. */
  readonly state: string;
  /** Set where something is missing. */
  readonly remedy?: string;
}

export function registerDoctor(context: ExtensionContext, log: LogOutputChannel): Disposable {
  return commands.registerCommand('firmtune.doctor', async () => {
    const progress = { location: ProgressLocation.Window, title: l10n.t('Firmtune: looking for tools') };
    const findings = await window.withProgress(progress, () => examine(context.extension.packageJSON.version));
    for (const { name, state, remedy } of findings) {
      if (remedy === undefined) log.info(`${name}: ${state}`);
      else log.warn(`${name}: ${state}; ${remedy}`);
    }
    void show(findings, log);
    return findings;
  });
}

async function examine(ownVersion: string): Promise<readonly Finding[]> {
  return [
    { name: 'Firmtune', state: ownVersion },
    { name: env.appName, state: `${editorVersion}, Node.js ${process.versions.node}` },
    ...(await Promise.all(tools.map(examineTool))),
  ];
}

async function examineTool(name: ToolName): Promise<Finding> {
  const found = findTools([name]);
  if (!found.ok) {
    const [missing] = found.diagnostics;
    return { name, state: l10n.t('not found on the PATH'), remedy: missing?.remedy ?? '' };
  }
  const path = found.value[name];
  const { end, code, stdout } = await runProcess(path, ['--version'], { timeLimitMs: versionTimeLimitMs });
  const [firstLine = ''] = stdout.split('\n');
  if (end === 'exit' && code === 0) return { name, state: `${firstLine.trim()} (${path})` };
  return { name, state: l10n.t('{0} does not run', path), remedy: l10n.t('install it again') };
}

async function show(findings: readonly Finding[], log: LogOutputChannel): Promise<void> {
  const items = findings.map(({ name, state, remedy }): QuickPickItem => {
    const icon = remedy === undefined ? '$(pass)' : '$(warning)';
    return { label: `${icon} ${name}`, description: state, ...(remedy === undefined ? {} : { detail: remedy }) };
  });
  const missing = findings.filter(({ remedy }) => remedy !== undefined).length;
  const chosen = await window.showQuickPick(items, {
    title: l10n.t('Firmtune: Doctor'),
    placeHolder:
      missing === 0
        ? l10n.t('All is there to build firmware and run it on emulated boards.')
        : l10n.t('Plans, simulation and C code work without what is missing; emulated boards need it.'),
  });
  if (chosen !== undefined) log.show();
}
