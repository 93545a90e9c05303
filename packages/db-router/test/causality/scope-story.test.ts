import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { createScopes } from '../../src/causality/scope.ts';
import { createTokenCodec, type TokenHome } from '../../src/causality/token.ts';
import { PRIMARY_ONLY, UNKNOWN_LSN } from '../../src/history/required-position.ts';
import { decideRead } from '../../src/routing/decide.ts';
import { createTable } from '../../src/routing/table.ts';
import { NODES, primary, SYSTEM, standby, story, wellStory } from '../support/model.ts';

const SECRET = 'a secret that is at least thirty-two bytes';
const EPOCH = { system: SYSTEM, timeline: 1, owner: 'us/0' };

/** Scopes over a topology that goes on living. */
function scopesOf(told: ReturnType<typeof story>, home: TokenHome = {}) {
  const clock = fakeClock();
  const codec = createTokenCodec(SECRET, home);
  const events: string[] = [];
  const refreshes: number[] = [];
  const scopes = createScopes({
    codec: { ...codec, refresh: async () => void refreshes.push(clock.now()) },
    clock,
    maxAgeMs: 60_000,
    owners: ['us/0', 'eu/0', 'ap/0'],
    known: (epoch) => epoch,
    isOutOfReach: () => false,
    underWay: { begin: () => {}, end: () => {} },
    topology: () => told.topology,
    systems: () => told.store.facts.tops.map(({ system }) => system),
    learnEpoch: (epoch) => told.hears(epoch.timeline, epoch.owner, epoch.system, epoch.server),
    resetAtMs: () => told.store.facts.resetAtMs,
    emit: (event) => void events.push(event),
  });
  const token = (epoch = EPOCH, lsn = 1_000n, kind: 'write' | 'seen' = 'write') =>
    codec.encode(kind, epoch, lsn, clock.wallMs());
  return {
    scopes,
    codec,
    clock,
    events,
    refreshes,
    token,
    open: (...tokens: string[]) => scopes.open({ tokens, access: 'read' }),
  };
}

describe('opening a scope', () => {
  it('must see the highest of the tokens, by timeline and then by position', () => {
    const { open, token } = scopesOf(wellStory());
    expect(open(token(EPOCH, 500n), token(EPOCH, 900n), token(EPOCH, 700n)).need).toEqual({ ...EPOCH, lsn: 900n });
    expect(open().need).toBeUndefined();
  });

  it('reads from the primary for a token that does not verify, and asks for newer secrets at most every ten seconds', async () => {
    const { open, token, clock, refreshes } = scopesOf(wellStory());
    for (const hostile of ['', 'x', 'v1.a.b', token().replace(/.$/, '_')]) {
      expect(open(hostile).need).toBe(PRIMARY_ONLY);
    }
    expect(open(token(), 'x').need).toBe(PRIMARY_ONLY);
    expect(refreshes).toHaveLength(1);
    await clock.advance(10_000);
    open('x');
    expect(refreshes).toHaveLength(2);
    expect(open(...Array.from({ length: 17 }, () => token())).need).toBe(PRIMARY_ONLY);
  });

  it('reads from the primary for a token of another database', () => {
    const { open, token } = scopesOf(wellStory());
    expect(open(token({ ...EPOCH, system: '8' })).need).toBe(PRIMARY_ONLY);
  });

  it('is told by a token of a timeline nobody here had heard of, and fences what is lower', () => {
    const told = wellStory();
    const { open, token } = scopesOf(told);
    open(token({ ...EPOCH, timeline: 2, owner: 'eu/0' }));
    expect(told.stateOf('us/0')).toBe('fenced');
  });

  it('does not take an owner it cannot name for one it can', () => {
    const told = wellStory();
    const { open, token } = scopesOf(told);
    open(token({ ...EPOCH, owner: 'mars/0' }));
    expect(told.topology.state).toBe('twin-primaries');
  });
});

