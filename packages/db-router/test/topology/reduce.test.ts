import type { Epoch } from '@regionkit/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Input } from '../../src/topology/facts.ts';
import { nothingKnown, reduce } from '../../src/topology/reduce.ts';
import { NODES, primary, RULES, SYSTEM, standby, story, wellStory } from '../support/model.ts';

describe('who is primary', () => {
  it('accepts a first primary once a majority of the other regions shows no higher timeline', () => {
    const told = story();
    told.says('us/0', primary(1));
    expect(told.topology.state).toBe('unconfirmed');
    told.says('eu/0', standby(1));
    expect(told.topology.state).toBe('unconfirmed');
    told.says('ap/0', standby(1));
    expect(told.topology.state).toBe('ready');
    const server = told.serverOf('primary-1');
    expect(told.topology.primary?.epoch).toEqual({ system: SYSTEM, timeline: 1, owner: 'us/0', server });
    expect(told.told('primary')).toHaveLength(1);
  });

  it('does not accept a first primary while the other regions are silent, until an operator confirms it', () => {
    const told = story();
    told.says('us/0', primary(1));
    told.fails('eu/0');
    told.fails('ap/0');
    expect(told.topology.state).toBe('unconfirmed');
    expect(told.topology.candidate?.owner).toBe('us/0');
    told.take({ type: 'confirm', atMs: told.nowMs });
    expect(told.topology.state).toBe('ready');
  });

  it('accepts at once with coldStart: trust, but not before every node was asked', () => {
    const told = story({ coldStart: 'trust' });
    told.says('us/0', primary(1));
    expect(told.topology.state).toBe('unconfirmed');
    told.fails('eu/0');
    told.fails('ap/0');
    expect(told.topology.state).toBe('ready');
  });

  it('needs nobody else in a map of one region', () => {
    const told = story({ regions: ['us'] }, [{ id: 'us/0', region: 'us' }]);
    told.says('us/0', primary(1));
    expect(told.topology.state).toBe('ready');
  });

  it('takes the documents of a majority of the other regions for their answers', () => {
    const told = story({}, [{ id: 'us/0', region: 'us' }]);
    told.says('us/0', primary(1));
    const highest = { system: SYSTEM, timeline: 1, owner: 'us/0' };
    told.document('eu', { highest, measured: true });
    expect(told.topology.state).toBe('unconfirmed');
    told.document('ap', { highest, measured: true });
    expect(told.topology.state).toBe('ready');
  });

  it('takes no echo for an answer: of a region whose own database does not answer it', () => {
    const told = story({ regions: ['us', 'eu'] }, [{ id: 'us/0', region: 'us' }]);
    told.says('us/0', primary(1));
    const highest = { system: SYSTEM, timeline: 1, owner: 'us/0' };
    told.document('eu', { highest });
    expect(told.topology.state).toBe('unconfirmed');
    told.document('eu', { highest, measured: true });
    expect(told.topology.state).toBe('ready');
  });

  it('does not take a standby that hides its timeline for an answer, unless every node answered', () => {
    const nodes = [...NODES, { id: 'sa/0', region: 'sa' }];
    const told = story({ regions: ['us', 'eu', 'ap', 'sa'] }, nodes);
    told.says('us/0', primary(1));
    told.says('eu/0', standby(undefined));
    told.says('ap/0', standby(undefined));
    told.fails('sa/0');
    expect(told.topology.state).toBe('unconfirmed');
    told.says('sa/0', standby(undefined));
    expect(told.topology.state).toBe('ready');
  });

  it('does not believe a zombie beside which the process started', () => {
    const told = story();
    told.says('us/0', primary(1));
    told.says('eu/0', primary(2));
    told.says('ap/0', standby(2));
    expect(told.stateOf('us/0')).toBe('fenced');
    expect(told.topology.primary?.region).toBe('eu');
  });

  it('fences a zombie by the timeline that a standby follows, though nobody knows who writes it', () => {
    const told = wellStory();
    told.fails('eu/0');
    told.says('ap/0', standby(2, 1_000n, { server: 'ap' }));
    expect(told.stateOf('us/0')).toBe('fenced');
    expect(told.topology.state).toBe('no-primary');
    expect(told.topology.highest).toEqual({ system: SYSTEM, timeline: 2, owner: '' });
  });

  it.each([['token'], ['hop'], ['document'], ['store']] as const)(
    'fences by the word of a %s alone, and names no primary',
    (from) => {
      const told = wellStory();
      told.take({ type: 'epoch', epoch: { system: SYSTEM, timeline: 2, owner: 'eu/0' }, from, atMs: told.nowMs });
      expect(told.stateOf('us/0')).toBe('fenced');
      expect(told.topology.primary).toBeUndefined();
      expect(told.told('epoch').at(-1)).toMatchObject({ from });
      expect(told.told('primary-lost')).toHaveLength(1);
    },
  );

  it('follows a promotion as soon as the node says so, and fences the old primary when it is back', () => {
    const told = wellStory();
    told.fails('us/0');
    expect(told.topology.state).toBe('no-primary');
    told.says('eu/0', primary(2, 1_200n, { server: 'eu', fork: 1_100n }));
    expect(told.topology.primary).toMatchObject({ region: 'eu', epoch: { timeline: 2, owner: 'eu/0' } });
    expect(told.topology.forks).toEqual([{ system: SYSTEM, parent: 1, child: 2, lsn: 1_100n }]);
    told.says('us/0', primary(1, 9_000n, { server: 'us' }));
    expect(told.stateOf('us/0')).toBe('fenced');
    expect(told.topology.primary?.region).toBe('eu');
  });

  it('refuses writes when two owners write one timeline, and says who', () => {
    const told = wellStory();
    told.fails('us/0');
    told.says('eu/0', primary(2, 1_200n, { server: 'eu' }));
    told.says('ap/0', primary(2, 1_200n, { server: 'ap' }));
    expect(told.topology.state).toBe('twin-primaries');
    expect(told.topology.primary).toBeUndefined();
    expect(told.told('twin-primaries')[0]).toMatchObject({ timeline: 2, owners: ['ap/0', 'eu/0'] });
  });

  it('does not take two pools that reach one server for twins', () => {
    const nodes = [
      { id: 'us/0', region: 'us' },
      { id: 'us/1', region: 'us' },
    ];
    const told = story({ regions: ['us'] }, nodes);
    told.says('us/1', primary(1, 1_000n, { server: 'same' }));
    told.says('us/0', primary(1, 1_000n, { server: 'same' }));
    expect(told.topology.state).toBe('ready');
    expect(told.topology.primary?.epoch.owner).toBe('us/0');
    told.fails('us/0');
    told.says('us/1', primary(1, 1_010n, { server: 'same' }));
    expect(told.topology.primary?.epoch.owner).toBe('us/0');
    expect(told.topology.primary?.node).toBe(1);
    told.says('us/0', primary(1, 1_000n, { server: 'other' }));
    told.says('us/1', primary(1, 1_020n, { server: 'same' }));
    expect(told.topology.state).toBe('twin-primaries');
  });

  it('sends no write to a primary whose default_transaction_read_only is on, and still reads from it', () => {
    const told = wellStory();
    told.says('us/0', primary(1, 1_000n, { server: 'us', readOnly: true }));
    expect(told.topology.state).toBe('read-only');
    expect(told.node('us/0')).toMatchObject({ state: 'read-only', readable: true });
  });

  it('refuses a node of another database, loudly', () => {
    const told = wellStory();
    told.says('eu/0', primary(9, 1n, { system: '8', server: 'x' }));
    expect(told.stateOf('eu/0')).toBe('foreign');
    expect(told.told('foreign-system')).toEqual([{ node: 'eu/0', system: '8' }]);
    expect(told.topology.primary?.region).toBe('us');
  });

  it('accepts no primary while the nodes belong to different databases', () => {
    const told = story();
    told.says('us/0', primary(1));
    told.says('eu/0', standby(1, 1n, { system: '8' }));
    told.says('ap/0', standby(1));
    expect(told.topology.state).toBe('foreign-system');
  });

  it('learns of a primary by the document of its region, and forgets it when the document grows old', () => {
    const told = story({ self: 'eu' }, [{ id: 'eu/0', region: 'eu' }]);
    told.says('eu/0', standby(1));
    const epoch = { system: SYSTEM, timeline: 1, owner: 'us/0' };
    told.document('us', { primary: { epoch, position: 1_000n } });
    told.document('ap', { highest: epoch, measured: true });
    expect(told.topology.primary).toEqual({ region: 'us', epoch, position: 1_000n, node: undefined });
    told.later(15_001);
    expect(told.topology.primary).toBeUndefined();
  });

  it('believes the node it asked rather than an older document', () => {
    const told = wellStory({ self: 'eu' });
    const epoch = { system: SYSTEM, timeline: 1, owner: 'us/0' };
    told.document('us', { primary: { epoch, position: 1_000n }, observedAtMs: 900 });
    told.says('us/0', standby(1, 1_000n, { server: 'us-again' }));
    expect(told.topology.primary).toBeUndefined();
  });

  it('forgets a poisoned epoch when an operator says so, and hears it from nobody again', () => {
    const told = wellStory();
    told.hears(7, 'ap/0');
    expect(told.topology.state).toBe('no-primary');
    told.take({ type: 'reset', atMs: told.nowMs });
    expect(told.topology.primary?.epoch.timeline).toBe(1);
    told.hears(7, 'ap/0');
    told.document('ap', { highest: { system: SYSTEM, timeline: 7, owner: 'ap/0' } });
    expect(told.topology.primary?.epoch.timeline).toBe(1);
    told.says('ap/0', primary(7));
    expect(told.stateOf('ap/0')).toBe('fenced');
    told.hears(7, 'eu/0');
    expect(told.stateOf('us/0')).toBe('fenced');
  });

  it('believes after a reset what a region out of its reach has measured since, and no hearsay', () => {
    const told = story({}, [NODES[0]]);
    const twin = (owner: string) => ({ system: SYSTEM, timeline: 2, owner });
    told.says('us/0', primary(1, 1_000n, { server: 'us' }));
    told.document('eu', { primary: { epoch: twin('eu/0'), position: 2_000n } });
    told.document('ap', { primary: { epoch: twin('ap/0'), position: 2_000n } });
    told.fails('us/0');
    expect(told.topology.state).toBe('twin-primaries');
    const before = told.nowMs;
    told.take({ type: 'reset', atMs: told.nowMs });
    told.hears(2, 'ap/0');
    told.document('ap', { primary: { epoch: twin('ap/0'), position: 2_000n }, observedAtMs: before });
    expect(told.topology.primary).toBeUndefined();
    told.document('ap', { highest: twin('ap/0'), measured: true });
    told.document('eu', { primary: { epoch: twin('eu/0'), position: 2_000n } });
    expect(told.topology.primary?.epoch).toEqual(twin('eu/0'));
    told.says('us/0', primary(1, 1_000n, { server: 'us-again' }));
    expect(told.stateOf('us/0')).toBe('fenced');
    expect(told.topology.primary?.epoch).toEqual(twin('eu/0'));
  });

  it('adopts the database that is there after a reset: pg_upgrade gives it another identifier', () => {
    const told = wellStory();
    for (const id of ['us/0', 'eu/0', 'ap/0']) {
      told.says(
        id,
        id === 'us/0'
          ? primary(1, 1n, { system: '8', server: 'new' })
          : standby(1, 1n, { system: '8', server: `new-${id}` }),
      );
    }
    expect(told.topology.primary).toBeUndefined();
    told.take({ type: 'reset', atMs: told.nowMs });
    const server = told.serverOf('new');
    expect(told.topology.primary?.epoch).toEqual({ system: '8', timeline: 1, owner: 'us/0', server });
  });

  it('counts the epoch store as a witness, and a higher epoch in it fences', () => {
    for (const [timeline, state] of [
      [1, 'ready'],
      [2, 'no-primary'],
    ] as const) {
      const told = story();
      const epoch = { system: SYSTEM, timeline, owner: timeline === 1 ? 'us/0' : 'eu/0' };
      told.take({ type: 'store', stored: { epoch, owners: [], forks: [], voided: [] }, atMs: told.nowMs });
      told.says('us/0', primary(1));
      told.fails('eu/0');
      told.fails('ap/0');
      expect(told.topology.state).toBe(state);
    }
  });
});

