import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { createScopes } from '../../src/causality/scope.ts';
import { createTokenCodec } from '../../src/causality/token.ts';
import { PRIMARY_ONLY } from '../../src/history/required-position.ts';
import type { Topology } from '../../src/topology/topology.ts';

const SYSTEM = '7711269831366940242';
const OLD = { system: SYSTEM, timeline: 1, owner: 'us-east-1/0' };
const NEW = { system: SYSTEM, timeline: 2, owner: 'eu-west-1/0' };
const FORK = { system: SYSTEM, parent: 1, child: 2, lsn: 500n };

function topologyOf(given: Partial<Topology>): Topology {
  return {
    state: 'ready',
    nodes: [],
    primary: undefined,
    candidate: undefined,
    system: SYSTEM,
    top: { system: SYSTEM, timeline: 1, owners: [OLD.owner], by: undefined, certain: 1, firstKnownAtMs: 0 },
    forks: [],
    owners: [OLD],
    writers: [],
    accepted: true,
    nextChangeMs: Number.POSITIVE_INFINITY,
    ...given,
  } as Topology;
}

const BEFORE = topologyOf({});
const PROMOTED = topologyOf({
  top: { system: SYSTEM, timeline: 2, owners: [NEW.owner], by: undefined, certain: 2, firstKnownAtMs: 0 },
  owners: [OLD, NEW],
  forks: [FORK],
  primary: { region: 'eu-west-1', node: 1, epoch: NEW, position: 900n } as never,
});
const UNKNOWN_FORK = topologyOf({ ...PROMOTED, forks: [] });

function setUp(topology: Topology) {
  const clock = fakeClock();
  const codec = createTokenCodec('a secret that is at least thirty-two bytes');
  const emitted: string[] = [];
  const live = { topology };
  const asked = { systems: 0 };
  const learnt: (() => void)[] = [];
  const scopes = createScopes({
    codec,
    clock,
    maxAgeMs: 60_000,
    owners: ['us-east-1/0', 'eu-west-1/0'],
    known: (epoch) => epoch,
    isOutOfReach: () => false,
    underWay: { begin: () => {}, end: () => {} },
    topology: () => live.topology,
    systems: () => {
      asked.systems += 1;
      return [SYSTEM];
    },
    learnEpoch: () => learnt[0]?.(),
    resetAtMs: () => Number.NEGATIVE_INFINITY,
    emit: (event) => void emitted.push(event),
  });
  const token = (lsn: bigint, epoch = OLD) => codec.encode('write', epoch, lsn, clock.wallMs());
  return { asked, clock, codec, emitted, learnt, live, scopes, token };
}

describe('a scope', () => {
  it('asks for the position of a token however far this wall clock is ahead of the one that issued it', () => {
    const { clock, scopes, token } = setUp(BEFORE);
    const fresh = token(400n);
    clock.stepWall(3_600_000);
    expect(scopes.open({ tokens: [fresh], access: 'read' }).need).toEqual({ ...OLD, lsn: 400n });
    expect(scopes.requiredPosition(fresh)).toEqual({ ...OLD, lsn: 400n });
  });

  it('lets an old token rest once its fate cannot be known', async () => {
    const { clock, scopes, token } = setUp(UNKNOWN_FORK);
    const sent = token(400n);
    expect(scopes.open({ tokens: [sent], access: 'read' }).need).toBe(PRIMARY_ONLY);
    await clock.advance(61_000);
    expect(scopes.open({ tokens: [sent], access: 'read' }).need).toBeUndefined();
    expect(scopes.requiredPosition(sent)).toBeUndefined();
  });

  it('keeps quiet of no loss because this wall clock is ahead of the one that issued the token', () => {
    const { clock, scopes, token } = setUp(UNKNOWN_FORK);
    const fresh = token(501n);
    clock.stepWall(3_600_000);
    const scope = scopes.open({ tokens: [fresh], access: 'read' });
    expect(scope.need).toBe(PRIMARY_ONLY);
    expect(scopes.requiredPosition(fresh)).toBe(PRIMARY_ONLY);
    expect(scopes.forGate(scope).closeHead().notice).toBe('write-fate-unknown');
  });

  it('tells of a write beyond the fork, on the event and the answer, and replaces its token so that it is told once', () => {
    const { codec, emitted, scopes, token } = setUp(PROMOTED);
    const scope = scopes.open({ tokens: [token(501n)], access: 'read' });
    expect(scope.need).toBe(PRIMARY_ONLY);
    const { notice, written = '' } = scopes.forGate(scope).closeHead();
    expect(notice).toBe('write-lost-suspected');
    expect(emitted).toEqual(['write-lost-suspected']);
    expect(codec.decode(written)).toMatchObject({ kind: 'seen', timeline: 2, lsn: 900n });
    expect(scopes.forGate(scopes.open({ tokens: [written], access: 'read' })).closeHead().notice).toBeUndefined();
  });

  it('says nothing of a write at or below the fork', () => {
    const { emitted, scopes, token } = setUp(PROMOTED);
    const scope = scopes.open({ tokens: [token(500n)], access: 'read' });
    expect(scopes.forGate(scope).closeHead()).toEqual({});
    expect(emitted).toEqual([]);
  });

  it('judges its tokens again when a standby was promoted while the request was under way', () => {
    const { codec, emitted, live, scopes, token } = setUp(BEFORE);
    const scope = scopes.open({ tokens: [token(501n)], access: 'read' });
    expect(emitted).toEqual([]);
    live.topology = PROMOTED;
    expect(scopes.forGate(scope).closeHead().notice).toBe('write-lost-suspected');
    expect(emitted).toEqual(['write-lost-suspected']);
    expect(codec.decode(scopes.tokenOf(scope) ?? '')).toMatchObject({ kind: 'seen', timeline: 2, lsn: 900n });
  });

  it('judges a token once for each topology, however many requests bring it', () => {
    const { asked, emitted, live, scopes, token } = setUp(BEFORE);
    const sent = token(501n);
    const open = () => scopes.open({ tokens: [sent], access: 'read' });
    const needs = [open(), open(), open()].map(({ need }) => need);
    expect(needs).toMatchObject([{ lsn: 501n }, { lsn: 501n }, { lsn: 501n }]);
    expect(asked.systems).toBe(1);
    live.topology = PROMOTED;
    expect([open(), open()].map(({ need }) => need)).toEqual([PRIMARY_ONLY, PRIMARY_ONLY]);
    expect(asked.systems).toBe(2);
    expect(emitted).toEqual(['write-lost-suspected', 'write-lost-suspected']);
    live.topology = topologyOf({});
    expect(open().need).toMatchObject({ lsn: 501n });
  });

  it('judges a token by what the token itself has taught', () => {
    const { learnt, live, scopes, token } = setUp(BEFORE);
    learnt.push(() => {
      live.topology = UNKNOWN_FORK;
    });
    const sent = token(501n, NEW);
    for (const _ of [1, 2]) expect(scopes.open({ tokens: [sent], access: 'read' }).need).toMatchObject({ timeline: 2 });
    expect(live.topology).toBe(UNKNOWN_FORK);
  });

  it('says so when nobody can know whether a write is in the history in force', () => {
    const { emitted, scopes, token } = setUp(UNKNOWN_FORK);
    const scope = scopes.open({ tokens: [token(400n)], access: 'read' });
    expect(scopes.forGate(scope).closeHead().notice).toBe('write-fate-unknown');
    expect(emitted).toEqual(['write-fate-unknown']);
  });
});
