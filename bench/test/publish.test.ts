import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import type { GrowthResult } from '../src/growth.ts';
import { fromJson, toJson } from '../src/page-json.ts';
import { plot } from '../src/plot.ts';
import { groupsOf, pageOf, publish } from '../src/publish.ts';
import { markdown, type Page } from '../src/report.ts';
import { judge } from '../src/trial.ts';

const growth: GrowthResult = {
  kind: 'growth',
  title: 'nodes <16>',
  by: 'nodes',
  metrics: ['ns'],
  notes: [],
  rounds: 1,
  lines: [
    {
      name: 'regionkit',
      points: [1, 2].map((size) => ({
        size,
        samples: [{ ns: size }],
        values: { ns: { median: size, min: size, max: size } },
      })),
      exponents: { ns: 1 },
    },
  ],
  bars: [],
};
const page: Page = {
  name: 'router',
  about: 'routing',
  command: 'bench router',
  machine: 'a machine',
  takenAt: '2026-01-02T03:04:05.000Z',
  seconds: 9,
  load: [0.1, 1.5],
  results: [
    judge(
      {
        title: 'reads',
        baseline: 'pg',
        metrics: ['opsPerSecond', 'p99Ms'],
        notes: ['Over 32 connections.'],
        bars: [
          { contender: 'regionkit', metric: 'opsPerSecond', against: 'pg', atLeast: 0.97 },
          { contender: 'regionkit', metric: 'opsPerSecond', atLeast: 1_000_000 },
        ],
      },
      new Map([
        ['regionkit', [{ opsPerSecond: 2_000 }]],
        ['pg', [{ opsPerSecond: 1_000 }]],
      ]),
    ),
    growth,
  ],
};

it('tells of every figure, bar, note, machine and command', () => {
  const text = markdown(page);
  expect(text).toContain('`bench router` on a machine; 2026-01-02, 9 s, load 0.1 before and 1.5 after.');
  expect(text).toContain('| regionkit | 2,000 | 2 | – | – |');
  expect(text).toContain('Over 32 connections.');
  expect(text).toContain('- Reached: regionkit, opsPerSecond × pg: 2, bar ≥ 0.97.');
  expect(text).toContain('- **Missed**: regionkit, opsPerSecond: 2,000, bar ≥ 1,000,000.');
  expect(text).toContain('| regionkit | *exponent* | *1.00* |');
});

it('draws every table, escaped', () => {
  const svg = plot(page.about, page.results);
  expect(svg).toContain('reads (opsPerSecond, more is better)');
  expect(svg).toContain('nodes &lt;16> (ns, less is better)');
  expect(svg).not.toContain('NaN');
});

it('publishes what earlier runs have left, read back from JSON', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const at = pathToFileURL(`${directory}/`);
    writeFileSync(join(directory, 'router.json'), toJson(page));
    publish(at, at);
    const text = readFileSync(join(directory, 'figures.md'), 'utf8');
    expect(text).toContain('- router, reads: **Missed**: regionkit, opsPerSecond: 2,000, bar ≥ 1,000,000.');
    expect(text).toContain('![routing](figures/router.svg)');
    expect(text).toContain('### reads');
    expect(text).toContain('| regionkit | 2,000 | 2 | – | – |');
    expect(readFileSync(join(directory, 'figures/router.svg'), 'utf8')).toContain('<svg');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('publishes ratios to zero, which JSON cannot say', () => {
  const toZero = judge(
    { title: 'fences', baseline: 'one', metrics: ['ms'], bars: [{ contender: 'two', metric: 'ms', atMost: 9 }] },
    new Map([
      ['one', [{ ms: 0 }, { ms: 2 }]],
      ['two', [{ ms: 4 }, { ms: 4 }]],
    ]),
  );
  const given = { ...page, results: [toZero] };
  expect(fromJson(toJson(given))).toEqual(given);
  expect(markdown(fromJson(toJson(given)))).toBe(markdown(given));
  expect(toJson(given)).toContain('"Infinity"');
});

it('keeps what the page says of a group that has no new result', () => {
  const figures = readFileSync(new URL('../../docs/figures.md', import.meta.url), 'utf8');
  expect(pageOf(groupsOf(figures))).toBe(figures);
  const before = groupsOf(figures);
  const bundle = { bars: ['- bundle, core: Reached'], section: '![sizes](figures/bundle.svg)\n\n## bundle' };
  const after = groupsOf(pageOf(new Map([...before, ['bundle', bundle]])));
  expect(after).toEqual(new Map([...before, ['bundle', bundle]]));
});