describe('which standby is fresh', () => {
  it('judges lag by the primary’s position, so that an idle primary makes nobody stale', () => {
    const told = wellStory();
    for (let second = 0; second < 120; second += 5) {
      told.later(5_000);
      told.says('us/0', primary(1, 1_000n, { server: 'us' }));
      told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    }
    expect(told.node('eu/0')).toMatchObject({ state: 'replica', lagMs: 0, readable: true });
  });

  it('is stale once the primary has been further for longer than maxLagMs', () => {
    const told = wellStory();
    let position = 1_000n;
    for (let step = 0; step < 2; step += 1) {
      told.later(4_000);
      position += 500n;
      told.says('us/0', primary(1, position, { server: 'us' }));
      told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    }
    expect(told.stateOf('eu/0')).toBe('replica');
    told.later(4_000);
    told.says('us/0', primary(1, position + 500n, { server: 'us' }));
    told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    expect(told.node('eu/0')).toMatchObject({ state: 'stale', readable: false });
    expect(told.node('eu/0')?.lagMs).toBeGreaterThan(10_000);
  });

  it('does not read from a standby that is not judged yet, while there is a primary', () => {
    const told = story();
    told.says('us/0', primary(1, 5_000n));
    told.says('eu/0', standby(1, 4_000n, { server: 'eu' }));
    told.says('ap/0', standby(1, 5_000n, { server: 'ap' }));
    expect(told.node('eu/0')).toMatchObject({ state: 'stale', readable: false });
    told.says('eu/0', standby(1, 5_100n, { server: 'eu' }));
    expect(told.node('eu/0')).toMatchObject({ state: 'replica', readable: true });
  });

  it('stays readable without a primary if it was fresh when that was lost, and not if it was stale', () => {
    const told = wellStory();
    told.later(20_000);
    told.says('us/0', primary(1, 2_000n, { server: 'us' }));
    told.later(11_000);
    told.says('us/0', primary(1, 2_500n, { server: 'us' }));
    told.says('eu/0', standby(1, 2_500n, { server: 'eu' }));
    told.says('ap/0', standby(1, 1_000n, { server: 'ap' }));
    expect(told.stateOf('ap/0')).toBe('stale');
    told.fails('us/0');
    told.later(3_600_000);
    told.says('eu/0', standby(1, 2_500n, { server: 'eu' }));
    told.says('ap/0', standby(1, 2_500n, { server: 'ap' }));
    expect(told.node('eu/0')).toMatchObject({ state: 'replica', readable: true });
    expect(told.node('ap/0')).toMatchObject({ state: 'stale', readable: false });
  });

  it('serves from a replica before any primary was ever known', () => {
    const told = story({ self: 'eu' });
    told.says('eu/0', standby(1));
    expect(told.node('eu/0')).toMatchObject({ state: 'replica', readable: true });
  });

  it('lets a standby on the old timeline serve for maxLagMs after the new one was heard of', () => {
    const told = wellStory();
    told.fails('us/0');
    told.says('ap/0', primary(2, 1_100n, { server: 'ap' }));
    expect(told.node('eu/0')).toMatchObject({ state: 'old-timeline', readable: true });
    expect(told.topology.nextChangeMs).toBeGreaterThan(told.nowMs);
    told.later(10_001);
    expect(told.node('eu/0')).toMatchObject({ state: 'old-timeline', readable: false });
    told.says('eu/0', standby(2, 1_200n, { server: 'eu' }));
    told.says('ap/0', primary(2, 1_200n, { server: 'ap' }));
    told.says('eu/0', standby(2, 1_200n, { server: 'eu' }));
    expect(told.node('eu/0')).toMatchObject({ state: 'replica', readable: true });
  });

  it('fences a standby of the zombie once it has replayed beyond the fork', () => {
    const told = wellStory();
    told.fails('us/0');
    told.says('ap/0', primary(2, 1_100n, { server: 'ap', fork: 1_050n }));
    told.says('eu/0', standby(1, 1_050n, { server: 'eu' }));
    expect(told.stateOf('eu/0')).toBe('old-timeline');
    told.says('eu/0', standby(1, 1_051n, { server: 'eu' }));
    expect(told.stateOf('eu/0')).toBe('fenced');
  });

  it('remembers the timeline of a standby whose receiver is gone, as a lower bound', () => {
    const told = wellStory();
    told.says('eu/0', standby(undefined, 1_000n, { server: 'eu', streaming: false }));
    expect(told.node('eu/0')).toMatchObject({ timeline: 1, state: 'replica' });
  });

  it('says so when a standby answers below what it answered before', () => {
    const told = wellStory();
    told.says('eu/0', standby(1, 900n, { server: 'eu-restarted' }));
    expect(told.told('replay-regressed')).toEqual([{ node: 'eu/0' }]);
    expect(told.node('eu/0')?.position).toBe(900n);
  });

  it('ignores an answer that was overtaken by a later one', () => {
    const told = wellStory();
    const sentAtMs = told.nowMs - 1_000;
    told.take({ type: 'reading', node: 1, reading: standby(1, 1n, { server: 'eu' }), sentAtMs, atMs: told.nowMs });
    expect(told.node('eu/0')?.position).toBe(1_000n);
  });

  it('asks for a new verification of connections when another server answers, and not when the same one was promoted', () => {
    const told = wellStory();
    const { generation } = told.node('eu/0') ?? { generation: -1 };
    told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    expect(told.node('eu/0')?.generation).toBe(generation);
    told.says('eu/0', standby(1, 1_000n, { server: 'another' }));
    expect(told.node('eu/0')?.generation).toBe(generation + 1);
    told.says('eu/0', primary(2, 1_000n, { server: 'another' }));
    expect(told.node('eu/0')?.generation).toBe(generation + 1);
  });
});

