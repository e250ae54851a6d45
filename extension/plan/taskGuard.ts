/** Whether programs may be run for a plan, decided in one place: buttons show it, commands obey it. */

export interface TaskSituation {
  /** There is a computer to run them on, not only a browser. */
  readonly runsTasks: boolean;
  readonly isTrusted: boolean;
  /** Of the plan's URI. */
  readonly scheme: string;
}

export type TaskRefusal = 'browser' | 'not-on-disk' | 'untrusted';

/** A plan that is not saved yet is saved first. */
export function taskRefusal({ runsTasks, isTrusted, scheme }: TaskSituation): TaskRefusal | undefined {
  if (!runsTasks) return 'browser';
  if (scheme !== 'file' && scheme !== 'untitled') return 'not-on-disk';
  return isTrusted ? undefined : 'untrusted';
}
