import { describe, expect, it } from 'vitest';
import { leftAt, ownerOf } from '../../src/history/epoch.ts';
import { readStored, writeStored } from '../../src/monitor/stored.ts';
import { noFacts } from '../../src/topology/facts.ts';
import { learnForks } from '../../src/topology/learn.ts';

/** What comes from outside must look as PostgreSQL writes it. */
const SYSTEM = '7412345678901234567';
const fork = (parent: number, child: number, lsn: bigint, system = 's') => ({ system, parent, child, lsn });

describe('leftAt()', () => {
  const forks = [fork(1, 2, 100n), fork(2, 4, 200n), fork(2, 3, 150n), fork(4, 5, 300n), fork(1, 2, 7n, 'other')];

  it('finds where a history left a timeline, over several switches and past dead branches', () => {
    expect(leftAt(forks, 's', 1, 2)).toBe(100n);
    expect(leftAt(forks, 's', 1, 5)).toBe(100n);
    expect(leftAt(forks, 's', 2, 5)).toBe(200n);
    expect(leftAt(forks, 's', 4, 5)).toBe(300n);
  });

  it('goes by the lowest switch on the way: a standby may be promoted before it has replayed up to the one before', () => {
    expect(leftAt([fork(1, 2, 100n), fork(2, 3, 95n)], 's', 1, 3)).toBe(95n);
  });

  it('finds nothing where a fork is missing, or the timeline is no ancestor', () => {
    expect(leftAt(forks, 's', 3, 5)).toBeUndefined();
    expect(leftAt(forks, 's', 5, 5)).toBeUndefined();
    expect(leftAt([fork(2, 3, 1n)], 's', 1, 3)).toBeUndefined();
    expect(leftAt(forks, 'nobody', 1, 2)).toBeUndefined();
  });
});

describe('learnForks()', () => {
  const nothing = noFacts([], false);

  it('keeps the first word about a child, and nothing that goes backwards', () => {
    const once = learnForks(nothing, [fork(1, 2, 100n)]);
    expect(learnForks(once, [fork(1, 2, 999n), fork(3, 2, 1n), fork(2, 2, 1n)])).toBe(once);
  });

  it('keeps a bounded number', () => {
    const many = Array.from({ length: 500 }, (_, at) => fork(at + 1, at + 2, 1n));
    expect(learnForks(nothing, many).forks).toHaveLength(64);
  });
});

describe('ownerOf()', () => {
  it('knows nobody when two are known', () => {
    const owner = (name: string) => ({ system: 's', timeline: 1, owner: name });
    expect(ownerOf([owner('a')], 's', 1)).toBe('a');
    expect(ownerOf([owner('a'), owner('b')], 's', 1)).toBeUndefined();
    expect(ownerOf([], 's', 1)).toBe('');
  });
});

describe('the epoch store’s value', () => {
  it('reads back what it wrote', () => {
    const epoch = { system: SYSTEM, timeline: 2, owner: 'eu/0' };
    const stored = { epoch, owners: [epoch], forks: [fork(1, 2, 0xffff_ffff_ffffn, SYSTEM)], voided: [] };
    expect(readStored(writeStored(stored))).toEqual(stored);
  });

  it.each([
    '',
    '{}',
    'null',
    '[]',
    '{"epoch":{}}',
    '{"epoch":{"system":"s","timeline":1,"owner":"a"},"owners":[1],"forks":[],"voided":[]}',
    '{"epoch":{"system":"s","timeline":1,"owner":"a"},"owners":[],"forks":[{"lsn":"x"}],"voided":[]}',
    '{"epoch":{"system":"s","timeline":0,"owner":"a"},"owners":[],"forks":[],"voided":[]}',
    '{"epoch":{"system":"s","timeline":4294967296,"owner":"a"},"owners":[],"forks":[],"voided":[]}',
    '{"epoch":{"system":"s","timeline":1,"owner":"a"},"owners":[],"forks":[{"system":"s","parent":1,"child":2,"lsn":"-1"}],"voided":[]}',
    '{"epoch":{"system":"s","timeline":1,"owner":"a"},"owners":[],"forks":[{"system":"s","parent":1,"child":2,"lsn":"18446744073709551616"}],"voided":[]}',
    '{"epoch":{"system":"s","timeline":1,"owner":"a"},"owners":[],"forks":[{"system":"s","parent":1,"child":2,"lsn":true}],"voided":[]}',
  ])('takes %j for nothing', (value) => {
    expect(readStored(value)).toBeUndefined();
  });
});
