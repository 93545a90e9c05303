import { describe, expect, it } from 'vitest';
import type { Findings, Operation } from '../src/checker.ts';
import { failoverFigure } from '../src/failover-figure.ts';
import { timelineOf } from '../src/timeline.ts';

const write = (client: string, endedAtMs: number, outcome: Operation['outcome'] = 'ok'): Operation => ({
  client,
  kind: 'write',
  startedAtMs: endedAtMs - 50,
  endedAtMs,
  outcome,
  status: 201,
  ref: `${client} ${endedAtMs}`,
});
const findings: Findings = {
  requests: 5,
  ok: 4,
  failed: 1,
  writesAcknowledged: 3,
  lost: ['one'],
  lostUnannounced: [],
  duplicated: [],
  doneAgainstWord: [],
  staleReads: 0,
};
const moments = {
  killed: 10_000,
  promoted: 12_000,
  firstWrite: 12_090.4,
  returned: 15_000,
  rebuilt: 16_000,
  switchover: 17_000,
  switched: 17_500,
  ended: 20_000,
};
const timeline = timelineOf(
  [
    write('Virginia 1', 9_000),
    write('Ireland 2', 11_000, 'not-done'),
    { ...write('Ireland 1', 11_500), kind: 'read' },
    write('Ireland 1', 12_100),
    write('Singapore 2', 18_000),
  ],
  moments,
  findings,
);

describe('timelineOf()', () => {
  it('counts from the kill, and keeps acknowledged writes only', () => {
    expect(timeline.moments).toMatchObject({ killed: 0, promoted: 2_000, firstWrite: 2_090, ended: 10_000 });
    expect(timeline.writes).toEqual([
      { place: 'us-east-1', atMs: -1_000 },
      { place: 'eu-west-1', atMs: 2_100 },
      { place: 'ap-southeast-1', atMs: 8_000 },
    ]);
  });
});

describe('failoverFigure()', () => {
  const svg = failoverFigure(timeline);
  /** The bars that are not empty. */
  const bars = [...svg.matchAll(/<rect x="([\d.]+)"[^>]* height="([\d.]+)" class="([\w-]+)"\/>/g)].filter(
    ([, , height]) => Number(height) === 120,
  );

  it('has a bar for each acknowledged write, at its time and in the colour of its place', () => {
    expect(bars.map(([, , , place]) => place)).toEqual(['us-east-1', 'eu-west-1', 'ap-southeast-1']);
    const at = bars.map(([, x]) => Number(x));
    expect(at).toEqual(at.toSorted((a, b) => a - b));
  });

  it('says what was measured, also what was lost', () => {
    expect(svg).toContain('writes 90 ms later');
    expect(svg).toContain('>3 writes acknowledged · 0 stale reads<');
    expect(svg).toContain('>0 duplicated · 1 lost<');
    expect(svg).toContain('clients not told: 0');
    expect(svg).not.toMatch(/undefined|NaN/);
  });

  it('can be read where a phone shows it 360 px wide: letters of at least 11 px, and no label beyond an edge', () => {
    const width = Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1]);
    const sizes = [...svg.matchAll(/(?:font:|font-size:)(\d+)px/g)].map(([, size]) => (Number(size) * 360) / width);
    expect(sizes.length).toBeGreaterThan(0);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(11);
    const labels = [...svg.matchAll(/<text x="([\d.]+)"[^>]* class="label[^"]*">([^<]+)</g)];
    expect(labels).toHaveLength(4);
    for (const [, x, text = ''] of labels) {
      expect(Number(x) - text.length * 4, text).toBeGreaterThanOrEqual(0);
      expect(Number(x) + text.length * 4, text).toBeLessThanOrEqual(width);
    }
  });

  it('has colours for a dark page', () => {
    expect(svg).toContain('@media(prefers-color-scheme:dark)');
  });
});
