/** NAME.h: the public face of a generated model. */
import type { BufferId, Program } from '../program.ts';
import { elementBytes } from '../schedule/builder.ts';
import type { ModelFacts } from './facts.ts';
import { blobOverhead, bytesOf, learnedLayout, partsOf } from './learned.ts';
import { fileHeading } from './licence.ts';

/** Of the functions and macros below; a change that breaks callers counts it up. */
const interfaceVersion = 2;

export function headerFile(program: Program, facts: ModelFacts): string {
  const { name } = program;
  const upper = name.toUpperCase();
  const { trained, optimizer } = learnedLayout(program);
  const savedBytes = blobOverhead + bytesOf(partsOf(trained));
  const { picture } = facts;
  return `${fileHeading(facts)}
 *
 *   ${name}_init();                               once, before everything else
 *   loss = ${name}_train_step(input, label);      one sample: forward pass, loss, backward pass, update
 *   class = ${name}_infer(input);                 forward pass only; changes nothing that was learned
 *
 * Not reentrant: one model has one memory, and one function of it runs at a time. Several models do not disturb one
 * another. No function allocates memory or calls itself. */
#ifndef ${upper}_H
#define ${upper}_H

#include <stdint.h>

${picture === undefined ? '' : '#include "kernels/ft_picture.h"\n'}#include "kernels/ft_store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what it is ---- */

/* Of this interface. */
#define ${upper}_API_VERSION ${interfaceVersion}
/* Of the model and of what trains in it: saved states of another one are refused. */
#define ${upper}_PLAN_HASH ${`0x${facts.planHash.toString(16).padStart(8, '0')}u`}
/* One input: ${inputText(program)}${picture === undefined ? '' : ', row by row, channels innermost'}. */
#define ${upper}_INPUT_BYTES ${program.buffers[program.ports.input]?.bytes ?? 0}
${pictureMacros(upper, facts)}/* Results of the network. */
#define ${upper}_CLASSES ${elements(program, program.ports.output)}
/* Samples between two updates. */
#define ${upper}_BATCH ${program.ports.training?.batch ?? 1}
/* Steps of the schedule: what ${name}_train_poll does one of. */
#define ${upper}_STEPS ${program.steps.length}
/* SRAM: what lives for part of a step, and what stays. */
#define ${upper}_ARENA_BYTES ${Math.max(1, program.arenaBytes)}
#define ${upper}_LEARNED_BYTES ${program.sramBytes}
/* A saved state without the optimiser's, and with it. */
#define ${upper}_SAVE_BYTES ${savedBytes}
#define ${upper}_SAVE_ALL_BYTES ${savedBytes + bytesOf(partsOf(optimizer))}

/* Their names, in the order of the labels. */
extern const char *const ${name}_class_names[${upper}_CLASSES];

/* ---- where its memory lies: compiler definitions for ${name}.c ----
 * ${upper}_ARENA_SECTION     name of the section that the arena goes to, for example -D${upper}_ARENA_SECTION='".ccmram"'.
 *                            It needs no initial content, so the section may be NOLOAD
 * ${upper}_ARENA_ALIGNMENT   bytes, for example a cache line; at least 8
 * ${upper}_ARENA_ATTRIBUTE   anything else that shall stand before the arena's type
 * ${upper}_ARENA_EXTERN      name of an array of yours: uint8_t array[], ${upper}_ARENA_BYTES or more at a multiple of 8.
 *                            Models that share one do not keep inputs and results of one another
 * ${upper}_LEARNED_SECTION   the same for what is learned; this memory is cleared by ${name}_init alone
 * ${upper}_HOOK              name of a function of yours: void hook(int32_t step, int32_t done), called before each step
 *                            of the schedule (done 0) and after it (done 1), for timing. Where it is defined, this
 *                            header declares it and ${name}_step_names */

/* ---- learning and telling ---- */

/* Factory state: the model's own weights, a new classifier at zero, counters at zero. */
void ${name}_init(void);

/* Forgets everything: ${name}_init under the name that says what it is used for later. Slots of flash keep what they
 * have; erase them, or save over them. */
void ${name}_reset(void);

/* Where the input lies while a step runs. It may be filled in place and given to the functions below, which then
 * copy nothing; they overwrite it. */
int8_t *${name}_input(void);

${pictureDeclaration(name, upper, facts)}/* Trains on one sample of ${upper}_INPUT_BYTES bytes with its class, 0 to ${upper}_CLASSES - 1. Returns the loss before
 * the update. Parameters change when ${upper}_BATCH samples are complete. */
float ${name}_train_step(const int8_t *input, int32_t label);

/* The same training step in slices, for a main loop with a watchdog: begin, then poll until it returns 0; each poll does
 * one step of the schedule and returns 1 while there are more. Bit for bit what ${name}_train_step does. In between, call
 * no other function that runs, saves, loads or resets this model. */
void ${name}_train_begin(const int8_t *input, int32_t label);
int32_t ${name}_train_poll(void);

/* Loss of the last training step. */
float ${name}_loss(void);

/* Returns the class with the largest result. */
int32_t ${name}_infer(const int8_t *input);

/* Returns the loss of one sample, and in *correct (may be NULL) whether the label is the class with the largest result:
 * 1 or 0. Changes nothing that was learned. */
float ${name}_evaluate(const int8_t *input, int32_t label, int32_t *correct);

/* ${upper}_CLASSES results (logits) of the last ${name}_infer; overwritten by the next step. */
const float *${name}_output(void);

/* The class with the largest result in the last forward pass, of training or inference. */
int32_t ${name}_prediction(void);

/* Replaces the plan's learning rate from the next update on; schedule and warm-up still multiply it. ${name}_init brings
 * the plan's back. */
void ${name}_set_learning_rate(float learning_rate);

${targetDeclaration(program)}/* ${upper}_LEARNED_BYTES bytes: trained weights, biases, classifier, optimiser and counters, as they lie in memory. */
const void *${name}_learned(void);

/* ---- keeping what was learned ----
 * All return FT_OK (0) or say what is wrong (ft_store.h); a refused state leaves the model as it is. with_optimiser: 0, or
 * 1 to keep momentum, moments and a batch that is not complete too; without them, training goes on from the weights. */

/* Writes ${upper}_SAVE_BYTES (${upper}_SAVE_ALL_BYTES) through a function of yours. */
int32_t ${name}_save(int32_t with_optimiser, ft_writer writer, void *context);

/* Loads what was saved, from memory. \`bytes\`: how many there may be at most. */
int32_t ${name}_load(const void *blob, uint32_t bytes);

/* The same in two slots of flash that take turns: power may fail at any time. */
int32_t ${name}_store(int32_t with_optimiser, const ft_flash *flash);
int32_t ${name}_restore(const ft_flash *flash);

#ifdef ${upper}_HOOK
void ${upper}_HOOK(int32_t step, int32_t done);
/* What each step works on: "layer (phase)". */
extern const char *const ${name}_step_names[${upper}_STEPS];
#endif

#ifdef __cplusplus
}
#endif

#endif
`;
}

