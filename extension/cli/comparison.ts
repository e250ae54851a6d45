/** The same session on an emulated board and in the simulator, compared bit for bit. */
import type { Program } from '../../compiler/program.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import type { Session, SessionResult } from './board/session.ts';

export interface Comparison {
  readonly same: boolean;
  /** The first step whose loss or prediction differs; absent if none does. */
  readonly firstDifferentStep?: number;
  /** Learned bytes that differ at the end. */
  readonly differentBytes: number;
}

export async function compareWithSimulator(
  program: Program,
  session: Session,
  board: SessionResult,
): Promise<Comparison> {
  const machine = await Machine.create(program);
  const bits = new DataView(new ArrayBuffer(4));
  let firstDifferentStep: number | undefined;
  for (const [step, { input, label }] of session.training.entries()) {
    bits.setFloat32(0, machine.trainStep(input, label));
    const record = board.steps[step];
    const same = record?.lossBits === bits.getUint32(0) && record.prediction === machine.prediction();
    if (!same) firstDifferentStep ??= step;
  }
  const inferencesAgree = session.inference.every((input, index) => {
    machine.infer(input);
    return board.inferences[index]?.prediction === machine.prediction();
  });
  const differentBytes = countDifferent(machine.learned(), board.learned);
  return {
    same: firstDifferentStep === undefined && inferencesAgree && differentBytes === 0,
    ...(firstDifferentStep === undefined ? {} : { firstDifferentStep }),
    differentBytes,
  };
}

function countDifferent(a: Uint8Array, b: Uint8Array): number {
  let count = Math.abs(a.length - b.length);
  for (let index = 0; index < Math.min(a.length, b.length); index++) if (a[index] !== b[index]) count++;
  return count;
}
