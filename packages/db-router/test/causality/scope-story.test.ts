import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { createScopes, UNKNOWN_LSN } from '../../src/causality/scope.ts';
import { createTokenCodec } from '../../src/causality/token.ts';
import { PRIMARY_ONLY } from '../../src/routing/route.ts';
import { primary, SYSTEM, type story, wellStory } from '../support/model.ts';

const SECRET = 'a secret that is at least thirty-two bytes';
const EPOCH = { system: SYSTEM, timeline: 1, owner: 'us/0' };

/** Scopes over a topology that goes on living. */
function scopesOf(told: ReturnType<typeof story>) {
  const clock = fakeClock();
  const codec = createTokenCodec(SECRET);
  const events: string[] = [];
  const refreshes: number[] = [];
  const scopes = createScopes({
    codec: { ...codec, refresh: async () => void refreshes.push(clock.now()) },
    clock,
    maxAgeMs: 60_000,
    owners: ['us/0', 'eu/0', 'ap/0'],
    canonical: (owner) => owner,
    isOutOfReach: () => false,
    topology: () => told.topology,
    systems: () => told.store.facts.tops.map(({ system }) => system),
    hear: (epoch) => told.hears(epoch.timeline, epoch.owner, epoch.system),
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
