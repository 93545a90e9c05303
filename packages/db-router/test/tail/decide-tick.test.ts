import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideTick, type Known, type Tick } from '../../src/tail/decide-tick.ts';
import { readFacts, type SlotFacts, type TailFacts } from '../../src/tail/tail-facts.ts';
import { healthOf } from '../../src/tail/tail-status.ts';

const SLOT: SlotFacts = { confirmed: 100n, heldBytes: 50, isOurs: true, isActive: false, isLost: false };
const FACTS: TailFacts = {
  timeline: 1,
  hasLock: true,
  isLogical: true,
  slot: SLOT,
  target: 200n,
  missing: [],
  wasDropped: false,
  hasOtherLimits: false,
  promotion: undefined,
};
const KNOWN: Known = { timeline: 1, maxHeldBytes: 1_000, seen: undefined };

const advance: Tick = { action: 'advance', to: 200n };
const wait = (why: Extract<Tick, { action: 'wait' }>['why']): Tick => ({ action: 'wait', why });
const other: Tick = { action: 'skip', why: 'other-process' };

describe('decideTick()', () => {
  it.each<[string, Partial<TailFacts>, Partial<Known>, Tick]>([
    ['moves the slot to what all have', {}, {}, advance],
    ['moves it again from where it was seen', {}, { seen: 100n }, advance],
    ['leaves it to a process that has moved it', {}, { seen: 90n }, other],
    ['waits on a server in recovery', { timeline: 0 }, {}, wait('not-primary')],
    ['waits on an old primary', {}, { timeline: 2 }, wait('not-primary')],
    ['waits on a primary that is newer than what is known', { timeline: 3 }, { timeline: 2 }, wait('not-primary')],
    ['leaves it to the process that has the lock', { hasLock: false, slot: undefined }, {}, other],
    ['makes the slot', { slot: undefined }, {}, { action: 'create' }],
    ['makes it without a standby after a promotion', { slot: undefined, missing: ['us'] }, {}, { action: 'create' }],
    ['makes no slot without wal_level', { slot: undefined, isLogical: false }, {}, wait('wal-level')],
    ['makes it again after a drop', { slot: undefined, wasDropped: true }, {}, { action: 'create' }],
    [
      'does not make it again while what filled it goes on',
      { slot: undefined, wasDropped: true, missing: ['us'] },
      {},
      wait('standby-missing'),
    ],
    ['waits for a missing standby', { missing: ['eu'], target: undefined }, {}, wait('standby-missing')],
    ['waits if nothing is known of the standbys', { target: undefined }, {}, wait('standby-missing')],
    ['skips what is not higher', { target: 100n }, {}, { action: 'skip', why: 'not-higher' }],
    ['skips what is lower', { target: 99n }, {}, { action: 'skip', why: 'not-higher' }],
    ['keeps what is as large as it may be', { slot: { ...SLOT, heldBytes: 1_000 } }, {}, advance],
    ['drops what is larger', { slot: { ...SLOT, heldBytes: 1_001 } }, {}, { action: 'drop', why: 'held' }],
    [
      'drops it while a standby is missing',
      { slot: { ...SLOT, heldBytes: 1_001 }, missing: ['eu'] },
      {},
      { action: 'drop', why: 'held' },
    ],
    ['drops what the server has invalidated', { slot: { ...SLOT, isLost: true } }, {}, { action: 'drop', why: 'lost' }],
    [
      'leaves a slot alone that is read',
      { slot: { ...SLOT, isActive: true, heldBytes: 9_999 } },
      {},
      wait('slot-active'),
    ],
    [
      'leaves a slot alone that it did not make',
      { slot: { ...SLOT, isOurs: false, heldBytes: 9_999 } },
      {},
      wait('foreign-slot'),
    ],
  ])('%s', (_what, facts, known, tick) => {
    expect(decideTick({ ...FACTS, ...facts }, { ...KNOWN, ...known })).toEqual(tick);
  });

  const anyFacts: fc.Arbitrary<TailFacts> = fc.record({
    timeline: fc.nat(3),
    hasLock: fc.boolean(),
    isLogical: fc.boolean(),
    slot: fc.option(
      fc.record({
        confirmed: fc.bigInt(0n, 300n),
        heldBytes: fc.nat(2_000),
        isOurs: fc.boolean(),
        isActive: fc.boolean(),
        isLost: fc.boolean(),
      }),
      { nil: undefined },
    ),
    target: fc.option(fc.bigInt(0n, 300n), { nil: undefined }),
    missing: fc.subarray(['eu', 'ap']),
    wasDropped: fc.boolean(),
    hasOtherLimits: fc.boolean(),
    promotion: fc.constant(undefined),
  });
  const anyKnown: fc.Arbitrary<Known> = fc.record({
    timeline: fc.integer({ min: 1, max: 3 }),
    maxHeldBytes: fc.nat(2_000),
    seen: fc.option(fc.bigInt(0n, 300n), { nil: undefined }),
  });

  it('never touches a server on another timeline, or a slot of another kind', () => {
    fc.assert(
      fc.property(anyFacts, anyKnown, (facts, known) => {
        const { action } = decideTick(facts, known);
        if (action === 'wait' || action === 'skip') return;
        expect(facts.timeline).toBe(known.timeline);
        expect(facts.hasLock).toBe(true);
        expect(facts.slot?.isOurs ?? true).toBe(true);
        expect(facts.slot?.isActive ?? false).toBe(false);
      }),
    );
  });

  it('never moves the slot back, past a standby, or while one is missing', () => {
    fc.assert(
      fc.property(anyFacts, anyKnown, (facts, known) => {
        const tick = decideTick(facts, known);
        if (tick.action !== 'advance') return;
        expect(facts.missing).toEqual([]);
        expect(tick.to).toBe(facts.target);
        expect(tick.to > (facts.slot?.confirmed ?? tick.to)).toBe(true);
        expect(facts.slot?.heldBytes).toBeLessThanOrEqual(known.maxHeldBytes);
      }),
    );
  });

  it('drops only what holds too much, or nothing any more', () => {
    fc.assert(
      fc.property(anyFacts, anyKnown, (facts, known) => {
        if (decideTick(facts, known).action !== 'drop') return;
        expect(facts.slot?.isLost === true || (facts.slot?.heldBytes ?? 0) > known.maxHeldBytes).toBe(true);
      }),
    );
  });
});

