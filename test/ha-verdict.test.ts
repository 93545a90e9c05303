import { expect, test } from 'vitest';
import { judge, type Played, type Told, type Write } from '../tools/ha/verdict.ts';

const write = (ref: string, outcome: Write['outcome'], sentMs = 10): Write => ({
  ref,
  sentMs,
  endedMs: sentMs + 1,
  outcome,
});
const told = (atMs: number, timeline: number, event: Told['event'] = 'primary'): Told => ({ atMs, event, timeline });
const drill: Played = { name: 'drill', planned: false, fromMs: 0, toMs: 100 };
const rows = (...refs: string[]): ReadonlyMap<string, number> => new Map(refs.map((ref) => [ref, 1]));
/** The primary changes in the middle of the drill. */
const FAILOVER = [told(-10, 1), told(50, 2)];
const seen = (
  writes: readonly Write[],
  missed: readonly string[] = [],
  what: readonly Told[] = FAILOVER,
  atMs = 99,
) => ({
  writes,
  missed: missed.map((ref) => ({ ref, atMs })),
  told: what,
});

test('a drill in which every answer was true has broken nothing', () => {
  const writes = [write('a', 'acknowledged'), write('b', 'rolled-back'), write('c', 'unknown'), write('d', 'unknown')];
  expect(judge(drill, seen(writes), rows('a', 'c'))).toMatchObject({
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
  ...(['not-sent', 'rolled-back', 'rejected'] as const).map(
    (outcome) =>
      [
        `a write that is there although it was ${outcome}`,
        [write('a', 'acknowledged'), write('b', outcome)],
        [],
        rows('a', 'b'),
        'although they were refused',
      ] as const,
  ),
  ['an error that says nothing', [write('a', 'acknowledged'), write('b', 'none')], [], rows('a'), 'do not say'],
  ['a read that missed its own write', [write('a', 'acknowledged')], ['a'], rows('a'), 'missed the write before'],
  ['a drill without a write', [], [], rows(), 'no write was acknowledged'],
] as const)('%s breaks a promise', (_, writes, missed, copies, says) => {
  expect(judge(drill, seen(writes, missed), copies).broken).toEqual([expect.stringContaining(says)]);
});

test('a drill that did not end as it must breaks a promise', () => {
  const stuck = 'a write succeeds: not within 180 s';
  expect(judge({ ...drill, stuck }, seen([write('a', 'acknowledged')]), rows('a')).broken).toEqual([stuck]);
  // Whether the router or the manager is to blame for a loss cannot be told then.
  const late = seen([write('a', 'acknowledged'), write('b', 'acknowledged', 60)]);
  expect(judge({ ...drill, stuck }, late, rows('a')).broken).toEqual([stuck]);
});

test('twins break a promise in the drill in which they were told of', () => {
  const twins = [...FAILOVER, told(60, 2, 'twin-primaries')];
  const writes = [write('a', 'acknowledged'), write('b', 'acknowledged', 110)];
  expect(judge(drill, seen(writes, [], twins), rows('a', 'b')).broken).toEqual([expect.stringContaining('twins')]);
  expect(judge({ ...drill, fromMs: 100, toMs: 200 }, seen(writes, [], twins), rows('a', 'b')).broken).toEqual([]);
});

test('a loss breaks a promise in a planned switchover, and a read of what is lost has missed nothing', () => {
  const writes = [write('a', 'acknowledged'), write('b', 'acknowledged')];
  expect(judge(drill, seen(writes, ['b']), rows('a'))).toMatchObject({ lost: 1, missedOwn: 0, broken: [] });
  expect(judge({ ...drill, planned: true }, seen(writes), rows('a')).broken).toEqual([
    expect.stringContaining('planned switchover'),
  ]);
});

test('a loss breaks a promise once the router knows the primary that is there at the end', () => {
  const late = [write('a', 'acknowledged'), write('b', 'acknowledged', 51)];
  const says = [expect.stringContaining('known last')];
  expect(judge(drill, seen(late), rows('a')).broken).toEqual(says);
  // It never changed: nothing excuses a loss.
  expect(judge(drill, seen(late, [], [told(-10, 1)]), rows('b')).broken).toEqual(says);
  // The same one was lost and found again: it was known all the time.
  expect(judge(drill, seen(late, [], [...FAILOVER, told(52, 2)]), rows('a')).broken).toEqual(says);
});

test('what was written before the cluster was taken back to an older timeline may be lost, what was written after may not', () => {
  const back = [told(-10, 1), told(20, 2), told(60, 1, 'epoch-regressed'), told(70, 1)];
  const writes = [write('a', 'acknowledged'), write('b', 'acknowledged', 30), write('c', 'acknowledged', 80)];
  expect(judge(drill, seen(writes, [], back), rows('a', 'c'))).toMatchObject({ lost: 1, regressed: true, broken: [] });
  expect(judge(drill, seen(writes, [], back), rows('a', 'b')).broken).toEqual([expect.stringContaining('known last')]);
});

test('a read that missed its own write is excused on the newer timeline alone, from which the cluster was taken back', () => {
  const back = [told(-10, 1), told(20, 2), told(60, 1, 'epoch-regressed'), told(70, 1)];
  const missedAt = (atMs: number) =>
    judge(drill, seen([write('a', 'acknowledged')], ['a'], back, atMs), rows('a')).missedOwn;
  expect([15, 40, 80].map(missedAt)).toEqual([1, 0, 1]);
  expect(judge(drill, seen([write('a', 'acknowledged')], ['a'], FAILOVER, 60), rows('a')).missedOwn).toBe(1);
});

test('the longest gap counts from the start of the drill to its end, over acknowledged writes alone', () => {
  const writes = [write('a', 'acknowledged', 19), write('b', 'rolled-back', 50)];
  expect(judge(drill, seen(writes), rows('a')).longestGapMs).toBe(80);
  expect(judge(drill, seen([]), rows()).longestGapMs).toBe(100);
});

test('what was lost after the promotion is counted apart from what had not reached the promoted node', () => {
  const writes = [write('a', 'acknowledged', 20), write('b', 'acknowledged', 40), write('c', 'acknowledged', 60)];
  const count = { lost: 2, lostAfterPromotion: 1, broken: [] };
  expect(judge({ ...drill, promotedMs: 30 }, seen(writes), rows('c'))).toMatchObject(count);
});

test('the times of the manager and of the router are told apart', () => {
  expect(judge({ ...drill, promotedMs: 30 }, seen([]), rows())).toMatchObject({
    promotedAfterMs: 30,
    knownAfterMs: 20,
  });
  expect(judge(drill, seen([]), rows())).toMatchObject({ promotedAfterMs: undefined, knownAfterMs: undefined });
  const still = seen([], [], [told(-10, 1), told(40, 1)]);
  expect(judge({ ...drill, promotedMs: 30 }, still, rows())).toMatchObject({ knownAfterMs: undefined });
  const back = seen([], [], [...FAILOVER, told(60, 1, 'epoch-regressed'), told(70, 1)]);
  expect(judge({ ...drill, promotedMs: 30 }, back, rows())).toMatchObject({ knownAfterMs: 20 });
});

test('writes of another drill do not count', () => {
  const writes = [write('a', 'acknowledged', 10)];
  expect(judge({ ...drill, fromMs: 11 }, seen(writes), rows()).acknowledged).toBe(0);
});
