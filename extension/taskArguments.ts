/** What a task of type `firmtune` runs, as arguments of the command line. */

export interface FirmtuneTask {
  readonly type: 'firmtune';
  readonly command: 'simulate' | 'generate';
  /** Relative to the workspace folder. */
  readonly plan: string;
  /** For generate: the folder of the C files, relative to the workspace folder. */
  readonly out?: string;
}

export const taskCommands: readonly FirmtuneTask['command'][] = ['simulate', 'generate'];

/** Undefined if a user's definition in tasks.json lacks something or means nothing. */
export function readTask(definition: Readonly<Record<string, unknown>>): FirmtuneTask | undefined {
  const { command: name, plan, out } = definition;
  const command = taskCommands.find((each) => each === name);
  if (command === undefined || typeof plan !== 'string' || plan === '') return undefined;
  if (out !== undefined && typeof out !== 'string') return undefined;
  return { type: 'firmtune', command, plan, ...(out === undefined ? {} : { out }) };
}

export function taskArguments(task: FirmtuneTask): readonly string[] {
  return task.command === 'simulate'
    ? ['simulate', task.plan]
    : ['generate', task.plan, '--out', task.out ?? defaultOutput(task.plan)];
}

/** `plans/shelf.trainplan` → `plans/shelf-firmware`. */
function defaultOutput(plan: string): string {
  return `${plan.replace(/\.trainplan$/, '')}-firmware`;
}
