import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitFailover } from '../../src/dns/failover-times.ts';

describe('splitDeparture', () => {
  test('the time goes first to the app, then to the checkers, then to the caches', () => {
    const parts = splitFailover({ lastPassedAtMs: 104, turnedAtMs: 134, lastConnectedAtMs: 190 }, 100);
    expect(parts).toEqual({ appMs: 4, checkersMs: 30, cachesMs: 56, totalMs: 90 });
  });

  test('an app that was not heard of after the fault took none of it', () => {
    const parts = splitFailover({ lastPassedAtMs: 95, turnedAtMs: 130, lastConnectedAtMs: 150 }, 100);
    expect(parts).toEqual({ appMs: 0, checkersMs: 30, cachesMs: 20, totalMs: 50 });
    const never = splitFailover({ lastPassedAtMs: -Infinity, turnedAtMs: 130, lastConnectedAtMs: 150 }, 100);
    expect(never).toEqual(parts);
  });

  test('where nobody was led there after the turn the caches took none of it', () => {
    const parts = splitFailover({ lastPassedAtMs: 95, turnedAtMs: 130, lastConnectedAtMs: 120 }, 100);
    expect(parts).toEqual({ appMs: 0, checkersMs: 30, cachesMs: 0, totalMs: 30 });
  });

  test('the parts are never negative and make the whole', () => {
    const ms = fc.integer({ min: 0, max: 1e6 });
    fc.assert(
      fc.property(ms, ms, ms, ms, (a, b, c, lastConnectedAtMs) => {
        const [lastPassedAtMs = 0, turnedAtMs = 0] = [a, b].toSorted((x, y) => x - y);
        const parts = splitFailover({ lastPassedAtMs, turnedAtMs, lastConnectedAtMs }, Math.min(c, turnedAtMs));
        expect(Math.min(parts.appMs, parts.checkersMs, parts.cachesMs)).toBeGreaterThanOrEqual(0);
        expect(parts.appMs + parts.checkersMs + parts.cachesMs).toBe(parts.totalMs);
      }),
    );
  });
});
