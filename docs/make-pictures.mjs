/**
 * Draws docs/images/memory.svg, the memory of the bundled sample over one training step, from the compiler's own report;
 * and with Chromium memory.png for the README, as extension readmes may not show SVG.
 * Usage: npm run build && node docs/make-pictures.mjs
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const plan = 'extension/samples/garments/garments.trainplan';
const budgetBytes = 32 * 1024;
const svgFile = 'docs/images/memory.svg';
const pngFile = 'docs/images/memory.png';

const series = [
  { role: 'trained', title: 'weights that train', colour: '#3f6fb5' },
  { role: 'saved', title: 'saved activations', colour: '#2a9487' },
  { role: 'mask', title: 'clamp masks', colour: '#8a68bd' },
  { role: 'activation', title: 'activations', colour: '#dda02f' },
  { role: 'gradient', title: 'gradients', colour: '#cf5c3a' },
  { role: 'scratch', title: 'scratch', colour: '#8b919b' },
];
const width = 960;
const height = 400;
const plot = { left: 64, right: 944, top: 52, bottom: 316 };
const tickKb = 8;

const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/firmtune.js', 'plan', plan, '--json'], {
  encoding: 'utf8',
});
if (status !== 0) throw new Error(stderr);
const report = JSON.parse(stdout);
const { steps } = report;

const stepWidth = (plot.right - plot.left) / steps.length;
const x = (step) => plot.left + step * stepWidth;
const y = (bytes) => plot.bottom - (bytes / (budgetBytes * 1.1)) * (plot.bottom - plot.top);
const staticBytes = report.trainableBytes + report.stateBytes;
const stacks = steps.map((step, number) => stackOf(number, step.liveBytes));

writeFileSync(svgFile, picture());
const page = `file://${process.cwd()}/${svgFile}`;
const shot = ['--headless', '--no-sandbox', '--hide-scrollbars', '--force-device-scale-factor=2'];
const browser = spawnSync('chromium', [...shot, `--window-size=${width},${height}`, `--screenshot=${pngFile}`, page]);
if (browser.error !== undefined) console.error(`chromium is not installed: ${pngFile} is not drawn`);

/** Bytes by role in one step, from the bottom. A byte that two buffers share counts for the lower one. */
function stackOf(number, liveBytes) {
  const bytes = Object.fromEntries(series.map(({ role }) => [role, 0]));
  let end = 0;
  const alive = report.buffers
    .filter(({ home, first, last }) => home === 'arena' && first <= number && number <= last)
    .sort((a, b) => a.offset - b.offset);
  for (const buffer of alive) {
    const top = buffer.offset + buffer.bytes;
    bytes[buffer.role] += Math.max(0, top - Math.max(end, buffer.offset));
    end = Math.max(end, top);
  }
  const sum = Object.values(bytes).reduce((total, part) => total + part, 0);
  if (sum !== liveBytes) throw new Error(`step ${number}: ${sum} bytes by role, ${liveBytes} in all`);
  return { ...bytes, trained: staticBytes };
}

function picture() {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">SRAM of one training step of the garments sample, by purpose, against its budget of 32 KB</title>
<style>
  text { font: 13px system-ui, 'DejaVu Sans', sans-serif; fill: #24292f; }
  .back { fill: #ffffff; } .grid { stroke: #d8dee4; } .limit { stroke: #24292f; stroke-dasharray: 6 4; }
  .heading { font-size: 15px; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .back { fill: #0d1117; } .grid { stroke: #30363d; } .limit { stroke: #e6edf3; }
  }
</style>
<rect class="back" width="${width}" height="${height}"/>
<text class="heading" x="${plot.left}" y="24">SRAM during one training step (garments sample, Cortex-M7)</text>
${grid()}
${series.map((_, index) => area(index)).join('\n')}
${marks()}
${legend()}
</svg>
`;
}

function grid() {
  const ticks = Array.from({ length: budgetBytes / 1024 / tickKb + 1 }, (_, index) => index * tickKb);
  return ticks
    .map((kb) => {
      const at = y(kb * 1024).toFixed(1);
      return (
        `<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${at}" y2="${at}"/>` +
        `<text x="${plot.left - 8}" y="${Number(at) + 4}" text-anchor="end">${kb} KB</text>`
      );
    })
    .join('\n');
}

/** A staircase between the sum of the series below and that sum with this one. */
function area(index) {
  const level = (stack, count) => series.slice(0, count).reduce((sum, { role }) => sum + stack[role], 0);
  const edge = (count) =>
    stacks.flatMap((stack, number) => {
      const at = y(level(stack, count)).toFixed(1);
      return [`${x(number).toFixed(1)} ${at}`, `${x(number + 1).toFixed(1)} ${at}`];
    });
  const points = [...edge(index + 1), ...edge(index).reverse()];
  return `<path fill="${series[index].colour}" d="M${points.join('L')}Z"/>`;
}

function marks() {
  const limit = y(budgetBytes).toFixed(1);
  const begin = (phase) => steps.findIndex((step) => step.phase === phase);
  const bands = [
    { title: 'forward', from: 0, to: begin('loss') },
    { title: 'loss, backward, update', from: begin('loss'), to: steps.length },
  ];
  const peak = report.peak;
  const peakBytes = peak.bytes + staticBytes;
  return [
    `<line class="limit" x1="${plot.left}" x2="${plot.right}" y1="${limit}" y2="${limit}"/>`,
    `<text x="${plot.right}" y="${Number(limit) - 6}" text-anchor="end">budget 32 KB</text>`,
    `<circle cx="${x(peak.step + 0.5).toFixed(1)}" cy="${y(peakBytes).toFixed(1)}" r="4" class="back" stroke="#24292f" stroke-width="1.5"/>`,
    `<text x="${(x(peak.step) - 6).toFixed(1)}" y="${(y(peakBytes) - 8).toFixed(1)}" text-anchor="end">peak ${peakBytes.toLocaleString('en')} B: ${peak.layer}</text>`,
    ...bands.map(
      ({ title, from, to }) =>
        `<line class="grid" x1="${x(to).toFixed(1)}" x2="${x(to).toFixed(1)}" y1="${plot.top}" y2="${plot.bottom + 24}"/>` +
        `<text x="${((x(from) + x(to)) / 2).toFixed(1)}" y="${plot.bottom + 20}" text-anchor="middle">${title}</text>`,
    ),
  ].join('\n');
}

function legend() {
  const column = (plot.right - plot.left) / series.length;
  return series
    .map(({ title, colour }, index) => {
      const at = plot.left + index * column;
      return `<rect x="${at.toFixed(1)}" y="${height - 38}" width="12" height="12" fill="${colour}"/><text x="${(at + 17).toFixed(1)}" y="${height - 27}" font-size="12">${title}</text>`;
    })
    .join('\n');
}
