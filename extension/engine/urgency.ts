/** Which threads get the processor first. */

import { constants, setPriority } from 'node:os';
import process from 'node:process';

/** `patient`: nobody waits for it; what somebody waits for goes first. */
export type Urgency = 'quick' | 'patient';

/** For a thread: on Linux the priority is the calling thread's, elsewhere that of the whole process, which we leave alone. */
export function becomePatient(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, constants.priority.PRIORITY_LOW);
  } catch {
    // Then it competes, as elsewhere.
  }
}
