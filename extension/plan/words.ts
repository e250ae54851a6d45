/** Figures and layers in words, for lists of the editor. */

import { env, l10n } from 'vscode';
import type { LayerSwitch, PictureLayer } from '../../webview/messages.ts';

/** KB are 1,024 bytes, as in the plan; below 10 KB single bytes count. */
export function bytesText(bytes: number): string {
  const language = env.language;
  if (Math.abs(bytes) < 10 * 1024) return `${bytes.toLocaleString(language)} B`;
  return `${(bytes / 1024).toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} KB`;
}

/** With its sign; the minus is as wide as the plus. */
export function differenceText(bytes: number): string {
  if (bytes === 0) return `±0 B`;
  return `${bytes > 0 ? '+' : '−'}${bytesText(Math.abs(bytes))}`;
}

/** What of the layer trains: `bias, weights 1/4`. */
export function trainedText({ bias, weights }: PictureLayer): string {
  const parts = [...(bias === true ? [l10n.t('bias')] : []), ...(weights === 'weights none' ? [] : [weights])];
  return parts.length === 0 ? l10n.t('frozen') : parts.join(', ');
}

/** As a plan writes it. */
export function switchText({ bias, weights }: LayerSwitch): string {
  const parts = [
    ...(bias === undefined ? [] : [bias ? 'bias' : 'bias none']),
    ...(weights === undefined ? [] : [`weights ${weights}`]),
  ];
  return parts.join(', ');
}

/** The more trains, the larger: told apart by shape, not by colour. */
export function layerIcon({ bias, weights }: PictureLayer): string {
  if (weights === 'weights all') return 'circle-large-filled';
  if (weights !== 'weights none') return 'circle-filled';
  return bias === true ? 'circle-small-filled' : 'circle-outline';
}
