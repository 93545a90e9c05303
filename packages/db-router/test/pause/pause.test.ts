import type { Epoch } from '@regionkit/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  endPause,
  hearPause,
  MAX_PAUSE_MS,
  NO_PAUSE,
  type PauseState,
  type PauseWorld,
  pauseEnd,
  type ToldPause,
} from '../../src/pause/pause.ts';

const epoch = (timeline: number, owner = 'us/0', system = '1'): Epoch => ({ system, timeline, owner });
const world = (atMs: number, timeline = 1, region = 'us'): PauseWorld => ({
  primary: { region, epoch: epoch(timeline, `${region}/0`) },
  highest: epoch(timeline, `${region}/0`),
  atMs,
});
const told = (over: Partial<ToldPause['pause']> & { region?: string; observedAtMs?: number } = {}): ToldPause => {
  const { region = 'us', observedAtMs = 100, ...pause } = over;
  return { region, observedAtMs, pause: { id: 'a', epoch: epoch(1), leftMs: 10_000, ...pause } };
};
const obeyed = (state: PauseState): string | undefined => state.current?.id;
/** It was obeyed from 100 to 1_100, so another one is not obeyed before 3_100. */
const after: PauseState = endPause(hearPause(NO_PAUSE, told(), world(100)), 'resumed', 1_100);

describe('hearPause()', () => {
  it.each<[what: string, state: PauseState, told: ToldPause, world: PauseWorld, obeyed: string | undefined]>([
    ['one of the primary’s region, for the epoch in force', NO_PAUSE, told(), world(150), 'a'],
    ['one of another region', NO_PAUSE, told({ region: 'eu' }), world(150), undefined],
    ['one for a lower epoch: a zombie', NO_PAUSE, told(), world(150, 2), undefined],
    ['one for a higher epoch, which is not known here', NO_PAUSE, told({ epoch: epoch(2) }), world(150), undefined],
    ['one of another database', NO_PAUSE, told({ epoch: epoch(1, 'us/0', '2') }), world(150), undefined],
    ['one while no primary is known', NO_PAUSE, told(), { ...world(150), primary: undefined }, undefined],
    [
      'one while a higher epoch is known, whose primary is not',
      NO_PAUSE,
      told(),
      { ...world(150), highest: epoch(2) },
      undefined,
    ],
    ['one by an answer so late that it is over', NO_PAUSE, told(), world(10_100), undefined],
    ['one that has ended there', NO_PAUSE, told({ leftMs: 0 }), world(150), undefined],
    ['one with less than nothing left', NO_PAUSE, told({ leftMs: -5 }), world(150), undefined],
    ['one that has ended here', after, told({ observedAtMs: 4_000 }), world(4_000), undefined],
    ['another one too soon after it', after, told({ id: 'b', observedAtMs: 3_000 }), world(3_000), undefined],
    ['another one after a rest', after, told({ id: 'b', observedAtMs: 3_200 }), world(3_200), 'b'],
    ['another one beside it', hearPause(NO_PAUSE, told(), world(150)), told({ id: 'b' }), world(200), 'a'],
    [
      'the end of it, from its region',
      hearPause(NO_PAUSE, told(), world(150)),
      told({ leftMs: 0 }),
      world(200),
      undefined,
    ],
    [
      'the end of it, from another region',
      hearPause(NO_PAUSE, told(), world(150)),
      told({ leftMs: 0, region: 'eu' }),
      world(200),
      'a',
    ],
  ])('judges %s', (_what, state, said, now, expected) => {
    expect(obeyed(hearPause(state, said, now))).toBe(expected);
  });

  it('counts the time from the question, and never beyond the bound', () => {
    expect(hearPause(NO_PAUSE, told({ leftMs: 5_000 }), world(900)).current?.untilMs).toBe(5_100);
    expect(hearPause(NO_PAUSE, told({ leftMs: 1e12 }), world(900)).current?.untilMs).toBe(100 + MAX_PAUSE_MS);
  });

  it('is not prolonged by what is repeated', () => {
    const once = hearPause(NO_PAUSE, told({ leftMs: 5_000 }), world(150));
    expect(hearPause(once, told({ leftMs: 5_000, observedAtMs: 3_000 }), world(3_000))).toBe(once);
  });

  it('does not begin a pause whose end was learnt first', () => {
    const ended = hearPause(NO_PAUSE, told({ leftMs: 0 }), world(150));
    expect(obeyed(hearPause(ended, told({ observedAtMs: 200 }), world(250)))).toBeUndefined();
  });
});

describe('pauseEnd()', () => {
  const on = hearPause(NO_PAUSE, told(), world(150));
  it.each<[what: string, world: PauseWorld, end: string | undefined]>([
    ['the same primary', world(200), undefined],
    ['no primary: the switchover has begun', { ...world(200), primary: undefined }, undefined],
    ['a higher epoch without a primary yet', { ...world(200), primary: undefined, highest: epoch(2) }, 'switched'],
    ['the new primary', world(200, 2, 'eu'), 'switched'],
    ['an epoch that was reset to a lower one', world(200, 0), 'switched'],
    ['a higher epoch of another database', { ...world(200), highest: epoch(9, 'us/0', '2') }, undefined],
    ['its last millisecond', world(10_099), undefined],
    ['its end', world(10_100), 'expired'],
  ])('with %s', (_what, now, end) => {
    expect(pauseEnd(on, now)).toBe(end);
  });

  it('has nothing to end without a pause', () => {
    expect(pauseEnd(NO_PAUSE, world(200, 2))).toBeUndefined();
  });
});

