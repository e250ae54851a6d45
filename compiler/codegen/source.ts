/** NAME.c: constants, memory, the steps as plain calls, and the functions of the interface. */
import { staticOrder } from '../memory/place.ts';
import type { BufferId, Program, ProgramPorts } from '../program.ts';
import { elementBytes } from '../schedule/builder.ts';
import { bufferAt, CallPrinter } from './calls.ts';
import type { ModelFacts } from './facts.ts';
import { elements } from './header.ts';
import { learnedFunctions } from './keeping.ts';
import { fileHeading } from './licence.ts';
import { constantDefinition, cTypes, floatLiteral, intLiteral, stringLiteral, valuesOf } from './literals.ts';
import { SourceText } from './text.ts';

export function sourceFile(program: Program, facts: ModelFacts): SourceText {
  const { name } = program;
  const printer = new CallPrinter(program);
  const forwardSteps = program.steps.filter((step) => step.phase === 'forward');
  const learningSteps = program.steps.filter((step) => step.phase !== 'forward');

  const [forward, learning, initialise] = [new SourceText(), new SourceText(), new SourceText()];
  printer.steps(forward, forwardSteps, 0);
  printer.steps(learning, learningSteps, forwardSteps.length);
  printer.steps(initialise, program.initialise);
  const { label, complete, training } = printer.wants;

  const text = new SourceText();
  text.add(`${fileHeading(facts)} */
#include "${name}.h"

#include <string.h>

#include "kernels/ft_kernels.h"

/* Constants: geometry, multipliers, weights as in the model's file. */
`);
  for (const buffer of program.buffers) {
    if (printer.used.has(buffer.id)) text.add(constantDefinition(buffer), { layer: buffer.layer, phase: 'constant' });
  }
  text.add(memoryHeading(name));
  for (const { name: field, layer, element, bytes } of staticOrder(program.buffers)) {
    const line = `  ${cTypes[element]} ${field}[${bytes / elementBytes[element]}];`;
    text.add(line, layer === '' ? undefined : { layer, phase: 'memory' });
  }
  text.add(arenaDefinition(name));
  text.add(`
/* The schedule. Only the steps from \`first\` to before \`end\` are done: inlined with constants, as all callers but one
 * do it, plain calls are left; that one does a single step. The two passes stand apart: one would have the other's frame
 * on the stack. */
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))
#else
#define INLINE static inline
#define APART static
#endif
#define STEP(number) if (first <= (number) && (number) < end)
#define BATCH_STEP(number) if (first <= (number) && (number) < end && complete)

/* Without \`training\` the masks are left out that the backward pass would need. */
INLINE void forward_steps(int32_t first, int32_t end, int32_t training) {`);
  if (!training) text.add('  (void)training;');
  text.append(forward);
  text.add(`}

INLINE void learning_steps(int32_t first, int32_t end, int32_t label, int32_t complete) {`);
  if (!label) text.add('  (void)label;');
  if (!complete) text.add('  (void)complete;');
  text.append(learning);
  text.add(`}
${runners(program, forwardSteps.length)}
void ${name}_init(void) {
  memset(&memory, 0, sizeof memory);`);
  for (const line of defaults(program)) text.add(line);
  text.append(initialise);
  text.add(`}
${interfaceFunctions(program, printer)}
${learnedFunctions(program, facts)}${pictureFunction(name, facts)}
${classNames(program, facts)}

${stepNames(program)}`);
  return text;
}

function memoryHeading(name: string): string {
  const upper = name.toUpperCase();
  return `
#if defined(${upper}_LEARNED_SECTION)
#define LEARNED_ATTRIBUTE __attribute__((section(${upper}_LEARNED_SECTION)))
#else
#define LEARNED_ATTRIBUTE
#endif

/* What is learned, and the state of training. */
static LEARNED_ATTRIBUTE struct {`;
}

