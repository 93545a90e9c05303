import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HeldVersion, judge, type OrderState, type ReportedVersion } from '../src/version-order.ts';

const US = 'us-east-1';
const EU = 'eu-west-1';
const maxLagMs = 1_000;

const reported = (version: number, region: string, createdAt: number | undefined = version): ReportedVersion => ({
  version: `v${version}`,
  createdAt,
  digest: `digest ${version}`,
  region,
});

const state = (
  current: ReportedVersion,
  reportedBy: readonly string[] = [current.region],
  held?: HeldVersion,
): OrderState => ({
  current,
  reportedBy: new Set(reportedBy),
  held,
});
const ask = (known: OrderState, news: ReportedVersion, nowMs = 0) =>
  judge(known, news, { nowMs, firstRegion: US, maxLagMs });

test('the first version is taken from anywhere', () => {
  expect(ask({ current: undefined, reportedBy: new Set(), held: undefined }, reported(1, EU)).action).toBe('replace');
});

test('the same version is the same wherever it comes from', () => {
  expect(ask(state(reported(1, US)), reported(1, EU)).action).toBe('same');
});

test('a newer version is taken from anywhere', () => {
  expect(ask(state(reported(1, US)), reported(2, EU)).action).toBe('replace');
});

test('the same version with another content is not the same', () => {
  const other = { ...reported(1, US), digest: 'other' };
  expect(ask(state(reported(1, US)), other).action).toBe('replace');
});

describe('an older version', () => {
  test('of a replica that never told the newer one is held back', () => {
    const first = ask(state(reported(2, EU)), reported(1, US));
    expect(first).toMatchObject({ action: 'hold', held: { times: 1, reported: { version: 'v1' } } });
    const again = ask(state(reported(2, EU), [EU], (first as { held: HeldVersion }).held), reported(1, US), 999);
    expect(again).toMatchObject({ action: 'hold', held: { times: 2 } });
  });

  test('is a rollback if the region told the newer one itself, and says it twice', () => {
    const first = ask(state(reported(2, US)), reported(1, US));
    expect(first.action).toBe('hold');
    expect(ask(state(reported(2, US), [US], (first as { held: HeldVersion }).held), reported(1, US)).action).toBe(
      'replace',
    );
  });

  test('of a region that flaps between two is not believed', () => {
    const first = ask(state(reported(2, US)), reported(1, US));
    expect(first.action).toBe('hold');
    // The newer one in between starts the count anew, since what was held is forgotten then.
    expect(ask(state(reported(2, US)), reported(2, US)).action).toBe('same');
    expect(ask(state(reported(2, US)), reported(1, US)).action).toBe('hold');
  });

  test('is believed of the first region after longer than any replica lags', () => {
    const held: HeldVersion = { reported: reported(1, US), sinceMs: 0, times: 5 };
    expect(ask(state(reported(2, EU), [EU], held), reported(1, US), maxLagMs).action).toBe('replace');
    const elsewhere: HeldVersion = { reported: reported(1, EU), sinceMs: 0, times: 5 };
    expect(ask(state(reported(2, US), [US], elsewhere), reported(1, EU), maxLagMs).action).toBe('hold');
  });
});

describe('versions that cannot be ordered', () => {
  const undated = (version: number, region: string): ReportedVersion => ({
    ...reported(version, region),
    createdAt: undefined,
  });

  test('are taken from the first region, or from where the current one came', () => {
    expect(ask(state(undated(1, EU)), undated(2, US)).action).toBe('replace');
    expect(ask(state(undated(1, EU)), undated(2, EU)).action).toBe('replace');
  });
  test('are held back from any other', () => {
    expect(ask(state(undated(1, US)), undated(2, EU)).action).toBe('hold');
  });
  test('are those of the same date, too', () => {
    expect(ask(state(reported(1, US, 5)), reported(2, US, 5)).action).toBe('replace');
  });
});

test('replicas that only lag never take a value back, in whatever order they are asked', () => {
  const history = fc.array(fc.record({ put: fc.boolean(), ask: fc.constantFrom(US, EU), lag: fc.nat(3) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(history, (steps) => {
      let newest = 1;
      const has: Record<string, number> = { [US]: 1, [EU]: 1 };
      let known: OrderState = { current: undefined, reportedBy: new Set(), held: undefined };
      let seen = 0;
      for (const { put, ask: region, lag } of steps) {
        if (put) newest += 1;
        // A replica goes forward only, and is at most `lag` versions behind.
        has[region] = Math.max(has[region] as number, newest - lag);
        const news = reported(has[region] as number, region);
        const verdict = ask(known, news);
        if (verdict.action === 'replace') known = state(news);
        else if (verdict.action === 'hold') known = { ...known, held: verdict.held };
        else known = { ...known, reportedBy: new Set([...known.reportedBy, region]), held: undefined };
        const now = known.current?.createdAt as number;
        expect(now).toBeGreaterThanOrEqual(seen);
        seen = now;
      }
    }),
  );
});