/** What may happen to one process, and what a region that lies may say. */
const step = fc.record({
  waitMs: fc.integer({ min: 0, max: 30_000 }),
  says: fc.record({
    region: fc.constantFrom('us', 'eu', 'ap'),
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    timeline: fc.integer({ min: 1, max: 3 }),
    leftMs: fc.oneof(fc.integer({ min: -10, max: 1e9 }), fc.constant(0)),
    lateMs: fc.integer({ min: 0, max: 3_000 }),
  }),
  primary: fc.option(fc.constantFrom('us', 'eu'), { nil: undefined }),
  promotes: fc.boolean(),
});

describe('any history of one process', () => {
  it('obeys only the primary’s region, never for ever, and no pause twice', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let state: PauseState = NO_PAUSE;
        let nowMs = 0;
        let timeline = 1;
        const begun = new Set<string>();
        let lastEnd: { atMs: number; lastedMs: number } | undefined;
        for (const { waitMs, says, primary, promotes } of steps) {
          nowMs += waitMs;
          if (promotes && timeline < 3) timeline += 1;
          const now: PauseWorld = {
            primary: primary && { region: primary, epoch: epoch(timeline, `${primary}/0`) },
            highest: epoch(timeline),
            atMs: nowMs,
          };
          if (pauseEnd(state, now) !== undefined) {
            const { sinceMs } = state.current ?? { sinceMs: 0 };
            lastEnd = { atMs: nowMs, lastedMs: nowMs - sinceMs };
            state = endPause(state, 'expired', nowMs);
          }
          const before = state.current;
          const { region, lateMs, timeline: of, ...pause } = says;
          state = hearPause(
            state,
            { region, observedAtMs: nowMs - lateMs, pause: { ...pause, epoch: epoch(of, `${region}/0`) } },
            now,
          );
          const { current } = state;
          if (before !== undefined && current === undefined)
            lastEnd = { atMs: nowMs, lastedMs: nowMs - before.sinceMs };
          if (current === undefined) continue;
          expect(current.untilMs - current.sinceMs).toBeLessThanOrEqual(MAX_PAUSE_MS);
          expect(current.epoch.timeline).toBe(timeline);
          if (current === before) continue;
          expect(before).toBeUndefined();
          expect(begun.has(current.id)).toBe(false);
          begun.add(current.id);
          expect(current.region).toBe(now.primary?.region);
          if (lastEnd !== undefined) expect(nowMs - lastEnd.atMs).toBeGreaterThanOrEqual(2 * lastEnd.lastedMs);
        }
      }),
    );
  });
});

/** A fleet in which every process may repeat what it knows, late and out of order. */
describe('any fleet', () => {
  const message = fc.record({
    from: fc.integer({ min: 0, max: 4 }),
    to: fc.integer({ min: 0, max: 4 }),
    waitMs: fc.integer({ min: 0, max: 2_000 }),
    /** From the question to the answer, and from there to the use of it. */
    askedMs: fc.integer({ min: 0, max: 1_000 }),
    lateMs: fc.integer({ min: 0, max: 5_000 }),
  });

  it('is paused nowhere after the end of the pause in the process that ordered it', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 80 }), fc.integer({ min: 1, max: 20_000 }), (messages, forMs) => {
        // The clocks of two machines have nothing to do with each other.
        const aheadMs = [0, 1e6, -3e5, 17, 42];
        const at = (process: number, trueMs: number): number => trueMs + (aheadMs[process] as number);
        const states: PauseState[] = aheadMs.map(() => NO_PAUSE);
        states[0] = hearPause(NO_PAUSE, told({ leftMs: forMs, observedAtMs: 0 }), world(0));
        const underWay: { readonly dueMs: number; readonly to: number; readonly said: ToldPause }[] = [];
        let trueMs = 0;
        const settle = (): void => {
          for (const [process, state] of states.entries()) {
            const nowMs = at(process, trueMs);
            if (pauseEnd(state, world(nowMs)) !== undefined) states[process] = endPause(state, 'expired', nowMs);
          }
        };
        const check = (): void => {
          settle();
          if (trueMs >= forMs) expect(states.map(obeyed)).toEqual(states.map(() => undefined));
        };
        for (const { from, to, waitMs, askedMs, lateMs } of messages) {
          trueMs += waitMs;
          settle();
          for (const { dueMs, to: receiver, said } of underWay.splice(0)) {
            if (dueMs > trueMs) underWay.push({ dueMs, to: receiver, said });
            else states[receiver] = hearPause(states[receiver] as PauseState, said, world(at(receiver, trueMs)));
          }
          const { current } = states[from] as PauseState;
          if (current !== undefined) {
            const leftMs = Math.max(0, current.untilMs - at(from, trueMs));
            const said = told({ leftMs, observedAtMs: at(to, trueMs - askedMs) });
            underWay.push({ dueMs: trueMs + lateMs, to, said });
          }
          check();
        }
      }),
    );
  });
});
