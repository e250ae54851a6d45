/** A firmware that calls kernels on given values, once each, in place of a model. */
import { kernelSignatures, kernelSources } from '../../compiler/kernels/kernels.generated.ts';
import type { ModelSources, SourceFile } from '../../extension/cli/board/sources.ts';
import type { Case } from '../compiler/kernels/cases.ts';
import { call, cBlock, writable } from '../compiler/kernels/kernel.ts';

const planName = 'calls';

/** The kernels' files that the calls need, and a model around `functions`: infer(input), learned(), learnedBytes. */
export function kernelFirmware(kernels: readonly string[], learnedBytes: number, functions: string): ModelSources {
  const used = new Set(kernels.map((kernel) => kernelSignatures[kernel]?.file));
  const files = Object.entries(kernelSources)
    .filter(([file]) => file.endsWith('.h') || used.has(file))
    .map(([file, text]): SourceFile => ({ path: `kernels/${file}`, text }));
  const header = `#include <stdint.h>
#define CALLS_INPUT_BYTES 4
#define CALLS_LEARNED_BYTES ${learnedBytes}
void calls_init(void);
int8_t *calls_input(void);
float calls_train_step(const int8_t *input, int32_t label);
int32_t calls_infer(const int8_t *input);
int32_t calls_prediction(void);
const void *calls_learned(void);
`;
  const source = `#include "calls.h"
#include <string.h>
#include "kernels/ft_kernels.h"
static int8_t input[4];
int8_t *calls_input(void) { return input; }
float calls_train_step(const int8_t *sample, int32_t label) { return (float)(calls_infer(sample) + label); }
int32_t calls_prediction(void) { return 0; }
${functions}`;
  return {
    planName,
    files: [...files, { path: 'calls.h', text: header }, { path: 'calls.c', text: source }],
  };
}

/** One inference runs every case; what they write comes back one after the other as what was learned. */
export function caseFirmware(cases: readonly Case[]): ModelSources {
  const bytes = cases.flatMap(({ kernel, values }) => writable(kernel, values)).map((buffer) => buffer.byteLength);
  const functions = `static unsigned char results[CALLS_LEARNED_BYTES];
static unsigned char *next = results;
static void print(const unsigned char *bytes, unsigned count) {
  memcpy(next, bytes, count);
  next += count;
}
${cases.map(({ kernel, values }, i) => `static void case_${i}(void) ${cBlock(kernel, values)}`).join('\n')}
void calls_init(void) {}
int32_t calls_infer(const int8_t *sample) {
${cases.map((_, i) => `  case_${i}();`).join('\n')}
  return sample[0];
}
const void *calls_learned(void) { return results; }
`;
  const total = bytes.reduce((sum, count) => sum + count, 0);
  return kernelFirmware(
    cases.map(({ kernel }) => kernel),
    total,
    functions,
  );
}

/** What each case writes in the WebAssembly build. The cases' arrays hold it afterwards. */
export function expectedResults(cases: readonly Case[]): readonly string[] {
  return cases.map(({ kernel, values }) => {
    call(kernel, values);
    const written = writable(kernel, values).map((buffer) => Buffer.from(buffer).toString('hex'));
    return written.join('');
  });
}
