import { expect, test } from 'vitest';
import { judge, type Write } from '../tools/ha/verdict.ts';

const write = (ref: string, outcome: Write['outcome'], sentMs = 10): Write => ({
  ref,
  sentMs,
  endedMs: sentMs + 1,
  outcome,
});
const drill = { name: 'drill', planned: false, fromMs: 0, toMs: 100 };
const rows = (...refs: string[]): ReadonlyMap<string, number> => new Map(refs.map((ref) => [ref, 1]));

test('a drill in which every answer was true has broken nothing', () => {
  const writes = [write('a', 'acknowledged'), write('b', 'rolled-back'), write('c', 'unknown'), write('d', 'unknown')];
  expect(judge(drill, writes, [], rows('a', 'c'))).toMatchObject({
    acknowledged: 1,
    lost: 0,
    refused: 1,
    unknown: 2,
    unknownPresent: 1,
    broken: [],
  });
});

test.each([
  ['a write that is there twice', [write('a', 'acknowledged')], [], new Map([['a', 2]]), '1 writes are there twice'],
  [
    'a refused write that is there',
    [write('a', 'acknowledged'), write('b', 'not-sent')],
    [],
    rows('a', 'b'),
    'refused',
  ],
  ['an error that says nothing', [write('a', 'acknowledged'), write('b', 'none')], [], rows('a'), 'do not say'],
  ['a read that missed its own write', [write('a', 'acknowledged')], ['a'], rows('a'), 'missed the write before'],
  ['a drill without a write', [], [], rows(), 'no write was acknowledged'],
] as const)('%s breaks a promise', (_, writes, missed, copies, says) => {
  expect(judge(drill, writes, missed, copies).broken).toEqual([expect.stringContaining(says)]);
});

test('a loss breaks a promise in a planned switchover alone, and a read of what is lost has missed nothing', () => {
  const writes = [write('a', 'acknowledged'), write('b', 'acknowledged')];
  expect(judge(drill, writes, ['b'], rows('a'))).toMatchObject({ lost: 1, missedOwn: 0, broken: [] });
  expect(judge({ ...drill, planned: true }, writes, [], rows('a')).broken).toEqual([expect.stringContaining('lost')]);
});

test('the longest gap counts from the start of the drill to its end, over acknowledged writes alone', () => {
  const writes = [write('a', 'acknowledged', 19), write('b', 'rolled-back', 50)];
  expect(judge(drill, writes, [], rows('a')).longestGapMs).toBe(80);
  expect(judge(drill, [], [], rows()).longestGapMs).toBe(100);
});

test('writes of another drill do not count', () => {
  expect(judge({ ...drill, fromMs: 11 }, [write('a', 'acknowledged', 10)], [], rows()).acknowledged).toBe(0);
});
