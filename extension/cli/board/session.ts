/** The two files of a harness run, see harness.c: samples in, results out. All numbers are little-endian. */

export interface TrainingSample {
  /** int8 codes, the model's input. */
  readonly input: Uint8Array | Int8Array;
  /** Class number, from 0. */
  readonly label: number;
}

export interface Session {
  /** One training step each, in order. */
  readonly training: readonly TrainingSample[];
  /** Inferences with the trained model, after the last step. */
  readonly inference: readonly (Uint8Array | Int8Array)[];
}

export interface HarnessRecord {
  readonly loss: number;
  /** The float32 as it lies in memory. */
  readonly lossBits: number;
  readonly prediction: number;
  /** Executed between call and return; 0 on the host. */
  readonly instructions: number;
}

export interface SessionResult {
  readonly steps: readonly HarnessRecord[];
  readonly inferences: readonly HarnessRecord[];
  /** Everything that was learned, optimiser state included. */
  readonly learned: Uint8Array;
  /** Deepest stack of the whole run; 0 on the host. */
  readonly stackBytes: number;
}

const magic = 0x4e52_5446; // FTRN
const headerBytes = 16;
const recordBytes = 16;
const summaryBytes = 24;
const inferenceOnly = -1;
const progressLines = 100;

export function encodeSession(session: Session): Uint8Array {
  const records = [...session.training, ...session.inference.map((input) => ({ input, label: inferenceOnly }))];
  const inputBytes = records[0]?.input.byteLength ?? 0;
  const file = new Uint8Array(headerBytes + records.length * (4 + inputBytes));
  const view = new DataView(file.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, records.length, true);
  view.setUint32(8, inputBytes, true);
  view.setUint32(12, Math.max(1, Math.floor(records.length / progressLines)), true);
  let at = headerBytes;
  for (const { input, label } of records) {
    if (input.byteLength !== inputBytes)
      throw new Error(`inputs of ${inputBytes} and ${input.byteLength} bytes in one run`);
    view.setInt32(at, label, true);
    file.set(new Uint8Array(input.buffer, input.byteOffset, inputBytes), at + 4);
    at += 4 + inputBytes;
  }
  return file;
}

/**
 * @param nanosecondsPerTick period of the board's clock; undefined where there is none
 * @returns undefined where the file is not the complete result of this session
 */
export function decodeResults(
  file: Uint8Array,
  session: Session,
  nanosecondsPerTick: number | undefined,
): SessionResult | undefined {
  const count = session.training.length + session.inference.length;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const learnedBytes = file.byteLength - count * recordBytes - summaryBytes;
  if (learnedBytes < 0) return undefined;
  const summary = file.byteLength - summaryBytes;
  const field = (index: number) => view.getUint32(summary + index * 4, true);
  if (field(0) !== magic || field(1) !== count || field(2) !== learnedBytes) return undefined;

  const clock = instructionClock(nanosecondsPerTick);
  const measured = Array.from({ length: count }, (_, index) => {
    const at = index * recordBytes;
    return {
      loss: view.getFloat32(at, true),
      lossBits: view.getUint32(at, true),
      prediction: view.getInt32(at + 4, true),
      instructions: clock(view.getUint32(at + 8, true), view.getUint32(at + 12, true)),
    };
  });
  const overhead = clock(field(4), field(5));
  const records = measured.map((record) => ({ ...record, instructions: record.instructions - overhead }));
  return {
    steps: records.slice(0, session.training.length),
    inferences: records.slice(session.training.length),
    learned: Uint8Array.from(file.subarray(count * recordBytes, summary)),
    stackBytes: field(3),
  };
}

/** QEMU's `-icount shift=6`: every instruction takes 2^6 ns of the guest's time. */
export const icountShift = 6;
const nanosecondsPerInstruction = 2 ** icountShift;

/**
 * Turns pairs of readings, given in the order in which they were taken, into instructions. A tick is shorter than an
 * instruction and the clock starts with one, so each reading stands for exactly one count; the clock wraps at 32 bits
 * (2.1 G instructions or more), at most once between two readings.
 */
function instructionClock(nanosecondsPerTick: number | undefined): (before: number, after: number) => number {
  if (nanosecondsPerTick === undefined) return () => 0;
  let wraps = 0;
  let last = 0;
  const instructionsAt = (ticks: number) => {
    if (ticks < last) wraps += 1;
    last = ticks;
    return Math.ceil(((wraps * 2 ** 32 + ticks) * nanosecondsPerTick) / nanosecondsPerInstruction);
  };
  return (before, after) => {
    const start = instructionsAt(before);
    return instructionsAt(after) - start;
  };
}
