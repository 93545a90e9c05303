import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHistory } from '../src/check/check.ts';
import { REGIONS } from '../src/regions.ts';
import { floorRise } from '../src/soak/floor-rise.ts';
import { judgeRounds } from '../src/soak/judge-rounds.ts';
import { judgeSamples } from '../src/soak/judge-samples.ts';
import { markdownOf, tableOf } from '../src/soak/report.ts';
import type { Sample } from '../src/soak/sample.ts';
import type { TakenSample } from '../src/soak/sampler.ts';
import { slopeOf } from '../src/soak/slope.ts';
import { readSoakFlags } from '../src/soak/soak-flags.ts';
import { summarise } from '../src/summary.ts';
import { writeHistory } from './histories.ts';

const MIB = 2 ** 20;
const HOUR_MS = 3_600_000;

describe('slopeOf', () => {
  it('finds the slope of any line', () => {
    const line = fc.record({
      slope: fc.integer({ min: -1_000, max: 1_000 }),
      from: fc.integer({ min: -1_000, max: 1_000 }),
      xs: fc.uniqueArray(fc.integer({ min: 0, max: 1_000 }), { minLength: 2, maxLength: 30 }),
    });
    fc.assert(
      fc.property(line, ({ slope, from, xs }) => {
        expect(slopeOf(xs.map((x) => ({ x, y: from + slope * x })))).toBeCloseTo(slope, 6);
      }),
    );
  });

  it('is not moved by a few points far off', () => {
    const points = Array.from({ length: 100 }, (_, x) => ({ x, y: x % 10 === 9 ? 5_000 : 7 }));
    expect(slopeOf(points)).toBe(0);
  });

  it('is 0 where there is no pair', () => {
    expect(slopeOf([])).toBe(0);
    expect(slopeOf([{ x: 1, y: 3 }])).toBe(0);
    expect(
      slopeOf([
        { x: 1, y: 3 },
        { x: 1, y: 9 },
      ]),
    ).toBe(0);
  });
});

describe('floorRise', () => {
  it('does not see what comes and goes', () => {
    expect(floorRise([4, 9, 4, 30, 4, 7, 12, 4, 80])).toBe(0);
  });

  it('sees what is never let go', () => {
    expect(floorRise([4, 9, 5, 6, 9, 6, 9, 7, 8])).toBe(3);
  });

  it('is 0 for too few to say', () => {
    expect(floorRise([1, 9])).toBe(0);
  });
});

describe('judgeSamples', () => {
  const calm: Sample = {
    rssBytes: 200 * MIB,
    heapUsedBytes: 40 * MIB,
    externalBytes: 5 * MIB,
    arrayBuffersBytes: MIB,
    resources: { TCPSocketWrap: 40, Timeout: 3 },
    descriptors: 60,
    listeners: { server: 4 },
    router: { leased: 0, holding: 0 } as Sample['router'],
    eventLoopDelayMs: 12,
    unhandled: 0,
    warnings: [],
  };
  /** An hour, a sample each minute; `change` is what `eu` alone is given. */
  const hour = (change: (hours: number, minute: number) => Partial<Sample> = () => ({}), minutes = 60): TakenSample[] =>
    REGIONS.flatMap((region) =>
      Array.from({ length: minutes + 1 }, (_, minute) => ({
        region,
        atMs: (minute * HOUR_MS) / 60,
        sample: region === 'eu' ? { ...calm, ...change(minute / 60, minute) } : calm,
      })),
    );
  const broken = (taken: readonly TakenSample[]): readonly string[] =>
    judgeSamples(taken, { warmUpMs: HOUR_MS / 6, rounds: 12 }).flatMap(({ what, holds }) => (holds ? [] : [what]));

  it('finds nothing in what stays as it is', () => {
    expect(broken(hour())).toEqual([]);
  });

  it.each<[string, (hours: number, minute: number) => Partial<Sample>]>([
    ['heap used after gc', (hours) => ({ heapUsedBytes: (40 + 9 * hours) * MIB })],
    ['rss', (hours) => ({ rssBytes: (200 + 40 * hours) * MIB })],
    ['array buffers', (hours) => ({ arrayBuffersBytes: (1 + 5 * hours) * MIB })],
    ['external memory', (hours) => ({ externalBytes: (5 + 5 * hours) * MIB })],
    ['active handles', (_, minute) => ({ resources: { TCPSocketWrap: 40 + Math.floor(minute / 5) } })],
    ['open descriptors', (_, minute) => ({ descriptors: 60 + Math.floor(minute / 5) })],
    ['listeners', (_, minute) => ({ listeners: { server: 4 + Math.floor(minute / 20) } })],
    ['leased clients', (hours) => ({ router: { leased: hours > 0.6 ? 1 : 0, holding: 0 } as Sample['router'] })],
    ['unhandled rejections and exceptions', () => ({ unhandled: 1 })],
    ['warnings of the process', () => ({ warnings: ['MaxListenersExceededWarning'] })],
  ])('finds what grows: %s', (what, change) => {
    expect(broken(hour(change))).toEqual([`eu: ${what}`]);
  });

  it('leaves out what grows while it warms up', () => {
    expect(broken(hour((hours) => ({ heapUsedBytes: (40 + 60 * Math.min(hours, 1 / 6)) * MIB })))).toEqual([]);
  });

  it('does not take a peak for a leak', () => {
    const peaks = hour((_, minute) =>
      minute % 5 === 0 ? { heapUsedBytes: 90 * MIB, resources: { TCPSocketWrap: 80 }, descriptors: 120 } : {},
    );
    expect(broken(peaks)).toEqual([]);
  });

  it('allows minutes what half an hour may rise, and no more', () => {
    const minutes = (mib: number): readonly string[] =>
      judgeSamples(
        hour((hours) => ({ heapUsedBytes: (40 + mib * hours * 6) * MIB }), 10),
        { warmUpMs: 0, rounds: 2 },
      ).flatMap(({ what, holds }) => (holds ? [] : [what]));
    expect(minutes(3.9)).toEqual([]);
    expect(minutes(4.1)).toEqual(['eu: heap used after gc']);
  });

  it('allows few rounds what two roles differ by, and no more', () => {
    const few = (handles: number): readonly string[] =>
      judgeSamples(
        hour((hours) => ({ descriptors: hours > 0.5 ? 60 + handles : 60 })),
        { warmUpMs: 0, rounds: 3 },
      ).flatMap(({ what, holds }) => (holds ? [] : [what]));
    expect(few(10)).toEqual([]);
    expect(few(11)).toEqual(['eu: open descriptors']);
  });

  it('does not pass an app that gave no sample', () => {
    expect(broken(hour().filter(({ region }) => region !== 'ap'))).toEqual(['ap: samples after warm-up']);
  });
});