describe('a token of an epoch that is higher than all that is known', () => {
  const stray = { ...EPOCH, timeline: 7, owner: 'eu/0' };

  it('fences while it is young, though the wall clock of this process was set since', () => {
    for (const step of [0, 3_600_000, -3_600_000]) {
      const told = wellStory();
      const { open, token, clock } = scopesOf(told);
      const fresh = token(stray);
      clock.stepWall(step);
      open(fresh);
      expect(told.stateOf('us/0')).toBe('fenced');
    }
  });

  it('fences nothing when it is old, or from the future: its history may have been thrown away', async () => {
    const told = wellStory();
    const { open, token, clock, codec } = scopesOf(told);
    const old = token(stray);
    await clock.advance(600_001);
    open(old);
    open(codec.encode('write', stray, 1n, clock.wallMs() + 3_600_000));
    expect(told.topology.state).toBe('ready');
    open(token(stray));
    expect(told.topology.state).toBe('no-primary');
  });

  it('fences nothing after its epoch was declared void, whatever name it has for the owner', async () => {
    const told = wellStory();
    const { open, token, clock } = scopesOf(told);
    const before = [stray, { ...stray, owner: 'mars/0' }, { ...stray, timeline: 8 }].map((epoch) => token(epoch));
    open(before[0] ?? '');
    await clock.advance(10_000);
    told.later(10_000);
    told.take({ type: 'reset', atMs: clock.now() });
    for (const kept of before) open(kept);
    expect(told.topology.state).toBe('ready');
  });

  it('fences nothing when another environment signed it, with the same secret over a copy of the database', () => {
    const told = wellStory();
    const { open, clock } = scopesOf(told);
    const staging = createTokenCodec(SECRET, { place: 'staging' });
    open(staging.encode('write', stray, 1n, clock.wallMs()));
    expect(told.topology.state).toBe('ready');
  });

  it('asks the primary, fences nothing and is told of, when a copy with the same secret, regions and hosts signed it', () => {
    const told = wellStory();
    const { open, clock, events } = scopesOf(told, { environment: 'production', place: 'eu us app.example.com' });
    for (const home of [{ environment: 'staging' }, {}]) {
      const copy = createTokenCodec(SECRET, { ...home, place: 'eu us app.example.com' });
      const scope = open(copy.encode('write', stray, 1n, clock.wallMs()));
      expect(scope.need).toBe(PRIMARY_ONLY);
      expect(scope.notice).toBeUndefined();
      expect(events.splice(0)).toEqual(['token-invalid', 'token-elsewhere']);
    }
    expect(told.topology.state).toBe('ready');
    open('v1.'.padEnd(87, 'A'));
    expect(events).toEqual(['token-invalid']);
  });

  it('fences where the environment has a name, whatever hosts its process knows', () => {
    const told = wellStory();
    const { open, clock, events } = scopesOf(told, { environment: 'production', place: 'eu us' });
    const sibling = createTokenCodec(SECRET, { environment: 'production', place: 'eu us new.example.com' });
    open(sibling.encode('write', stray, 1n, clock.wallMs()));
    expect(told.topology.state).toBe('no-primary');
    expect(events).toEqual([]);
  });

  it('is told of when it names other hosts and no environment', () => {
    const { open, clock, events } = scopesOf(wellStory());
    open(createTokenCodec(SECRET, { place: 'staging' }).encode('write', EPOCH, 1n, clock.wallMs()));
    expect(events).toEqual(['token-elsewhere']);
  });

  it('fences nothing when it is of a database that is not known here', () => {
    const told = wellStory();
    const { open, token } = scopesOf(told);
    open(token({ ...stray, system: '8' }));
    expect(told.topology.state).toBe('ready');
  });
});

describe('after an operator has settled twins', () => {
  const twin = (owner: string) => ({ ...EPOCH, timeline: 2, owner });
  const settled = () => {
    const told = wellStory();
    told.says('us/0', primary(2, 3_000n, { server: 'us' }));
    told.hears(2, 'eu/0');
    told.take({ type: 'reset', atMs: told.nowMs });
    return scopesOf(told);
  };

  it('cannot tell the fate of what the other twin wrote, whose timeline and positions are the same', () => {
    const { open, token, scopes, events } = settled();
    const scope = open(token(twin('eu/0'), 2_000n));
    expect(scope.need).toBe(PRIMARY_ONLY);
    expect(scopes.forGate(scope).closeHead().notice).toBe('write-fate-unknown');
    expect(events).toEqual(['write-fate-unknown']);
  });

  it('keeps what the twin wrote that goes on', () => {
    const { open, token, events } = settled();
    expect(open(token(twin('us/0'), 2_000n)).need).toEqual({ ...twin('us/0'), lsn: 2_000n });
    expect(events).toEqual([]);
  });

  it('does not hold a token of a timeline that was declared void for one that any primary satisfies', () => {
    const told = wellStory();
    told.hears(7, 'ap/0');
    told.take({ type: 'reset', atMs: told.nowMs });
    const { open, token, events } = scopesOf(told);
    expect(open(token({ ...EPOCH, timeline: 7, owner: 'ap/0' })).need).toBe(PRIMARY_ONLY);
    expect(events).toEqual(['write-fate-unknown']);
  });
});

