/** The timeline as a drawing that stands for itself: same figures and colours, no script, no style sheet. */

import { bytesText, t } from '../text.ts';
import type { Theme } from '../theme.ts';
import { ghostPoints } from './ghost.ts';
import type { GhostPicture, PlanPicture } from './messages.ts';
import { paintsOf, partsOf, seriesKeys, seriesTitle } from './series.ts';
import { phaseTitle } from './tables.ts';
import { kilobyteStep } from './timelineChart.ts';
import { bandsOf, heightAt, stackedSteps, topOf, wholeRange } from './timelineData.ts';

const size = { width: 960, height: 460 };
const area = { left: 72, top: 56, right: 940, bottom: 372 };

export function timelineSvg(picture: PlanPicture, ghost: GhostPicture | null, theme: Theme): string {
  const { steps, budgetBytes, peak } = picture;
  const top = topOf(picture, ghost?.totals.sramBytes);
  const x = (step: number): number => round(area.left + ((step + 0.5) / steps.length) * (area.right - area.left));
  const y = (bytes: number): number => round(area.bottom - (bytes / top.bytes) * (area.bottom - area.top));
  const text = (at: readonly [number, number], content: string, attributes = ''): string =>
    `<text x="${at[0]}" y="${at[1]}" ${attributes}>${escaped(content)}</text>`;
  const line = (from: readonly [number, number], to: readonly [number, number], attributes: string): string =>
    `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" ${attributes}/>`;

  const paints = paintsOf(theme);
  const { edges, tops } = stackedSteps(picture, wholeRange(steps.length), steps.length);
  const outline = (heights: readonly number[]): string[] =>
    heights.map((bytes, step) => `${x(edges[step] ?? 0)},${y(bytes)} ${x(edges[step + 1] ?? 0)},${y(bytes)}`);
  const parts = partsOf(picture).map((key) => {
    const index = seriesKeys.indexOf(key);
    const lower = outline(tops[index - 1] ?? steps.map(() => 0)).map((pair) => pair.split(' ').reverse().join(' '));
    const points = [...outline(tops[index] ?? []), ...lower.reverse()].join(' ');
    const { flat, line: stroke } = paints[key];
    return { key, flat, shape: `<polygon points="${points}" fill="${flat}" stroke="${stroke}" stroke-width="0.5"/>` };
  });

  const unit = kilobyteStep(top.bytes);
  const grid = Array.from({ length: Math.floor(top.bytes / unit) + 1 }, (_, index) => index * unit).flatMap((bytes) => [
    line([area.left, y(bytes)], [area.right, y(bytes)], `stroke="${theme.gridLine}"`),
    text([area.left - 8, y(bytes) + 4], `${bytes / 1024} KB`, 'text-anchor="end"'),
  ]);
  const titles = { forward: phaseTitle('forward'), loss: phaseTitle('loss'), backward: t('backward and update') };
  const bands = bandsOf(steps).flatMap(({ phase, first, last }) => {
    const left = x(first - 0.5);
    const wide = x(last + 0.5) - left > titles[phase].length * 6.5;
    return [
      line([left, area.top - 16], [left, area.bottom], `stroke="${theme.muted}" stroke-opacity="0.4"`),
      ...(wide ? [text([left + 5, area.top - 5], titles[phase])] : []),
    ];
  });
  const ghostLine =
    ghost === null
      ? []
      : [
          `<polyline points="${ghostPoints(ghost, steps)
            .map((point) => `${x(point.x)},${y(point.y)}`)
            .join(' ')}" fill="none" stroke="${theme.foreground}" stroke-width="1.5" stroke-dasharray="4 3"/>`,
        ];
  const limit = top.showsBudget
    ? [
        line(
          [area.left, y(budgetBytes)],
          [area.right, y(budgetBytes)],
          `stroke="${theme.foreground}" stroke-dasharray="6 4"`,
        ),
        text([area.right, y(budgetBytes) - 5], t('budget {0}', bytesText(budgetBytes)), 'text-anchor="end"'),
      ]
    : [];
  const peakTop = y(heightAt(picture, peak.step));
  const peakAt = x(peak.step);
  const heading = t('{0}: SRAM of one training step', picture.name);
  const peakText = t(
    'Peak {0} in step {1}: {2}, {3}',
    ...[bytesText(heightAt(picture, peak.step)), peak.step, peak.layer, phaseTitle(peak.phase)],
  );
  let legendAt: number = area.left;
  const legend = [...parts.map(({ key, flat }) => ({ title: seriesTitle(key), flat }))].flatMap(({ title, flat }) => {
    const at = legendAt;
    legendAt += 26 + title.length * 6.6;
    return [
      `<rect x="${at}" y="${area.bottom + 44}" width="10" height="10" fill="${flat}" stroke="${theme.muted}"/>`,
      text([at + 15, area.bottom + 53], title),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img" font-family="${escaped(theme.font)}" font-size="12" fill="${theme.foreground}">`,
    `<title>${escaped(`${heading}. ${peakText}`)}</title>`,
    `<rect width="100%" height="100%" fill="${theme.background}"/>`,
    text([area.left, 22], heading, 'font-size="14" font-weight="600"'),
    text([area.right, 22], peakText, 'text-anchor="end"'),
    ...grid,
    ...parts.map(({ shape }) => shape),
    ...bands,
    ...ghostLine,
    ...limit,
    `<path d="M${peakAt - 5} ${peakTop - 11}h10l-5 8z"/>`,
    text([area.left, area.bottom + 18], '0'),
    text([area.right, area.bottom + 18], `${steps.length - 1}`, 'text-anchor="end"'),
    text([(area.left + area.right) / 2, area.bottom + 18], t('step of the schedule'), 'text-anchor="middle"'),
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