describe('judgeRounds', () => {
  const played = (lose: boolean) => {
    const history = writeHistory();
    history.op('append', lose ? { rows: [] } : {});
    history.fault(
      { kind: 'switchover', to: 'eu' },
      { promotions: [{ region: 'eu', parent: 1, timeline: 2, fork: '0/64' }] },
    );
    history.op('set', { outcome: 'not-sent' });
    const entries = history.entries({ timeline: 2 });
    return summarise(entries, checkHistory(entries));
  };
  const clean = { failed: 0, planned: 2, missed: 0 };
  const broken = (...given: Parameters<typeof judgeRounds>): readonly string[] =>
    judgeRounds(...given).flatMap(({ what, holds }) => (holds ? [] : [what]));

  it('passes rounds in which every promise held', () => {
    const findings = judgeRounds([played(false), played(false)], clean);
    expect(findings.every(({ holds }) => holds)).toBe(true);
    expect(findings).toContainEqual(expect.objectContaining({ what: 'refused, by outcome', found: '2 not-sent' }));
  });

  it('does not pass a lost write, a round that failed, a silent app, or no switchover at all', () => {
    expect(broken([played(true)], clean)).toEqual(['acknowledged writes lost', 'rounds that broke any promise']);
    expect(broken([played(false)], { ...clean, failed: 1 })).toEqual(['rounds that could not be run']);
    expect(broken([played(false)], { ...clean, missed: 1 })).toEqual(['samples an app did not give']);
    expect(broken([], clean)).toEqual(['switchovers']);
  });
});

describe('the report', () => {
  const findings = [
    { what: 'rss', found: '1', bound: 'below 2', holds: true },
    { what: 'handles', found: '10', bound: '0', holds: false },
  ];

  it('marks what was broken', () => {
    expect(tableOf(findings)[1]).toMatch(/^✗ .*handles/);
    expect(markdownOf(findings).filter((line) => line.includes('broken'))).toEqual(['| handles | 10 **broken** | 0 |']);
  });
});

describe('readSoakFlags', () => {
  it('reads minutes, an hour unless told', () => {
    expect(readSoakFlags([])).toMatchObject({ minutes: 60, switchoverEveryMinutes: 5 });
    expect(readSoakFlags(['--minutes', '3', '--switchover-every', '1'])).toMatchObject({
      minutes: 3,
      switchoverEveryMinutes: 1,
    });
  });

  it.each([
    [['--minutes', 'x'], /--minutes/],
    [['--minutes', '3', '--switchover-every', '4'], /--switchover-every/],
    [['--seed', '-'], /--seed/],
    [['--what'], /what/],
  ])('says what is wrong with %j', (given, says) => {
    expect(readSoakFlags(given)).toMatch(says);
  });
});
