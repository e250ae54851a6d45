import type { Diagnostic } from '../diagnostics.ts';
import type { Graph } from './graph.ts';
export function checkGraph(_graph: Graph): readonly Diagnostic[] {
  return [];
}