describe('readFacts()', () => {
  const look = { timeline: 2, hasLock: true, checkpointed: 2, fork: '0/5000', firstXid: '4294967999', redo: '0/5028' };
  const promotionOf = (facts: object, recorded: boolean | null = null) =>
    readFacts({ facts: { ...look, ...facts }, dropped: null, recorded, other: null }).promotion;

  it.each([
    [
      'records a new timeline after its checkpoint',
      {},
      null,
      { fork: '0/5000', firstXid: '4294967999', redo: '0/5028' },
    ],
    [
      'records it without a fork after a restart',
      { fork: null },
      false,
      { fork: undefined, firstXid: '4294967999', redo: '0/5028' },
    ],
    ['waits for the checkpoint', { checkpointed: 1 }, null, undefined],
    ['records it once', {}, true, undefined],
    ['records no first timeline', { timeline: 1, checkpointed: 1 }, null, undefined],
    ['records nothing without the lock', { hasLock: false, checkpointed: undefined }, null, undefined],
  ])('%s', (_what, facts, recorded, promotion) => {
    expect(promotionOf(facts, recorded)).toEqual(promotion);
  });

  it('reads a standby as no primary', () => {
    expect(readFacts({ facts: { timeline: 0 }, dropped: null, recorded: null, other: null })).toMatchObject({
      timeline: 0,
      hasLock: false,
      slot: undefined,
      missing: [],
    });
  });
});

describe('healthOf()', () => {
  it.each([
    ['idle', 'pass'],
    ['keeping', 'pass'],
    ['waiting', 'warn'],
    ['dropped', 'warn'],
    ['failed', 'warn'],
  ] as const)('%s: %s', (state, status) => {
    expect(healthOf({ state })).toMatchObject({ status });
  });
});