describe('the reducer, over random inputs', () => {
  const timeline = fc.integer({ min: 1, max: 4 });
  const owner = fc.constantFrom('us/0', 'eu/0', 'ap/0');
  const position = fc.bigInt({ min: 1n, max: 50n });
  // Each node is a server of its own: two that are one are another story, told above.
  const readings = fc.record({
    node: fc.integer({ min: 0, max: 2 }),
    reading: fc.oneof(
      fc.tuple(timeline, position, fc.boolean()).map(([t, p, readOnly]) => primary(t, p, { readOnly })),
      fc.tuple(fc.option(timeline, { nil: undefined }), position).map(([t, p]) => standby(t, p)),
    ),
    sentAtMs: fc.integer({ min: 1, max: 100 }),
  });
  /** A region's own word may jump over timelines: then it proves nothing alone, and what came before it matters. */
  const documents = (at: fc.Arbitrary<number>, region: fc.Arbitrary<string>): fc.Arbitrary<Input> =>
    fc.record({
      type: fc.constant('document' as const),
      region,
      highest: fc.record({ system: fc.constant(SYSTEM), timeline: at, owner }),
      primary: fc.record({ epoch: fc.record({ system: fc.constant(SYSTEM), timeline: at, owner }), position }),
      observedAtMs: fc.integer({ min: 1, max: 100 }),
      atMs: fc.constant(100),
    });
  const unsaid: fc.Arbitrary<Input> = fc.oneof(
    readings.map(
      ({ node, reading, sentAtMs }): Input => ({
        type: 'reading',
        node,
        reading: { ...reading, server: `server-${node}` },
        sentAtMs,
        atMs: 100,
      }),
    ),
    fc.record({
      type: fc.constant('failed' as const),
      code: fc.constant('ECONNREFUSED'),
      node: fc.integer({ min: 0, max: 2 }),
      atMs: fc.constant(100),
    }),
    fc.record({
      type: fc.constant('epoch' as const),
      epoch: fc.record({ system: fc.constant(SYSTEM), timeline, owner }),
      from: fc.constant('token' as const),
      atMs: fc.constant(100),
    }),
  );
  const region = fc.constantFrom('eu', 'ap');
  const input = fc.oneof(unsaid, documents(timeline, region));
  const inSteps = fc.oneof(unsaid, documents(fc.integer({ min: 1, max: 2 }), region));
  const run = (inputs: readonly Input[]) =>
    inputs.reduce(
      (store, next) => reduce(store, next, RULES).next,
      nothingKnown(NODES, RULES, { store: false, nowMs: 0 }),
    );

  it('never makes a primary of a node below the highest timeline heard of, nor two', () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 30 }), (inputs) => {
        let store = nothingKnown(NODES, RULES, { store: false, nowMs: 0 });
        let certain = 0;
        for (const next of inputs) {
          store = reduce(store, next, RULES).next;
          const { topology } = store;
          const shown = next.type === 'reading' ? next.reading.timeline : next.type === 'epoch' && next.epoch.timeline;
          certain = Math.max(certain, shown || 0);
          const highest = topology.top?.timeline ?? 0;
          expect(highest).toBeGreaterThanOrEqual(certain);
          // What one region alone says makes no primary, and leaves none.
          const said = store.facts.documents.map((document) => document.primary?.epoch.timeline ?? 0);
          if (said.some((claimed) => claimed > highest)) expect(topology.primary).toBeUndefined();
          if (topology.primary !== undefined) expect(topology.primary.epoch.timeline).toBe(highest);
          expect(topology.nodes.filter(({ state }) => state === 'primary').length).toBeLessThanOrEqual(1);
          expect(topology.primary === undefined).toBe(topology.state !== 'ready');
          for (const node of topology.nodes) if (node.state === 'fenced') expect(node.readable).toBe(false);
        }
      }),
    );
  });

  it('ends in the same highest epoch and owners, in whatever order and however often things were heard', () => {
    fc.assert(
      fc.property(fc.array(inSteps, { maxLength: 20 }), fc.infiniteStream(fc.nat()), (inputs, keys) => {
        const shuffled = inputs
          .map((value) => ({ value, key: keys.next().value as number }))
          .sort((left, right) => left.key - right.key)
          .flatMap(({ value, key }) => (key % 3 === 0 ? [value, value] : [value]));
        const heard = (store: ReturnType<typeof run>) =>
          store.topology.top && { ...store.topology.top, firstKnownAtMs: 0, by: undefined };
        expect(heard(run(shuffled))).toEqual(heard(run(inputs)));
      }),
    );
  });

  /** A region that writes a timeline knows of none that is higher. */
  const words = (name: string): fc.Arbitrary<Input> =>
    fc.tuple(documents(timeline, fc.constant(name)), fc.boolean()).map(([document, writes]) => {
      const { highest, primary: own, ...rest } = document as Input & { type: 'document' };
      return writes
        ? { ...rest, primary: own as NonNullable<typeof own>, highest: own?.epoch as Epoch }
        : { ...rest, highest: highest as Epoch };
    });

  it('ends in the same highest timeline, whatever jumps a region claims, and whenever it is heard', () => {
    const told = fc.tuple(fc.array(unsaid, { maxLength: 8 }), fc.tuple(words('eu'), words('ap')));
    fc.assert(
      fc.property(told, fc.infiniteStream(fc.nat()), ([others, words], keys) => {
        const inputs = [...others, ...words];
        const shuffled = inputs
          .map((value) => ({ value, key: keys.next().value as number }))
          .sort((left, right) => left.key - right.key)
          .map(({ value }) => value);
        expect(run(shuffled).topology.top?.timeline).toBe(run(inputs).topology.top?.timeline);
      }),
      { numRuns: 500 },
    );
  });

  it('gives nothing to a node that was fenced, whatever else is lost on the way', () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 20 }), (inputs) => {
        const store = run(inputs);
        const fenced = reduce(
          store,
          { type: 'epoch', epoch: { system: SYSTEM, timeline: 9, owner: 'x/0' }, from: 'hop', atMs: 101 },
          RULES,
        ).next;
        expect(fenced.topology.primary).toBeUndefined();
        for (const { state } of fenced.topology.nodes) expect(['primary', 'candidate']).not.toContain(state);
      }),
    );
  });
});
