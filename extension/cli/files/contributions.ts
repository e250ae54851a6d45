/** Reads a file of contributions from the disk. */
import type { Result } from '../../../compiler/diagnostics.ts';
import type { Contributions } from '../../../compiler/search/space.ts';
import { parseContributions } from '../../data/contributions.ts';
import { readInput } from './read.ts';

/** `layers`: those that the model has; a file for another model is refused. */
export async function readContributions(file: string, layers: readonly string[]): Promise<Result<Contributions>> {
  const bytes = await readInput(file, 'contributions');
  return bytes.ok ? parseContributions(new TextDecoder().decode(bytes.value), layers, file) : bytes;
}
