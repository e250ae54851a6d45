/** Hand-written C in the shape of generated code: adds up its inputs and spins a known number of instructions. */

import type { TrainingSample } from '../../extension/cli/board/session.ts';
import type { ModelSources } from '../../extension/cli/board/sources.ts';

export const inputBytes = 16;
export const learnedBytes = 16;
/** Training step i spins `spinStart + i * spinStep` rounds of two instructions. */
export const spinStart = 100;
export const spinStep = 7;

export interface FakeOptions {
  /** Bytes in SRAM and in flash beside what the model needs. */
  readonly arenaBytes?: number;
  readonly tableBytes?: number;
  /** Bytes of stack that a training step touches. */
  readonly stackBytes?: number;
  /** C statements at the start of a training step. */
  readonly inject?: string;
}

export function fakeModel(options: FakeOptions = {}): ModelSources {
  const { arenaBytes = 64, tableBytes = 4, stackBytes = 0, inject = '' } = options;
  const header = `#ifndef SHELF_H
#define SHELF_H
#include <stdint.h>
#define SHELF_INPUT_BYTES ${inputBytes}
#define SHELF_CLASSES 3
#define SHELF_LEARNED_BYTES ${learnedBytes}
void shelf_init(void);
int8_t *shelf_input(void);
float shelf_train_step(const int8_t *input, int32_t label);
int32_t shelf_infer(const int8_t *input);
int32_t shelf_prediction(void);
const void *shelf_learned(void);
#endif
`;
  const source = `#include "shelf.h"
#include "kernels/ft_kernels.h"

static int8_t arena[${arenaBytes}];
static const uint8_t table[${tableBytes}] = {1};
static struct {
  float sums[3];
  uint32_t turns;
} learned = {{-1.0f, -1.0f, -1.0f}, 1u};
static int32_t prediction;

void shelf_init(void) {
  for (int32_t k = 0; k < 3; ++k)
    learned.sums[k] = 0.0f;
  learned.turns = ${spinStart}u * table[prediction];
}

int8_t *shelf_input(void) {
  return arena;
}

int32_t shelf_infer(const int8_t *input) {
  prediction = input[0] < 0 ? 0 : input[0];
  return prediction;
}

float shelf_train_step(const int8_t *input, int32_t label) {
  ${stackBytes > 0 ? `volatile uint8_t deep[${stackBytes}]; deep[0] = 1u; (void)deep[0];` : ''}
  ${inject}
  ft_spin(learned.turns);
  learned.turns += ${spinStep}u;
  learned.sums[label] += ft_sum(input, ${inputBytes}) * 0.1f;
  shelf_infer(input);
  return learned.sums[label];
}

int32_t shelf_prediction(void) {
  return prediction;
}

const void *shelf_learned(void) {
  return &learned;
}
`;
  const kernelsHeader = `#ifndef FT_KERNELS_H
#define FT_KERNELS_H
#include <stdint.h>
void ft_spin(uint32_t turns);
float ft_sum(const int8_t *codes, int32_t count);
#endif
`;
  const kernels = `#include "ft_kernels.h"

void ft_spin(uint32_t turns) {
#ifdef __arm__
  __asm__ volatile("1: subs %0, #1\\n\\tbne 1b" : "+l"(turns) : : "cc");
#else
  (void)turns;
#endif
}

float ft_sum(const int8_t *codes, int32_t count) {
  float sum = 0.0f;
  for (int32_t i = 0; i < count; ++i)
    sum += (float)codes[i];
  return sum;
}
`;
  return {
    planName: 'shelf',
    files: [
      { path: 'shelf.h', text: header },
      { path: 'shelf.c', text: source },
      { path: 'kernels/ft_kernels.h', text: kernelsHeader },
      { path: 'kernels/ft_spin.c', text: kernels },
    ],
  };
}

export function fakeSamples(count: number): readonly TrainingSample[] {
  return Array.from({ length: count }, (_, index) => ({
    input: Int8Array.from({ length: inputBytes }, (__, at) =>
      at === 0 ? index % 3 : ((index * 31 + at * 17) % 256) - 128,
    ),
    label: index % 3,
  }));
}

/** What the fake model's training must come to, computed in float32 steps here. */
export function expectedTraining(samples: readonly TrainingSample[]): {
  readonly lossBits: readonly number[];
  readonly learned: Uint8Array;
} {
  const learned = new DataView(new ArrayBuffer(learnedBytes));
  const rate = Math.fround(0.1);
  const lossBits = samples.map(({ input, label }) => {
    const sum = Array.from(input).reduce((total, code) => total + code, 0);
    learned.setFloat32(label * 4, Math.fround(learned.getFloat32(label * 4, true) + Math.fround(sum * rate)), true);
    return learned.getUint32(label * 4, true);
  });
  learned.setUint32(12, spinStart + samples.length * spinStep, true);
  return { lossBits, learned: new Uint8Array(learned.buffer) };
}