function inputText({ buffers, ports }: Program): string {
  const { element } = buffers[ports.input] ?? {};
  return element === 'float32' ? 'float32 values, handed over as bytes at a multiple of 4' : `${element} codes`;
}

export function elements(program: Program, id: BufferId): number {
  const buffer = program.buffers[id];
  return buffer === undefined ? 0 : buffer.bytes / elementBytes[buffer.element];
}

function pictureMacros(upper: string, { picture }: ModelFacts): string {
  if (picture === undefined) return '';
  const { width, height, channels } = picture;
  return `#define ${upper}_INPUT_WIDTH ${width}
#define ${upper}_INPUT_HEIGHT ${height}
#define ${upper}_INPUT_CHANNELS ${channels}
`;
}

function pictureDeclaration(name: string, upper: string, { picture }: ModelFacts): string {
  if (picture === undefined) return '';
  return `/* Makes ${upper}_INPUT_BYTES codes of a camera's picture of any size, the plan's \`normalise\` respected. \`codes\` may be
 * ${name}_input(). */
void ${name}_picture(const void *pixels, ft_pixels format, int32_t width, int32_t height, int8_t *codes);

`;
}

function targetDeclaration({ name, ports }: Program): string {
  if (ports.training?.target === undefined) return '';
  const count = `${name.toUpperCase()}_CLASSES`;
  return `/* ${count} values that the results shall come to, for steps with a negative label. A label from 0 on sets them:
 * to 1 for this class and 0 for the others, or to the label itself where there is one result. */
float *${name}_target(void);

`;
}
