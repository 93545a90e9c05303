import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Held, judge, type OrderState, type Told } from '../src/version-order.ts';

const US = 'us-east-1';
const EU = 'eu-west-1';
const maxLagMs = 1_000;

const told = (version: number, region: string, createdAt: number | undefined = version): Told => ({
  version: `v${version}`,
  createdAt,
  digest: `digest ${version}`,
  region,
});

const state = (current: Told, tellers: readonly string[] = [current.region], held?: Held): OrderState => ({
  current,
  tellers: new Set(tellers),
  held,
});
const ask = (known: OrderState, news: Told, nowMs = 0) => judge(known, news, { nowMs, firstRegion: US, maxLagMs });

test('the first version is taken from anywhere', () => {
  expect(ask({ current: undefined, tellers: new Set(), held: undefined }, told(1, EU)).take).toBe('replace');
});

test('the same version is the same wherever it comes from', () => {
  expect(ask(state(told(1, US)), told(1, EU)).take).toBe('same');
});

test('a newer version is taken from anywhere', () => {
  expect(ask(state(told(1, US)), told(2, EU)).take).toBe('replace');
});

test('the same version with another content is not the same', () => {
  const other = { ...told(1, US), digest: 'other' };
  expect(ask(state(told(1, US)), other).take).toBe('replace');
});

describe('an older version', () => {
  test('of a replica that never told the newer one is held back', () => {
    const first = ask(state(told(2, EU)), told(1, US));
    expect(first).toMatchObject({ take: 'hold', held: { times: 1, told: { version: 'v1' } } });
    const again = ask(state(told(2, EU), [EU], (first as { held: Held }).held), told(1, US), 999);
    expect(again).toMatchObject({ take: 'hold', held: { times: 2 } });
  });

  test('is a rollback if the region told the newer one itself, and says it twice', () => {
    const first = ask(state(told(2, US)), told(1, US));
    expect(first.take).toBe('hold');
    expect(ask(state(told(2, US), [US], (first as { held: Held }).held), told(1, US)).take).toBe('replace');
  });

  test('of a region that flaps between two is not believed', () => {
    const first = ask(state(told(2, US)), told(1, US));
    expect(first.take).toBe('hold');
    // The newer one in between starts the count anew, since what was held is forgotten then.
    expect(ask(state(told(2, US)), told(2, US)).take).toBe('same');
    expect(ask(state(told(2, US)), told(1, US)).take).toBe('hold');
  });

  test('is believed of the first region after longer than any replica lags', () => {
    const held: Held = { told: told(1, US), sinceMs: 0, times: 5 };
    expect(ask(state(told(2, EU), [EU], held), told(1, US), maxLagMs).take).toBe('replace');
    const elsewhere: Held = { told: told(1, EU), sinceMs: 0, times: 5 };
    expect(ask(state(told(2, US), [US], elsewhere), told(1, EU), maxLagMs).take).toBe('hold');
  });
});

describe('versions that cannot be ordered', () => {
  const undated = (version: number, region: string): Told => ({ ...told(version, region), createdAt: undefined });

  test('are taken from the first region, or from where the current one came', () => {
    expect(ask(state(undated(1, EU)), undated(2, US)).take).toBe('replace');
    expect(ask(state(undated(1, EU)), undated(2, EU)).take).toBe('replace');
  });
  test('are held back from any other', () => {
    expect(ask(state(undated(1, US)), undated(2, EU)).take).toBe('hold');
  });
  test('are those of the same date, too', () => {
    expect(ask(state(told(1, US, 5)), told(2, US, 5)).take).toBe('replace');
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
      let known: OrderState = { current: undefined, tellers: new Set(), held: undefined };
      let seen = 0;
      for (const { put, ask: region, lag } of steps) {
        if (put) newest += 1;
        // A replica goes forward only, and is at most `lag` versions behind.
        has[region] = Math.max(has[region] as number, newest - lag);
        const news = told(has[region] as number, region);
        const verdict = ask(known, news);
        if (verdict.take === 'replace') known = state(news);
        else if (verdict.take === 'hold') known = { ...known, held: verdict.held };
        else known = { ...known, tellers: new Set([...known.tellers, region]), held: undefined };
        const now = known.current?.createdAt as number;
        expect(now).toBeGreaterThanOrEqual(seen);
        seen = now;
      }
    }),
  );
});
