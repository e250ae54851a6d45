/** What a plan is compared with. */

import { l10n, type Uri, workspace } from 'vscode';
import type { GhostPicture, PlanPicture } from '../../webview/messages.ts';
import type { EngineClient } from '../engine/channel.ts';
import type { Engine } from '../engine/handlers.ts';
import { basename } from '../files.ts';
import { withModel } from './engines.ts';
import type { PlanSession } from './session.ts';

export interface Comparison {
  readonly kind: GhostPicture['kind'];
  /** For `plan`. */
  readonly other?: Uri;
}

/** Undefined where there is nothing to compare with, or where it does not compile. */
export async function ghostOf(
  session: PlanSession,
  { kind, other }: Comparison,
  engine: EngineClient<Engine>,
): Promise<GhostPicture | undefined> {
  // The page remembers what it showed before.
  if (kind === 'previous') return undefined;
  const text = session.planText();
  if (kind === 'plan') {
    if (other === undefined) return undefined;
    const document = await workspace.openTextDocument(other);
    const input = { uri: other.toString(), text: document.getText(), boards: text.boards };
    const { picture } = await withModel(engine, () => engine.call('drawPlan', { ...input, refine: true }));
    return picture && ghostFrom(picture, kind, basename(other));
  }
  const title = kind === 'inference' ? l10n.t('inference only') : l10n.t('full update');
  const { ghost } = await withModel(engine, () => engine.call('comparePlan', { ...text, kind }));
  return ghost && { kind, title, ...ghost };
}

function ghostFrom({ steps, totals }: PlanPicture, kind: GhostPicture['kind'], title: string): GhostPicture {
  return { kind, title, totals, steps: steps.map(({ layer, phase, liveBytes }) => ({ layer, phase, liveBytes })) };
}
