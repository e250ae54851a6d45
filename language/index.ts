/** The training plan language: text to `TrainingPlan` and back. Runs in Node and in a browser worker. */

export { type Board, type BoardSetting, boards, boardsFromSettings, cores } from './boards.ts';
export { editBetween, editForToggle, editForToggles, undoOf } from './edits.ts';
export { formatPlan } from './format.ts';
export { isPattern, type LayerIndex, layerIndex, type TrainableLayer, trainableLayer } from './layers.ts';
export { type ParsedPlan, parsePlan } from './parse.ts';
export { placeDiagnostics } from './place.ts';
export { printPlan } from './print.ts';
export { type Places, type Resolution, type ResolveOptions, resolveFully, resolvePlan } from './resolve.ts';
export type { LayerChange, UpdateLineMeaning } from './resolveUpdate.ts';
export { applyEdits } from './text.ts';
