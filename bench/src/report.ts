import { cpus, totalmem } from 'node:os';
import type { Spread } from './statistics.ts';
import type { TrialResult } from './trial.ts';

/** What machine it was. */
export function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`;
}

/** The results of a group as Markdown: a table a trial, its bars below it. */
export function markdown(group: string, results: readonly TrialResult[], command: string): string {
  return [
    `# ${group}`,
    '',
    `\`${command}\` on ${machine()}. Median (min – max); ratios within a round.`,
    '',
    ...results.flatMap(table),
  ].join('\n');
}

function table({ title, baseline, metrics, rounds, contenders, bars }: TrialResult): string[] {
  return [
    `## ${title}`,
    '',
    `| contender | ${metrics.map((metric) => `${metric} | × ${baseline}`).join(' | ')} |`,
    `|---|${metrics.map(() => '---:|---:|').join('')}`,
    ...contenders.map(
      ({ name, values, ratios }) =>
        `| ${name} | ${metrics.map((metric) => `${show(values[metric])} | ${show(ratios[metric])}`).join(' | ')} |`,
    ),
    '',
    `${rounds} rounds.`,
    ...bars.map(({ contender, metric, against, atLeast, atMost, measured, reached }) => {
      const bar = [atLeast !== undefined && `≥ ${atLeast}`, atMost !== undefined && `≤ ${atMost}`]
        .filter(Boolean)
        .join(', ');
      const what = against === undefined ? metric : `${metric} against ${against}`;
      return `${reached ? 'Reached' : '**Missed**'}: ${contender}, ${what}: ${show(measured)}, bar ${bar}.`;
    }),
    '',
  ];
}

function show(value: Spread | undefined): string {
  if (value === undefined || Number.isNaN(value.median)) return '–';
  return `${figure(value.median)} (${figure(value.min)} – ${figure(value.max)})`;
}

/** Three significant digits, thousands apart. */
export function figure(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toFixed(Math.min(digits, 6))).toLocaleString('en-US', { maximumFractionDigits: 6 });
}

/** A bar chart of each trial's first metric: medians, with a line from the least to the most. */
export function plot(group: string, results: readonly TrialResult[]): string {
  const row = 22;
  const left = 220;
  const width = 420;
  let y = 30;
  const parts: string[] = [];
  for (const { title, metrics, contenders } of results) {
    const metric = metrics[0] as string;
    const most = Math.max(...contenders.map(({ values }) => values[metric]?.max ?? 0));
    parts.push(`<text x="10" y="${y}" font-weight="bold">${xml(title)} (${xml(metric)})</text>`);
    y += 12;
    for (const { name, values } of contenders) {
      const value = values[metric];
      if (value === undefined || Number.isNaN(value.median)) continue;
      const x = (amount: number): number => left + (width * amount) / most;
      const own = name.startsWith('regionkit');
      parts.push(
        `<text x="${left - 8}" y="${y + 12}" text-anchor="end">${xml(name)}</text>`,
        `<rect x="${left}" y="${y + 2}" width="${x(value.median) - left}" height="13" fill="${own ? '#2563eb' : '#a1a1aa'}"/>`,
        `<line x1="${x(value.min)}" x2="${x(value.max)}" y1="${y + 8}" y2="${y + 8}" stroke="#18181b"/>`,
        `<text x="${left + width + 8}" y="${y + 12}">${figure(value.median)}</text>`,
      );
      y += row;
    }
    y += row;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 90}" height="${y}" font-family="sans-serif" font-size="12"><title>${xml(group)}</title><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>\n`;
}

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
