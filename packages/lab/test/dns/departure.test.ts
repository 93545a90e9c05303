import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitDeparture } from '../../src/dns/departure.ts';

describe('splitDeparture', () => {
  test('the time goes first to the app, then to the checkers, then to the caches', () => {
    const parts = splitDeparture({ lastPassedAtMs: 104, turnedAtMs: 134, lastLedAtMs: 190 }, 100);
    expect(parts).toEqual({ oursMs: 4, checkersMs: 30, cachesMs: 56, totalMs: 90 });
  });

  test('an app that was not heard of after the fault took none of it', () => {
    const parts = splitDeparture({ lastPassedAtMs: 95, turnedAtMs: 130, lastLedAtMs: 150 }, 100);
    expect(parts).toEqual({ oursMs: 0, checkersMs: 30, cachesMs: 20, totalMs: 50 });
    const never = splitDeparture({ lastPassedAtMs: -Infinity, turnedAtMs: 130, lastLedAtMs: 150 }, 100);
    expect(never).toEqual(parts);
  });

  test('where nobody was led there after the turn the caches took none of it', () => {
    const parts = splitDeparture({ lastPassedAtMs: 95, turnedAtMs: 130, lastLedAtMs: 120 }, 100);
    expect(parts).toEqual({ oursMs: 0, checkersMs: 30, cachesMs: 0, totalMs: 30 });
  });

  test('the parts are never negative and make the whole', () => {
    const ms = fc.integer({ min: 0, max: 1e6 });
    fc.assert(
      fc.property(ms, ms, ms, ms, (a, b, c, lastLedAtMs) => {
        const [lastPassedAtMs = 0, turnedAtMs = 0] = [a, b].toSorted((x, y) => x - y);
        const parts = splitDeparture({ lastPassedAtMs, turnedAtMs, lastLedAtMs }, Math.min(c, turnedAtMs));
        expect(Math.min(parts.oursMs, parts.checkersMs, parts.cachesMs)).toBeGreaterThanOrEqual(0);
        expect(parts.oursMs + parts.checkersMs + parts.cachesMs).toBe(parts.totalMs);
      }),
    );
  });
});
