import { fakeClock } from '@regionkit/core/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { CompactToken } from '../src/compact.ts';
import type { VerificationKey } from '../src/keys/key-set.ts';
import { checkSignature, type SignatureResult } from '../src/signature.ts';
import { createSignatureChecker, type SignatureChecker } from '../src/signature-checker.ts';

vi.mock('../src/signature.ts', () => ({ checkSignature: vi.fn() }));

const token = {} as CompactToken;
const quick = { quick: true } as VerificationKey;
const slow = { quick: false } as VerificationKey;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A checker whose checks take `microseconds` of the event loop by a clock of its own, or end when they are told to. */
function setUp(microseconds: number): { check: SignatureChecker; where: () => readonly string[]; end: () => void } {
  const clock = fakeClock();
  const ends: ((result: SignatureResult) => void)[] = [];
  vi.mocked(checkSignature).mockImplementation((_token, _key, where) => {
    if (where === 'aside') return new Promise((resolve) => ends.push(resolve));
    clock.suspend(microseconds / 1_000);
    return 'good';
  });
  return {
    check: createSignatureChecker(clock),
    where: () => vi.mocked(checkSignature).mock.calls.map(([, , where]) => where),
    end: () => {
      for (const done of ends.splice(0)) done('good');
    },
  };
}

beforeEach(() => {
  vi.mocked(checkSignature).mockReset();
});

describe('a signature', () => {
  it('is checked at once while no other check is under way', async () => {
    const { check } = setUp(40);
    await nextTurn();
    expect(check(token, quick)).toBe('good');
    expect(check(token, quick)).toBe('good');
  });

  it('of a key that is not quick is never checked on the event loop', async () => {
    const { check, where, end } = setUp(40);
    const result = check(token, slow);
    expect(result).toBeInstanceOf(Promise);
    end();
    expect(await result).toBe('good');
    expect(where()).toEqual(['aside']);
  });

  it('goes aside while another check is under way, and is checked at once again after it', async () => {
    const { check, where, end } = setUp(40);
    const all = [check(token, slow), check(token, quick), check(token, quick)];
    expect(where()).toEqual(['aside', 'aside', 'aside']);
    end();
    await Promise.all(all);
    expect(check(token, quick)).toBe('good');
  });

  it('waits for the next turn of the event loop when this one has no time left, and those behind it go aside', async () => {
    const { check, where, end } = setUp(40);
    await nextTurn();
    for (let at = 0; at < 3; at += 1) expect(check(token, quick)).toBe('good');
    const waits = check(token, quick);
    expect(waits).toBeInstanceOf(Promise);
    expect(where()).toEqual(['here', 'here', 'here']);
    const behind = check(token, quick);
    expect(where()).toEqual(['here', 'here', 'here', 'aside']);
    expect(await waits).toBe('good');
    expect(where()).toEqual(['here', 'here', 'here', 'aside', 'here']);
    end();
    expect(await behind).toBe('good');
  });

  it.each([
    [11, 10],
    [40, 3],
    [99, 2],
    [101, 1],
    [130, 1],
  ])('that takes %i µs holds up one turn at most %i times, however many come at once', async (microseconds, times) => {
    const { check, where, end } = setUp(microseconds);
    await nextTurn();
    const all = Array.from({ length: 1_000 }, () => check(token, quick));
    const begun = where();
    expect(begun.filter((one) => one === 'here')).toHaveLength(times);
    // One waits for the next turn.
    expect(begun).toHaveLength(999);
    let turns = 0;
    while (where().length < 1_000) {
      await nextTurn();
      turns += 1;
    }
    expect(where().filter((one) => one === 'here')).toHaveLength(times + 1);
    expect(turns).toBeGreaterThan(0);
    end();
    expect(await Promise.all(all)).toEqual(all.map(() => 'good'));
  });

  it('that one caller waits for before the next leaves the turns to others in between', async () => {
    const { check, where } = setUp(60);
    await nextTurn();
    let others = 0;
    let done = false;
    const other = (): void => {
      others += 1;
      if (!done) setImmediate(other);
    };
    setImmediate(other);
    for (let at = 0; at < 20; at += 1) await check(token, quick);
    done = true;
    expect(where()).toEqual(Array.from({ length: 20 }, () => 'here'));
    expect(others).toBeGreaterThanOrEqual(9);
  });

  it('whose check fails for want of the engine leaves no check under way', async () => {
    const { check } = setUp(40);
    vi.mocked(checkSignature).mockReturnValueOnce(Promise.resolve('unavailable'));
    expect(await check(token, slow)).toBe('unavailable');
    expect(check(token, quick)).toBe('good');
  });

  it('whose check throws leaves no check under way', async () => {
    const { check } = setUp(40);
    await nextTurn();
    vi.mocked(checkSignature).mockReturnValueOnce(Promise.reject(new Error('the engine')));
    await expect(check(token, slow)).rejects.toThrow('the engine');
    expect(check(token, quick)).toBe('good');
  });
});