function arenaDefinition(name: string): string {
  const upper = name.toUpperCase();
  return `} memory;

/* Its fields lie without gaps, as the simulator has them: saved states depend on it. */
typedef char ${name}_memory_has_no_gaps[sizeof memory == ${upper}_LEARNED_BYTES ? 1 : -1];

/* Everything that lives for part of a step only. */
#if defined(${upper}_ARENA_EXTERN)
extern uint8_t ${upper}_ARENA_EXTERN[];
#define ARENA(type, offset) ((type *)(void *)(${upper}_ARENA_EXTERN + (offset)))
#else
#if !defined(${upper}_ARENA_ATTRIBUTE)
#define ${upper}_ARENA_ATTRIBUTE
#endif
#if defined(${upper}_ARENA_SECTION)
#define ARENA_SECTION __attribute__((section(${upper}_ARENA_SECTION)))
#else
#define ARENA_SECTION
#endif
#if defined(${upper}_ARENA_ALIGNMENT)
#define ARENA_ALIGNMENT __attribute__((aligned(${upper}_ARENA_ALIGNMENT)))
#else
#define ARENA_ALIGNMENT
#endif
static ${upper}_ARENA_ATTRIBUTE ARENA_SECTION ARENA_ALIGNMENT union {
  uint8_t bytes[${upper}_ARENA_BYTES];
  int64_t alignment;
} arena;
#define ARENA(type, offset) ((type *)(void *)(arena.bytes + (offset)))
#endif`;
}

/** How the schedule is gone through: a whole pass, one step, with and without the user's hook. */
function runners(program: Program, forwardSteps: number): string {
  const { name, steps } = program;
  const upper = name.toUpperCase();
  const batchCount = field(program, trainingPorts(program).batchCount);
  return `
/* 1 if the sample that begins completes a batch. */
static int32_t count_sample(void) {
  const int32_t complete = ++${batchCount} == ${upper}_BATCH ? 1 : 0;
  if (complete)
    ${batchCount} = 0;
  return complete;
}

static void one_step(int32_t step, int32_t label, int32_t complete, int32_t training) {
#if defined(${upper}_HOOK)
  ${upper}_HOOK(step, 0);
#endif
  if (step < ${forwardSteps})
    forward_steps(step, step + 1, training);
  else
    learning_steps(step, step + 1, label, complete);
#if defined(${upper}_HOOK)
  ${upper}_HOOK(step, 1);
#endif
}

#if defined(${upper}_HOOK)
static void run(int32_t first, int32_t end, int32_t label, int32_t complete, int32_t training) {
  for (int32_t step = first; step < end; step++)
    one_step(step, label, complete, training);
}
APART void forward(int32_t training) {
  run(0, ${forwardSteps}, -1, 0, training);
}
APART void learn(int32_t label, int32_t complete) {
  run(${forwardSteps}, ${steps.length}, label, complete, 1);
}
#else
APART void forward(int32_t training) {
  forward_steps(0, ${forwardSteps}, training);
}
APART void learn(int32_t label, int32_t complete) {
  learning_steps(${forwardSteps}, ${steps.length}, label, complete);
}
#endif
`;
}

function interfaceFunctions(program: Program, printer: CallPrinter): string {
  const { name, ports } = program;
  const upper = name.toUpperCase();
  const { loss, prediction, learningRate, target } = trainingPorts(program);
  const evaluation = evaluationSteps(program);
  return `
void ${name}_reset(void) {
  ${name}_init();
}

int8_t *${name}_input(void) {
  return (int8_t *)${printer.pointer(ports.input)};
}

static void take_input(const int8_t *input) {
  if (input != ${name}_input())
    memcpy(${name}_input(), input, ${upper}_INPUT_BYTES);
}

float ${name}_train_step(const int8_t *input, int32_t label) {
  const int32_t complete = count_sample();
  take_input(input);
  forward(1);
  learn(label, complete);
  return ${name}_loss();
}

/* The training step that is under way. */
static struct {
  int32_t steps_left, label, complete;
} turn;

void ${name}_train_begin(const int8_t *input, int32_t label) {
  take_input(input);
  turn.steps_left = ${upper}_STEPS;
  turn.label = label;
  turn.complete = count_sample();
}

int32_t ${name}_train_poll(void) {
  if (turn.steps_left > 0) {
    one_step(${upper}_STEPS - turn.steps_left, turn.label, turn.complete, 1);
    turn.steps_left--;
  }
  return turn.steps_left > 0 ? 1 : 0;
}

float ${name}_loss(void) {
  return ${field(program, loss)};
}

int32_t ${name}_infer(const int8_t *input) {
  take_input(input);
  forward(0);
  return ${name}_prediction();
}

float ${name}_evaluate(const int8_t *input, int32_t label, int32_t *correct) {
  const float loss_before = ${field(program, loss)};
  take_input(input);
  forward(0);
  learning_steps(${evaluation.first}, ${evaluation.end}, label, 0);
  const float loss = ${field(program, loss)};
  ${field(program, loss)} = loss_before;
  if (correct != NULL)
    *correct = ${name}_prediction() == label ? 1 : 0;
  return loss;
}

const float *${name}_output(void) {
  return ${printer.pointer(ports.output)};
}

int32_t ${name}_prediction(void) {
  return ${field(program, prediction)};
}

void ${name}_set_learning_rate(float learning_rate) {
  ${field(program, learningRate)} = learning_rate;
}

${target === undefined ? '' : `float *${name}_target(void) {\n  return memory.${bufferAt(program, target).name};\n}\n\n`}const void *${name}_learned(void) {
  return &memory;
}`;
}

