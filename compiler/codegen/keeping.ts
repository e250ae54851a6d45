/** The functions of NAME.c that save and load, and the table of what they save. */
import type { Program } from '../program.ts';
import type { ModelFacts } from './facts.ts';
import { optimizerHash } from './identity.ts';
import { bytesOf, type LearnedPart, learnedLayout, partsOf } from './learned.ts';

export function learnedFunctions(program: Program, { planHash }: ModelFacts): string {
  const { name } = program;
  const { trained, optimizer } = learnedLayout(program);
  const [parameters, state] = [partsOf(trained), partsOf(optimizer)];
  const hash = (value: number): string => `0x${value.toString(16).padStart(8, '0')}u`;
  const row = ({ offset, bytes }: LearnedPart): string => `    {${offset}u, ${bytes}u},`;
  return `
/* What is saved: trained parameters and the count of steps, then the optimiser's state. */
static const ft_part parts[] = {
${[...parameters, ...state].map(row).join('\n')}
};
static const ft_learned learned = {
    (uint8_t *)(void *)&memory, parts, ${parameters.length}u, ${parameters.length + state.length}u,
    ${bytesOf(parameters)}u, ${bytesOf(state)}u, ${hash(planHash)}, ${hash(optimizerHash(program))},
};

int32_t ${name}_save(int32_t with_optimiser, ft_writer writer, void *context) {
  return ft_blob_write(&learned, with_optimiser, writer, context);
}

int32_t ${name}_load(const void *blob, uint32_t bytes) {
  return ft_blob_load(&learned, blob, bytes);
}

int32_t ${name}_store(int32_t with_optimiser, const ft_flash *flash) {
  return ft_slots_save(&learned, with_optimiser, flash);
}

int32_t ${name}_restore(const ft_flash *flash) {
  return ft_slots_load(&learned, flash);
}
`;
}
