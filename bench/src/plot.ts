import { figure } from './figure.ts';
import type { Result } from './group.ts';
import type { GrowthResult } from './growth.ts';
import type { TrialResult } from './trial.ts';

const LEFT = 250;
const WIDTH = 400;
const RIGHT = 100;
const ROW = 22;
const OWN = '#2563eb';
const COLOURS = [OWN, '#71717a', '#d97706', '#059669', '#db2777', '#7c3aed'];

/** One SVG for a page: bars of each table's first metric, or its growth on two logarithmic axes. */
export function plot(about: string, results: readonly Result[]): string {
  let y = 30;
  const parts = results.map((result) => {
    const { svg, height } = result.kind === 'growth' ? growth(result, y) : bars(result, y);
    y += height;
    return svg;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + RIGHT}" height="${y}" font-family="sans-serif" font-size="12"><title>${xml(about)}</title><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>\n`;
}

interface Drawing {
  readonly svg: string;
  readonly height: number;
}

/** Medians, with a line from the least to the most. */
function bars({ title, metrics, contenders }: TrialResult, top: number): Drawing {
  const metric = metrics[0] as string;
  const shown = contenders.flatMap(({ name, values }) => {
    const value = values[metric];
    return value !== undefined && Number.isFinite(value.median) ? [{ name, value }] : [];
  });
  const most = Math.max(...shown.map(({ value }) => value.max), Number.MIN_VALUE);
  const x = (amount: number): number => round(LEFT + (WIDTH * amount) / most);
  const rows = shown.map(({ name, value }, at) => {
    const y = top + 12 + at * ROW;
    return [
      `<text x="${LEFT - 8}" y="${y + 12}" text-anchor="end">${xml(name)}</text>`,
      `<rect x="${LEFT}" y="${y + 2}" width="${round(x(value.median) - LEFT)}" height="13" fill="${isOwn(name) ? OWN : '#a1a1aa'}"/>`,
      `<line x1="${x(value.min)}" x2="${x(value.max)}" y1="${y + 8}" y2="${y + 8}" stroke="#18181b"/>`,
      `<text x="${LEFT + WIDTH + 8}" y="${y + 12}">${figure(value.median)}</text>`,
    ].join('');
  });
  return { svg: heading(title, metric, top) + rows.join(''), height: 12 + (shown.length + 1) * ROW };
}

const PANEL = 150;

function growth({ title, by, metrics, lines }: GrowthResult, top: number): Drawing {
  const metric = metrics[0] as string;
  const drawn = lines.map(({ name, points, exponents }) => ({
    name,
    exponent: exponents[metric],
    points: points.flatMap(({ size, values }) => {
      const cost = values[metric]?.median ?? Number.NaN;
      return cost > 0 ? [{ size, cost }] : [];
    }),
  }));
  const all = drawn.flatMap(({ points }) => points);
  if (all.length === 0) return { svg: '', height: 0 };
  const x = scale(
    all.map(({ size }) => size),
    LEFT,
    LEFT + WIDTH,
  );
  const y = scale(
    all.map(({ cost }) => cost),
    top + 15 + PANEL,
    top + 15,
  );
  const sizes = [...new Set(all.map(({ size }) => size))];
  const costs = all.map(({ cost }) => cost);
  const axes = [
    `<path d="M${LEFT} ${top + 15}V${top + 15 + PANEL}H${LEFT + WIDTH}" fill="none" stroke="#18181b"/>`,
    ...sizes.map((size) => `<text x="${x(size)}" y="${top + 30 + PANEL}" text-anchor="middle">${figure(size)}</text>`),
    `<text x="${LEFT + WIDTH + 20}" y="${top + 30 + PANEL}">${xml(by)}</text>`,
    ...[Math.min(...costs), Math.max(...costs)].map(
      (cost) => `<text x="${LEFT - 8}" y="${round(y(cost) + 4)}" text-anchor="end">${figure(cost)}</text>`,
    ),
  ];
  const curves = drawn.map(({ name, exponent, points }, at) => {
    const colour = COLOURS[at % COLOURS.length];
    const slope = exponent === undefined || !Number.isFinite(exponent) ? '' : `, exponent ${exponent.toFixed(2)}`;
    return [
      `<polyline points="${points.map(({ size, cost }) => `${x(size)},${y(cost)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      `<text x="10" y="${top + 30 + at * 16}" fill="${colour}">${xml(name + slope)}</text>`,
    ].join('');
  });
  return { svg: heading(title, metric, top) + axes.join('') + curves.join(''), height: PANEL + 70 };
}

/** Where a value is between two ends, by its logarithm. */
function scale(values: readonly number[], from: number, to: number): (value: number) => number {
  const low = Math.log(Math.min(...values));
  const span = Math.log(Math.max(...values)) - low || 1;
  return (value) => round(from + ((to - from) * (Math.log(value) - low)) / span);
}

/** Of the metrics that a plot may show, those of which more is better. */
const GOOD = /^(opsPerSecond|mibPerSecond|readable)$/;
const heading = (title: string, metric: string, y: number): string =>
  `<text x="10" y="${y}" font-weight="bold">${xml(title)} (${xml(metric)}, ${GOOD.test(metric) ? 'more' : 'less'} is better)</text>`;
const isOwn = (name: string): boolean => name.startsWith('regionkit');
const round = (value: number): number => Math.round(value * 10) / 10;
const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
