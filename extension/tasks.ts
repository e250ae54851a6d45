/** Tasks of type `firmtune`, and the commands that run them for the plan in the editor. */

import process from 'node:process';
import {
  CustomExecution,
  commands,
  Disposable,
  l10n,
  ProcessExecution,
  Task,
  type TaskDefinition,
  TaskGroup,
  type TaskProvider,
  TaskScope,
  tasks,
  Uri,
  type WorkspaceFolder,
  window,
  workspace,
} from 'vscode';
import { FirmwareProgram } from './firmwareProgram.ts';
import type { MonitorFeed } from './monitor/feed.ts';
import { activePlan } from './plan/activePlan.ts';
import { ProgramTerminal } from './programTerminal.ts';
import {
  type FirmtuneTask,
  readTask,
  type TaskCommand,
  taskArguments,
  taskCommands,
  taskName,
} from './taskArguments.ts';

const mostPlans = 50;
/** For what compilers, linkers and the command line itself find. */
const matchers = ['$firmtune-gcc', '$firmtune-ld', '$firmtune-ld-image'];

export interface TaskServices {
  /** The bundled command line. */
  readonly commandLine: string;
  readonly feed: MonitorFeed;
}

export function registerTasks(services: TaskServices): Disposable {
  const run = (command: TaskCommand) => (plan?: unknown) => runFor(services, command, plan);
  return Disposable.from(
    tasks.registerTaskProvider('firmtune', new PlanTasks(services)),
    commands.registerCommand('firmtune.generate', run('generate')),
    commands.registerCommand('firmtune.build', run('build')),
    commands.registerCommand('firmtune.emulate', run('emulate')),
    commands.registerCommand('firmtune.measureContributions', run('contribution')),
  );
}

class PlanTasks implements TaskProvider {
  constructor(private readonly services: TaskServices) {}

  async provideTasks(): Promise<Task[]> {
    const plans = await workspace.findFiles('**/*.trainplan', '**/node_modules/**', mostPlans);
    return plans
      .filter(({ scheme }) => scheme === 'file')
      .flatMap((plan) => taskCommands.map((command) => taskFor(this.services, command, plan)));
  }

  resolveTask(task: Task): Task | undefined {
    const firmtuneTask = readTask(task.definition);
    if (firmtuneTask === undefined) return undefined;
    const folder = typeof task.scope === 'object' ? task.scope : workspace.workspaceFolders?.[0];
    // VS Code only accepts a task with the definition that it gave.
    return toTask(this.services, firmtuneTask, folder, task.definition);
  }
}

function taskFor(services: TaskServices, command: TaskCommand, plan: Uri): Task {
  const { folder, path } = placeOf(plan);
  const task: FirmtuneTask = { type: 'firmtune', command, plan: path };
  return toTask(services, task, folder, { ...task });
}

function placeOf(plan: Uri): { readonly folder: WorkspaceFolder | undefined; readonly path: string } {
  const folder = workspace.getWorkspaceFolder(plan);
  return { folder, path: folder === undefined ? plan.fsPath : workspace.asRelativePath(plan, false) };
}

function toTask(
  { commandLine, feed }: TaskServices,
  task: FirmtuneTask,
  folder: WorkspaceFolder | undefined,
  definition: TaskDefinition,
): Task {
  const { command } = task;
  const args = [commandLine, ...taskArguments(task)];
  // The editor's own program is Node, once told so.
  const env = { ELECTRON_RUN_AS_NODE: '1' };
  const cwd = folder?.uri.fsPath;
  const runsFirmware = command === 'build' || command === 'emulate';
  const execution = runsFirmware
    ? new CustomExecution(async () => {
        const program = new FirmwareProgram({ task, args, cwd, env, feed, stop: () => terminal.stop() });
        const terminal = new ProgramTerminal(program);
        return terminal;
      })
    : new ProcessExecution(process.execPath, args, { env, ...(cwd === undefined ? {} : { cwd }) });
  // An empty list: no matcher, and no question for one; the language server shows a plan's errors already.
  const found = runsFirmware ? matchers : [];
  const made = new Task(definition, folder ?? TaskScope.Global, taskName(task), 'firmtune', execution, found);
  if (command === 'build') made.group = TaskGroup.Build;
  return made;
}

async function runFor(services: TaskServices, command: TaskCommand, plan: unknown): Promise<void> {
  if (!(await isTrusted())) return;
  const uri = plan instanceof Uri ? plan : (activePlan() ?? (await onlyPlan()));
  if (uri === undefined) {
    void window.showInformationMessage(l10n.t('Open a training plan first.'));
    return;
  }
  const saved = await savedPlan(uri);
  if (saved === undefined) return;
  await tasks.executeTask((await configuredTask(command, saved)) ?? taskFor(services, command, saved));
}

/** Menus are not there without trust, but other extensions and key bindings run commands too. */
async function isTrusted(): Promise<boolean> {
  if (workspace.isTrusted) return true;
  const manage = l10n.t('Manage Trust');
  const message = l10n.t('Programs are run once you trust this workspace.');
  if ((await window.showErrorMessage(message, manage)) === manage) {
    await commands.executeCommand('workbench.trust.manage');
  }
  return false;
}

/** A command from C code means the plan of the firmware, where there is but one. */
async function onlyPlan(): Promise<Uri | undefined> {
  const plans = await workspace.findFiles('**/*.trainplan', '**/node_modules/**', 2);
  return plans.length === 1 ? plans[0] : undefined;
}

/** What the user's tasks.json says of this command and plan comes before the defaults. */
async function configuredTask(command: TaskCommand, plan: Uri): Promise<Task | undefined> {
  const { folder, path } = placeOf(plan);
  const all = await tasks.fetchTasks({ type: 'firmtune' });
  return all.find(({ source, scope, definition }) => {
    const isHere = typeof scope !== 'object' || folder === undefined || scope.uri.toString() === folder.uri.toString();
    return source === 'Workspace' && isHere && definition.command === command && definition.plan === path;
  });
}

/** The command line reads the file: what is only in the editor must be written first. */
async function savedPlan(uri: Uri): Promise<Uri | undefined> {
  const document = workspace.textDocuments.find((each) => each.uri.toString() === uri.toString());
  const saved = document?.isDirty ? await workspace.save(uri) : uri;
  if (saved === undefined) return undefined;
  if (saved.scheme === 'file') return saved;
  void window.showErrorMessage(l10n.t('Save the plan on this computer first: training runs on files.'));
  return undefined;
}