describe('what a scope answers with', () => {
  it('gives the highest position of the request, brought or made', () => {
    const { open, token, scopes, codec } = scopesOf(wellStory());
    const scope = open(token(EPOCH, 2_000n));
    scopes.noteWritten(scope, EPOCH, 1_500n);
    expect(codec.decode(scopes.forGate(scope).closeHead().written ?? '')).toMatchObject({ kind: 'write', lsn: 2_000n });
    scopes.noteWritten(scope, EPOCH, 2_500n);
    expect(codec.decode(scopes.tokenOf(scope) ?? '')).toMatchObject({ lsn: 2_500n });
    expect(scope.need).toMatchObject({ lsn: 2_500n });
  });

  it('gives none to a request that only read, and hands the one it brought to a job', () => {
    const { open, token, scopes, codec } = scopesOf(wellStory());
    const scope = open(token(EPOCH, 2_000n));
    expect(scopes.forGate(scope).closeHead()).toEqual({});
    expect(codec.decode(scopes.tokenOf(scope) ?? '')).toMatchObject({ kind: 'write', lsn: 2_000n });
    expect(scopes.tokenOf(open())).toBeUndefined();
  });

  it('hands to a job what it has seen, which may be beyond what it wrote', () => {
    const { open, scopes, codec } = scopesOf(wellStory());
    const scope = open();
    scopes.noteSeen(scope, EPOCH, 700n);
    expect(codec.decode(scopes.tokenOf(scope) ?? '')).toMatchObject({ kind: 'seen', lsn: 700n });
    scopes.noteWritten(scope, EPOCH, 900n);
    expect(codec.decode(scopes.tokenOf(scope) ?? '')).toMatchObject({ kind: 'write', lsn: 900n });
    scopes.noteSeen(scope, EPOCH, 1_000n);
    expect(codec.decode(scopes.tokenOf(scope) ?? '')).toMatchObject({ kind: 'seen', lsn: 1_000n });
  });

  it('announces no loss because an endpoint of this region led to the primary while the request was under way', () => {
    const told = story({}, [{ id: 'us/0', region: 'us' }, ...NODES.slice(1)]);
    told.says('ap/0', primary(1, 1_000n, { server: 'ap' }));
    told.says('us/0', standby(1, 1_000n, { server: 'us' }));
    told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    const { open, scopes, token, events } = scopesOf(told);
    const scope = open(token({ ...EPOCH, owner: 'ap/0' }, 900n));
    const before = scope.need;
    told.says('us/0', primary(1, 1_000n, { server: 'ap' }));
    expect(told.topology.top?.owners).toEqual(['us/0']);
    expect(scopes.forGate(scope).closeHead().notice).toBeUndefined();
    expect(events).toEqual([]);
    const table = createTable(told.topology, { self: 'eu', writes: 'reject', onBehind: 'forward' });
    expect(decideRead(table, before, 0, 0, false)).toMatchObject({ node: 1, reason: 'caught-up' });
  });

  it('says nothing of a position that comes after a head that was refused', () => {
    const { open, scopes, events } = scopesOf(wellStory());
    const scope = open();
    const forGate = scopes.forGate(scope);
    forGate.issue();
    scopes.noteWritten(scope, EPOCH, 1n);
    expect(events).toEqual([]);
    expect(forGate.issue().written).toEqual(expect.any(String));
    forGate.endHead();
    scopes.noteWritten(scope, EPOCH, 2n);
    expect(events).toEqual(['token-late']);
  });

  it('says so when a position comes after the head', () => {
    const { open, scopes, events } = scopesOf(wellStory());
    const scope = open();
    scopes.forGate(scope).closeHead();
    scopes.noteWritten(scope, EPOCH, 1n);
    expect(events).toEqual(['token-late']);
  });

  it('gives a token that only the primary satisfies for a write whose position is not known', () => {
    const { open, scopes, codec } = scopesOf(wellStory());
    const scope = open();
    scopes.noteWritten(scope, EPOCH, undefined);
    expect(scope.need).toBe(PRIMARY_ONLY);
    expect(codec.decode(scopes.forGate(scope).closeHead().written ?? '')?.lsn).toBe(UNKNOWN_LSN);
  });

  it('keeps a scope across awaits, and scopes apart', async () => {
    const { open, scopes } = scopesOf(wellStory());
    await Promise.all(
      [open(), open()].map((scope) =>
        scopes.run(scope, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          expect(scopes.current()).toBe(scope);
        }),
      ),
    );
    expect(scopes.current()).toBeUndefined();
  });
});

describe('a write without a known position, on a timeline that was left', () => {
  const left = () => {
    const told = wellStory();
    const story = scopesOf(told);
    const token = story.token(EPOCH, UNKNOWN_LSN);
    told.says('eu/0', standby(1, 1_100n, { server: 'eu' }));
    told.fails('us/0');
    return { ...story, told, token };
  };

  it('is told of once: its token is replaced by one for all that the new primary has', () => {
    const { told, token, open, scopes, codec, events } = left();
    told.says('eu/0', primary(2, 1_200n, { server: 'eu', fork: 1_100n }));
    const answer = scopes.forGate(open(token)).closeHead();
    expect(answer.notice).toBe('write-fate-unknown');
    expect(codec.decode(answer.written ?? '')).toMatchObject({ kind: 'seen', timeline: 2, lsn: 1_200n });
    expect(scopes.forGate(open(answer.written ?? '')).closeHead().notice).toBeUndefined();
    expect(events).toEqual(['write-fate-unknown']);
  });

  it('is told of again as long as no primary is known that could stand for it', () => {
    const { told, token, open, scopes } = left();
    told.hears(2, 'eu/0');
    const answer = scopes.forGate(open(token)).closeHead();
    expect(answer).toEqual({ notice: 'write-fate-unknown' });
  });

  it('keeps its token while the position is known and only the fork is not: that may be learnt', () => {
    const { told, open, scopes, codec, clock } = left();
    told.says('eu/0', primary(3, 1_200n, { server: 'eu' }));
    const kept = codec.encode('write', EPOCH, 900n, clock.wallMs());
    const answer = scopes.forGate(open(kept)).closeHead();
    expect(answer).toEqual({ notice: 'write-fate-unknown' });
  });
});