/** The steps that compute the loss, and do not touch the rate. */
function evaluationSteps({ name, steps, ports }: Program): { readonly first: number; readonly end: number } {
  const loss = ports.training?.loss;
  const computes = (number: number): boolean =>
    steps[number]?.phase === 'loss' &&
    steps[number].calls.some(({ arguments: given }) =>
      Object.values(given).some((argument) => argument.kind === 'buffer' && argument.buffer === loss),
    );
  const first = steps.findIndex((_, number) => computes(number));
  if (first < 0) throw new Error(`${name} computes no loss`);
  return { first, end: first + 1 };
}

function pictureFunction(name: string, { picture }: ModelFacts): string {
  if (picture === undefined) return '';
  const { width, height, channels, dtype, table } = picture;
  const flip = dtype === 'int8' ? '0x80u' : '0u';
  const bytes = { element: 'uint8', bytes: 256 } as const;
  const definition = table && constantDefinition({ ...bytes, name: 'code_of_pixel', data: table });
  return `
${definition === undefined ? '' : `${definition}\n\n`}void ${name}_picture(const void *pixels, ft_pixels format, int32_t width, int32_t height, int8_t *codes) {
  static const ft_picture picture = {${width}, ${height}, ${channels}, ${table ? 'code_of_pixel' : 'NULL'}, ${flip}};
  ft_picture_codes(&picture, pixels, format, width, height, codes);
}
`;
}

function classNames(program: Program, facts: ModelFacts): string {
  const { name, ports } = program;
  const names = Array.from({ length: elements(program, ports.output) }, (_, label) =>
    stringLiteral(facts.classNames[label] ?? String(label)),
  );
  return `const char *const ${name}_class_names[${name.toUpperCase()}_CLASSES] = {
${names.map((each) => `  ${each},`).join('\n')}
};`;
}

function stepNames({ name, steps }: Program): string {
  const upper = name.toUpperCase();
  const names = steps.map(({ layer, phase }) => `  ${stringLiteral(`${layer} (${phase})`)},`);
  return `#if defined(${upper}_HOOK)
const char *const ${name}_step_names[${upper}_STEPS] = {
${names.join('\n')}
};
#endif`;
}

/** Initial values of static memory other than 0. */
function defaults({ buffers }: Program): readonly string[] {
  return buffers
    .filter((buffer) => buffer.home === 'sram' && buffer.data !== undefined)
    .flatMap((buffer) =>
      valuesOf(buffer).map((value, index) => {
        const literal = buffer.element === 'float32' ? floatLiteral(value) : intLiteral(value);
        return `  memory.${buffer.name}[${index}] = ${literal};`;
      }),
    );
}

function trainingPorts({ name, ports }: Program): NonNullable<ProgramPorts['training']> {
  if (ports.training === undefined) throw new Error(`${name} has nothing to train`);
  return ports.training;
}

function field(program: Program, id: BufferId): string {
  return `memory.${bufferAt(program, id).name}[0]`;
}
