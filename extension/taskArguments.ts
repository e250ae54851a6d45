/** What a task of type `firmtune` runs, as arguments of the command line. */

export const taskCommands = ['generate', 'build', 'emulate', 'simulate', 'contribution'] as const;
export type TaskCommand = (typeof taskCommands)[number];

export interface FirmtuneTask {
  readonly type: 'firmtune';
  readonly command: TaskCommand;
  /** Relative to the workspace folder. */
  readonly plan: string;
  /** Relative to the workspace folder. For generate: the folder of the C files; for contribution: the file. */
  readonly out?: string;
  /** For build and emulate. */
  readonly board?: string;
}

/** Undefined if a user's definition in tasks.json lacks something or means nothing. */
export function readTask(definition: Readonly<Record<string, unknown>>): FirmtuneTask | undefined {
  const { command: name, plan, out, board } = definition;
  const command = taskCommands.find((each) => each === name);
  if (command === undefined || typeof plan !== 'string' || plan === '') return undefined;
  if (!isOptionalText(out) || !isOptionalText(board)) return undefined;
  return {
    type: 'firmtune',
    command,
    plan,
    ...(out === undefined ? {} : { out }),
    ...(board === undefined ? {} : { board }),
  };
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

/** A build generates, and a run builds, what is not up to date: one process that stops at the first failure. */
export function taskArguments({ command, plan, out, board }: FirmtuneTask): readonly string[] {
  const onBoard = board === undefined ? [] : ['--board', board];
  switch (command) {
    case 'generate':
      return ['generate', plan, '--out', out ?? 'auto'];
    case 'build':
      return ['build', plan, '--generate', ...onBoard];
    case 'emulate':
      return ['emulate', plan, '--build', '--generate', ...onBoard];
    case 'simulate':
      return ['simulate', plan];
    case 'contribution':
      return ['contribution', plan, '--out', out ?? contributionsPath(plan)];
  }
}

/** Where contributions of a plan are written, and where views look for them: beside it. */
export function contributionsPath(plan: string): string {
  return `${plan.replace(/\.trainplan$/, '')}.contributions.json`;
}

/** As VS Code lists it. */
export function taskName({ command, plan, board }: FirmtuneTask): string {
  if (command === 'emulate') return `run ${plan} on ${board ?? 'emulator'}`;
  return board === undefined ? `${command} ${plan}` : `${command} ${plan} for ${board}`;
}

/** A diagnostic as the command line prints it. */
export interface Complaint {
  readonly message: string;
  readonly code: string;
  readonly remedy: string;
}

/** The errors in what the command line wrote to stderr, among whatever compilers wrote there. */
export function complaintsIn(output: string): readonly Complaint[] {
  const found = output.matchAll(/^(?:[^\n]*:\d+:\d+: )?error: ([^\n]*) \[([\w-]+)\]\r?\n {2}(\S[^\n]*)$/gm);
  return Array.from(found, ([, message = '', code = '', remedy = '']) => ({ message, code, remedy }));
}
