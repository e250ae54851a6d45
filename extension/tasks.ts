/** Tasks of type `firmtune`, and the commands that run them for the plan in the editor. */

import process from 'node:process';
import {
  commands,
  Disposable,
  l10n,
  ProcessExecution,
  Task,
  type TaskDefinition,
  type TaskProvider,
  TaskScope,
  tasks,
  Uri,
  type WorkspaceFolder,
  window,
  workspace,
} from 'vscode';
import { activePlan } from './plan/activePlan.ts';
import { type FirmtuneTask, readTask, taskArguments, taskCommands } from './taskArguments.ts';

const mostPlans = 50;

export function registerTasks(commandLine: string): Disposable {
  const run = (command: FirmtuneTask['command']) => (plan?: unknown) => runFor(commandLine, command, plan);
  return Disposable.from(
    tasks.registerTaskProvider('firmtune', new PlanTasks(commandLine)),
    commands.registerCommand('firmtune.generate', run('generate')),
  );
}

class PlanTasks implements TaskProvider {
  constructor(private readonly commandLine: string) {}

  async provideTasks(): Promise<Task[]> {
    const plans = await workspace.findFiles('**/*.trainplan', '**/node_modules/**', mostPlans);
    return plans
      .filter(({ scheme }) => scheme === 'file')
      .flatMap((plan) => taskCommands.map((command) => taskFor(this.commandLine, command, plan)));
  }

  resolveTask(task: Task): Task | undefined {
    const firmtuneTask = readTask(task.definition);
    if (firmtuneTask === undefined) return undefined;
    const folder = typeof task.scope === 'object' ? task.scope : workspace.workspaceFolders?.[0];
    // VS Code only accepts a task with the definition that it gave.
    return toTask(this.commandLine, firmtuneTask, folder, task.definition);
  }
}

function taskFor(commandLine: string, command: FirmtuneTask['command'], plan: Uri): Task {
  const folder = workspace.getWorkspaceFolder(plan);
  const path = folder === undefined ? plan.fsPath : workspace.asRelativePath(plan, false);
  const task: FirmtuneTask = { type: 'firmtune', command, plan: path };
  return toTask(commandLine, task, folder, { ...task });
}

function toTask(
  commandLine: string,
  task: FirmtuneTask,
  folder: WorkspaceFolder | undefined,
  definition: TaskDefinition,
): Task {
  // The editor's own program is Node, once told so.
  const env = { ELECTRON_RUN_AS_NODE: '1' };
  const execution = new ProcessExecution(process.execPath, [commandLine, ...taskArguments(task)], {
    env,
    ...(folder === undefined ? {} : { cwd: folder.uri.fsPath }),
  });
  const name = `${task.command} ${task.plan}`;
  // An empty list: no matcher, and no question for one; the language server shows a plan's errors already.
  return new Task(definition, folder ?? TaskScope.Global, name, 'firmtune', execution, []);
}

async function runFor(commandLine: string, command: FirmtuneTask['command'], plan: unknown): Promise<void> {
  const uri = plan instanceof Uri ? plan : activePlan();
  const saved = uri === undefined ? undefined : await savedPlan(uri);
  if (saved !== undefined) await tasks.executeTask(taskFor(commandLine, command, saved));
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
