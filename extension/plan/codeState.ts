/** Whether generated code is that of a plan's text: decided as `firmtune build` does it, but in a browser too. */

import type { CodeState } from '../../webview/messages.ts';
import { unixLines } from '../cli/files/manifest.ts';

/** What a list of generated files says of one plan. */
export interface CodeRecord {
  /** Its URI. */
  readonly plan: string;
  /** Where the code is, as users read it. */
  readonly folder: string;
  /** Of the plan's text that the code was generated from. */
  readonly sha256: string;
}

/**
 * Of several folders those that are older than the plan count: they are what there is to do.
 * @param text as it is in the editor
 */
export async function codeState(records: readonly CodeRecord[], plan: string, text: string): Promise<CodeState> {
  const own = records.filter((record) => record.plan === plan);
  if (own.length === 0) return { state: 'missing', folders: [] };
  const hashes = await possibleHashes(text);
  const outdated = own.filter(({ sha256 }) => !hashes.includes(sha256));
  const shown = outdated.length > 0 ? outdated : own;
  return {
    state: outdated.length > 0 ? 'outdated' : 'current',
    folders: [...new Set(shown.map(({ folder }) => folder))].sort(),
  };
}

/** The editor does not say whether the file begins with a byte order mark, which the command line takes for text. */
function possibleHashes(text: string): Promise<readonly string[]> {
  return Promise.all([textHash(text), textHash(`\uFEFF${text}`)]);
}

/** The same as the command line's of that name, without Node. */
export async function textHash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(unixLines(text)));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
