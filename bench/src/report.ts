import { cpus, totalmem } from 'node:os';
import { figure } from './figure.ts';
import type { Result } from './group.ts';
import type { GrowthResult } from './growth.ts';
import type { Spread } from './statistics.ts';
import type { Bar, TrialResult, Verdict } from './trial.ts';

/** One group's results, and what a reader must know of the run: what is kept as JSON. */
export interface Page {
  /** What the group is asked for by, and what it is about. */
  readonly name: string;
  readonly about: string;
  readonly command: string;
  readonly machine: string;
  readonly takenAt: string;
  readonly seconds: number;
  /** The one-minute load average before and after: of what else the machine had to do, and of the run itself. */
  readonly load: readonly [before: number, after: number];
  readonly results: readonly Result[];
}

/** What machine it is. */
export function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`;
}

/** A page as Markdown, with headings from `level` down: a table for each result, its bars below it. */
export function markdown(page: Page, level = 1): string {
  const { about, command, takenAt, seconds, load, results } = page;
  return [
    `${'#'.repeat(level)} ${about}`,
    '',
    `\`${command}\` on ${page.machine}; ${takenAt.slice(0, 10)}, ${seconds} s, load ${load[0].toFixed(1)} before and ${load[1].toFixed(1)} after. Median (min – max); ratios within a round.`,
    '',
    ...results.flatMap((result) => [`${'#'.repeat(level + 1)} ${result.title}`, '', ...table(result), '']),
  ].join('\n');
}

/** `Reached: …`, `**Missed**: …` or `*Not decided*: …`, one line a bar. */
export function barLines(results: readonly Result[]): string[] {
  return results.flatMap(({ bars }) =>
    bars.map(({ contender, metric, against, over, atLeast, atMost, by, measured, verdict }) => {
      const bar = [
        atLeast !== undefined && `≥ ${atLeast.toLocaleString('en-US')}`,
        atMost !== undefined && `≤ ${atMost.toLocaleString('en-US')}`,
      ]
        .filter(Boolean)
        .join(', ');
      const what = `${metric}${against === undefined ? '' : ` × ${against}`}${over === undefined ? '' : ` over ${over}`}`;
      return `${VERDICTS[verdict]}: ${contender}, ${what}: ${show(measured)}, bar ${bar}${by === undefined ? '' : JUDGED_BY[by]}.`;
    }),
  );
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  reached: 'Reached',
  missed: '**Missed**',
  'not decided': '*Not decided*',
};

const JUDGED_BY: Readonly<Record<NonNullable<Bar['by']>, string>> = {
  median: '',
  worst: ' in every round',
  paired: ', by the median of the rounds and its 95 % interval',
  'low tenth': ', by the low tenth of the rounds and its 95 % interval',
};

function table(result: Result): string[] {
  const rows = result.kind === 'growth' ? growthRows(result) : comparisonRows(result);
  const bars = barLines([result]).map((line) => `- ${line}`);
  return [
    ...rows,
    '',
    [`${result.rounds} ${result.rounds === 1 ? 'round' : 'rounds'}.`, ...result.notes].join(' '),
    ...(bars.length > 0 ? ['', ...bars] : []),
  ];
}

function comparisonRows({ baseline, metrics, contenders }: TrialResult): string[] {
  // A ratio to oneself says nothing.
  const ratio = (text: string): string => (contenders.length > 1 ? ` | ${text}` : '');
  return [
    `| | ${metrics.map((metric) => `${metric}${ratio(`× ${baseline}`)}`).join(' | ')} |`,
    `|---|${metrics.map(() => `---:|${contenders.length > 1 ? '---:|' : ''}`).join('')}`,
    ...contenders.map(
      ({ name, values, ratios }) =>
        `| ${name} | ${metrics.map((metric) => `${show(values[metric])}${ratio(show(ratios[metric]))}`).join(' | ')} |`,
    ),
  ];
}

function growthRows({ by, metrics, lines }: GrowthResult): string[] {
  return [
    `| | ${by} | ${metrics.join(' | ')} |`,
    `|---|---:|${metrics.map(() => '---:|').join('')}`,
    ...lines.flatMap(({ name, points, exponents }) => [
      ...points.map(
        ({ size, values }) =>
          `| ${name} | ${size.toLocaleString('en-US')} | ${metrics.map((metric) => show(values[metric])).join(' | ')} |`,
      ),
      `| ${name} | *exponent* | ${metrics.map((metric) => slope(exponents[metric])).join(' | ')} |`,
    ]),
  ];
}

const slope = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) || value === null ? '–' : `*${value.toFixed(2)}*`;

function show(value: Spread | undefined): string {
  if (value === undefined || Number.isNaN(value.median)) return '–';
  const { median, min, max } = value;
  return min === max ? figure(median) : `${figure(median)} (${figure(min)} – ${figure(max)})`;
}
