import { describe, expect, it } from 'vitest';
import { judge, type Sample } from '../../src/smoke/observation.ts';
import { addressFor, lookupOf, readResolve } from '../../src/smoke/resolve.ts';

const sample = (changes: Partial<Sample> = {}): Sample => ({ failed: false, unknown: false, tookMs: 10, ...changes });
const samples = (count: number, changes?: Partial<Sample>): readonly Sample[] =>
  Array.from({ length: count }, () => sample(changes));

describe('judge()', () => {
  const limits = { minSamples: 20, failureLimit: 0 };

  it('passes with enough samples', () => {
    expect(judge(samples(20), limits)).toMatchObject({ state: 'done' });
  });

  it('never passes with too few, nor with none', () => {
    expect(judge(samples(19), limits)).toMatchObject({
      state: 'unknown',
      says: expect.stringContaining('needed are 20'),
    });
    expect(judge([], limits)).toMatchObject({ state: 'unknown' });
    expect(judge([], { minSamples: 1, failureLimit: 5 })).toMatchObject({ state: 'unknown' });
  });

  it('does not count what is not known', () => {
    expect(judge([...samples(19), ...samples(5, { unknown: true })], limits)).toMatchObject({ state: 'unknown' });
  });

  it('fails above the limit of failures, also with too few samples', () => {
    expect(judge([...samples(30), sample({ failed: true })], limits)).toMatchObject({ state: 'failed' });
    expect(judge([sample({ failed: true, unknown: true })], limits)).toMatchObject({ state: 'failed' });
    expect(judge([...samples(30), sample({ failed: true })], { ...limits, failureLimit: 1 })).toMatchObject({
      state: 'done',
    });
  });

  it('says median and p95', () => {
    const slow = [...samples(18), ...samples(2, { tookMs: 900 })];
    expect(judge(slow, limits).says).toContain('median 10 ms, p95 900 ms');
  });
});

describe('readResolve()', () => {
  it('gives an address for a host and a port, as curl does', () => {
    const resolved = readResolve(['App.example.com:443:192.0.2.7', 'six.example.com:8080:[2001:db8::1]']);
    expect(addressFor(resolved, 'https://app.example.com')).toBe('192.0.2.7');
    expect(addressFor(resolved, 'http://app.example.com')).toBeUndefined();
    expect(addressFor(resolved, 'http://six.example.com:8080')).toBe('2001:db8::1');
  });

  it.each(['x', 'a:443:b', 'a:b:192.0.2.7', '192.0.2.7', 'a:443:'])('refuses %j', (text) => {
    expect(() => readResolve([text])).toThrow(expect.objectContaining({ code: 'ERR_OPS_USAGE' }));
  });

  it('answers a lookup for one address and for all', () => {
    lookupOf('192.0.2.7')('x', {}, (...answer) => expect(answer).toEqual([null, '192.0.2.7', 4]));
    lookupOf('2001:db8::1')('x', { all: true }, (...answer) =>
      expect(answer).toEqual([null, [{ address: '2001:db8::1', family: 6 }]]),
    );
  });
});
