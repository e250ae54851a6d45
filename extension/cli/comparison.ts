/** The same training on an emulated board and in the simulator, compared bit for bit. */
import type { Program } from '../../compiler/program.ts';
import type { Sample } from '../../compiler/simulate/data.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import type { SessionResult } from './board/session.ts';

export interface Comparison {
  readonly same: boolean;
  /** The first step whose loss or prediction differs; absent if none does. */
  readonly firstDifferentStep?: number;
  /** Learned bytes that differ at the end. */
  readonly differentBytes: number;
  /** Losses of the simulator. */
  readonly losses: readonly number[];
}

export async function compareWithSimulator(
  program: Program,
  samples: readonly Sample[],
  board: SessionResult,
): Promise<Comparison> {
  const machine = await Machine.create(program);
  const bits = new DataView(new ArrayBuffer(4));
  const losses: number[] = [];
  let firstDifferentStep: number | undefined;
  for (const [step, { input, label }] of samples.entries()) {
    const loss = machine.trainStep(input, label);
    losses.push(loss);
    bits.setFloat32(0, loss);
    const record = board.steps[step];
    if (record?.lossBits !== bits.getUint32(0) || record.prediction !== machine.prediction())
      firstDifferentStep ??= step;
  }
  const learned = machine.learned();
  const length = Math.max(learned.length, board.learned.length);
  let differentBytes = 0;
  for (let index = 0; index < length; index++) if (learned[index] !== board.learned[index]) differentBytes++;
  return {
    same: firstDifferentStep === undefined && differentBytes === 0 && board.steps.length === samples.length,
    ...(firstDifferentStep === undefined ? {} : { firstDifferentStep }),
    differentBytes,
    losses,
  };
}
