import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { primary, SYSTEM, standby, story, wellStory } from '../support/model.ts';

const ENDPOINTS = [
  { id: 'one/0', region: 'one' },
  { id: 'one/1', region: 'one' },
];

/** An endpoint for writers (`one/0`) and one for readers (`one/1`), as HAProxy, RDS and CloudNativePG give them. */
function endpoints() {
  const told = story({ self: 'one', regions: ['one'] }, ENDPOINTS);
  told.says('one/0', primary(1, 1_000n, { server: 'a' }));
  told.says('one/1', standby(1, 1_000n, { server: 'b' }));
  return told;
}

describe('one server on one timeline is one owner', () => {
  it('that the endpoint for readers showed as a primary before the endpoint for writers reached it', () => {
    const told = endpoints();
    told.fails('one/0');
    told.says('one/1', primary(2, 1_100n, { server: 'b', fork: 1_000n }));
    expect(told.topology.primary?.node).toBe(1);
    told.says('one/1', standby(2, 1_150n, { server: 'c' }));
    told.says('one/0', primary(2, 1_200n, { server: 'b', fork: 1_000n }));
    expect(told.topology.state).toBe('ready');
    expect(told.topology.primary?.node).toBe(0);
    expect(told.told('twin-primaries')).toEqual([]);
    expect(told.topology.forks).toHaveLength(1);
  });

  it('that another region tells of under the name by which it knows it', () => {
    const told = wellStory();
    told.fails('us/0');
    const server = told.serverOf('eu');
    told.hears(2, 'eu/1', SYSTEM, server);
    told.document('eu', {
      primary: { epoch: { system: SYSTEM, timeline: 2, owner: 'eu/1', server }, position: 1_100n },
    });
    told.says('eu/0', primary(2, 1_200n, { server: 'eu', fork: 1_100n }));
    expect(told.topology.state).toBe('ready');
    told.document('ap', { highest: { system: SYSTEM, timeline: 2, owner: 'eu/2', server } });
    expect(told.topology.state).toBe('ready');
    expect(told.topology.top?.owners).toHaveLength(1);
  });

  it('that two regions name as theirs, because the URL of a replica points at the primary', () => {
    const told = story({ self: 'ap' }, [{ id: 'ap/0', region: 'ap' }]);
    told.says('ap/0', standby(1, 900n, { server: 'ap' }));
    const server = told.serverOf('us');
    for (const region of ['us', 'eu', 'us', 'eu']) {
      const epoch = { system: SYSTEM, timeline: 1, owner: `${region}/0`, server };
      told.document(region, { primary: { epoch, position: 1_000n }, highest: epoch, measured: true });
    }
    expect(told.topology.state).toBe('ready');
    expect(told.told('twin-primaries')).toEqual([]);
    expect(told.told('same-server')).toEqual([{ timeline: 1, owners: ['eu/0', 'us/0'] }]);
    // The URL is repaired, and the server restarted.
    told.document('eu', { highest: { system: SYSTEM, timeline: 1, owner: 'us/0' }, measured: true });
    const again = { system: SYSTEM, timeline: 1, owner: 'us/0', server: told.serverOf('us, restarted') };
    told.document('us', { primary: { epoch: again, position: 1_000n }, highest: again });
    expect(told.topology.state).toBe('ready');
    expect(told.topology.primary?.region).toBe('us');
  });

  it('that was named without its server before', () => {
    const told = endpoints();
    told.fails('one/0');
    told.hears(2, 'one/1');
    told.says('one/0', primary(2, 1_200n, { server: 'b' }));
    expect(told.topology.state).toBe('twin-primaries');
    told.hears(2, 'one/1', SYSTEM, told.serverOf('b'));
    expect(told.topology.state).toBe('ready');
  });

  it('that was restarted, though the endpoint for readers saw it first', () => {
    const told = endpoints();
    told.fails('one/0');
    told.says('one/1', primary(1, 1_100n, { server: 'a, restarted' }));
    told.says('one/0', primary(1, 1_100n, { server: 'a, restarted' }));
    expect(told.topology.state).toBe('ready');
  });
});

describe('two servers on one timeline are two owners', () => {
  it('though one name led to each of them in turn', () => {
    const told = story({ self: 'one', regions: ['one'] }, ENDPOINTS.slice(0, 1));
    told.says('one/0', primary(1, 1_000n, { server: 'a' }));
    told.says('one/0', primary(1, 1_000n, { server: 'a, restarted' }));
    expect(told.topology.state).toBe('ready');
    told.says('one/0', primary(1, 1_000n, { server: 'a' }));
    expect(told.topology.state).toBe('twin-primaries');
    expect(told.topology.top?.owners).toHaveLength(2);
  });

  it('for good, when the pool of one is led to the other', () => {
    const told = wellStory();
    told.fails('us/0');
    for (let round = 0; round < 2; round += 1) {
      told.says('eu/0', primary(2, 1_200n, { server: 'eu' }));
      told.says('ap/0', primary(2, 1_300n, { server: 'ap' }));
    }
    told.says('ap/0', primary(2, 1_200n, { server: 'eu' }));
    expect(told.topology.state).toBe('twin-primaries');
  });

  it('when a process of another region tells of a server that is none of those known here', () => {
    const told = wellStory();
    told.hears(1, 'us/1', SYSTEM, told.serverOf('another'));
    expect(told.topology.state).toBe('twin-primaries');
  });
});

describe('several pools lead to the primary', () => {
  const pools = (self: string) =>
    story({ self }, [
      { id: 'us/0', region: 'us' },
      { id: 'eu/0', region: 'eu' },
      { id: 'ap/0', region: 'ap' },
    ]);

  it('and the local one is used, whichever is the first and the fastest', () => {
    const told = pools('eu');
    const server = { server: 'one' };
    told.says('us/0', primary(1, 1_000n, server), 0);
    told.says('eu/0', primary(1, 1_000n, server), 50);
    told.says('ap/0', primary(1, 1_000n, server), 1);
    expect(told.topology.primary).toMatchObject({ node: 1, region: 'eu' });
  });

  it('and the region is that of the pool in use, not that of the name', () => {
    const told = pools('ap');
    told.says('us/0', primary(1, 1_000n, { server: 'one' }));
    told.says('eu/0', primary(1, 1_000n, { server: 'one' }));
    told.says('ap/0', standby(1, 1_000n, { server: 'ap' }));
    expect(told.topology.primary).toMatchObject({ node: 0, region: 'us' });
    told.fails('us/0');
    expect(told.topology.primary).toMatchObject({ node: 1, region: 'eu', epoch: { owner: 'us/0' } });
  });
});

describe('whatever the endpoints and the other regions say', () => {
  const step = fc.oneof(
    // A pool shows the server of the primary, or a standby, or nothing.
    fc.record({
      kind: fc.constant('pool' as const),
      pool: fc.nat({ max: 3 }),
      shows: fc.constantFrom('primary', 'standby', 'nothing'),
    }),
    fc.record({ kind: fc.constant('token' as const), name: fc.constantFrom('one/0', 'one/1', 'two/0', 'two/7') }),
    fc.record({ kind: fc.constant('document' as const), name: fc.constantFrom('two/0', 'two/1') }),
    fc.constant({ kind: 'restart' as const }),
    fc.constant({ kind: 'promotion' as const }),
  );
  const POOLS = [
    { id: 'one/0', region: 'one' },
    { id: 'one/1', region: 'one' },
    { id: 'two/0', region: 'two' },
    { id: 'two/1', region: 'two' },
  ];

  it('the one server of each timeline is never twins while it lives', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const told = story({ self: 'one', regions: ['one', 'two'], coldStart: 'trust' }, POOLS);
        let server = 'server 0';
        let timeline = 1;
        for (const [at, does] of steps.entries()) {
          const epoch = { system: SYSTEM, timeline, server: told.serverOf(server) };
          if (does.kind === 'promotion') {
            timeline += 1;
            server = `server ${at}`;
          } else if (does.kind === 'token') told.hears(timeline, does.name, SYSTEM, epoch.server);
          else if (does.kind === 'document') {
            told.document('two', { primary: { epoch: { ...epoch, owner: does.name }, position: 1_000n } });
          } else if (does.kind === 'pool') {
            const id = POOLS[does.pool]?.id ?? '';
            if (does.shows === 'primary') told.says(id, primary(timeline, 1_000n, { server }));
            else if (does.shows === 'standby') told.says(id, standby(timeline, 1_000n, { server: `standby ${at}` }));
            else told.fails(id);
          }
          expect(told.told('twin-primaries')).toEqual([]);
          expect(told.topology.top?.owners.length ?? 0).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('one that was restarted is one owner again once every pool has led to it', () => {
    const shown = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(shown, { minLength: 1, maxLength: 4 }), (lives) => {
        const told = story({ self: 'one', regions: ['one', 'two'], coldStart: 'trust' }, POOLS);
        const all = POOLS.map((_, index) => index);
        for (const [life, pools] of [all, ...lives].entries()) {
          for (const pool of pools) told.says(POOLS[pool]?.id ?? '', primary(1, 1_000n, { server: `life ${life}` }));
        }
        for (const { id } of POOLS) told.says(id, primary(1, 1_000n, { server: `life ${lives.length}` }));
        expect(told.topology.state).toBe('ready');
      }),
    );
  });

  it('two servers that write one timeline at once are twins once each was seen twice', () => {
    const look = fc.record({ pool: fc.nat({ max: 3 }), server: fc.constantFrom('a', 'b') });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 20 }), fc.nat({ max: 3 }), fc.nat({ max: 3 }), (looks, one, other) => {
        const told = story({ self: 'one', regions: ['one', 'two'], coldStart: 'trust' }, POOLS);
        const show = (pool: number, server: string) => told.says(POOLS[pool]?.id ?? '', primary(1, 1_000n, { server }));
        for (const { pool, server } of looks) show(pool, server);
        for (let round = 0; round < 2; round += 1) {
          show(one, 'a');
          show(other, 'b');
        }
        expect(told.topology.state).toBe('twin-primaries');
        show(one, 'b');
        show(other, 'a');
        expect(told.topology.state).toBe('twin-primaries');
      }),
    );
  });
});

describe('word of an earlier life of the primary', () => {
  const life = (told: ReturnType<typeof story>, server: string) => ({
    system: SYSTEM,
    timeline: 1,
    owner: 'us/0',
    server: told.serverOf(server),
  });
  const alone = () => {
    const told = story({ regions: ['us', 'eu'], coldStart: 'trust' }, [{ id: 'us/0', region: 'us' }]);
    return { told, looks: (server: string) => told.says('us/0', primary(1, 1_000n, { server })) };
  };

  it('makes no twins, and is not told on, when it comes late by a document', () => {
    const { told, looks } = alone();
    looks('second life');
    told.document('eu', { highest: life(told, 'first life'), measured: true });
    expect(told.topology.highest).toEqual(life(told, 'second life'));
    looks('second life');
    expect(told.topology.state).toBe('ready');
    expect(told.told('twin-primaries')).toEqual([]);
  });

  it('makes no twins when it comes from the epoch store after the first look', () => {
    const { told, looks } = alone();
    looks('second life');
    const epoch = life(told, 'first life');
    told.later(1);
    told.take({ type: 'store', stored: { epoch, owners: [epoch], forks: [], voided: [] }, atMs: told.nowMs });
    looks('second life');
    expect(told.topology.state).toBe('ready');
    expect(told.topology.owners).toHaveLength(1);
  });

  it('makes no twins when that life was never seen here', () => {
    const { told, looks } = alone();
    looks('first life');
    looks('third life');
    told.document('eu', { highest: life(told, 'second life'), measured: true });
    looks('third life');
    expect(told.topology.state).toBe('ready');
  });
});

describe('another server under the name of a pool that led to the primary', () => {
  const epoch = (told: ReturnType<typeof story>, owner: string, server: string) => {
    const is = { system: SYSTEM, timeline: 1, owner, server: told.serverOf(server) };
    return { primary: { epoch: is, position: 1_000n }, highest: is, measured: true };
  };

  it('takes no write while the region of the primary says that it writes another, however long', () => {
    const told = story({ self: 'eu', regions: ['us', 'eu'] }, [{ id: 'eu/0', region: 'eu' }]);
    told.document('us', epoch(told, 'us/0', 'a'));
    told.says('eu/0', primary(1, 1_000n, { server: 'a' }));
    expect(told.topology.primary?.node).toBe(0);
    for (let second = 0; second < 100; second += 1) {
      told.says('eu/0', primary(1, 1_000n, { server: 'rebuilt' }));
      expect(told.topology).toMatchObject({ state: 'twin-primaries', primary: undefined });
      told.later(1_000);
      told.document('us', epoch(told, 'us/0', 'a'));
    }
    told.document('us', epoch(told, 'us/0', 'rebuilt'));
    expect(told.topology.state).toBe('ready');
  });

  it('takes no write until the pool of the primary was looked at again', () => {
    const told = story({ self: 'eu', regions: ['us', 'eu'] }, [
      { id: 'us/0', region: 'us' },
      { id: 'eu/0', region: 'eu' },
    ]);
    const looks = (id: string, server: string) => told.says(id, primary(1, 1_000n, { server }));
    looks('us/0', 'a');
    looks('eu/0', 'a');
    looks('eu/0', 'b');
    expect(told.topology).toMatchObject({ state: 'no-primary', primary: undefined });
    looks('us/0', 'b');
    expect(told.topology.state).toBe('ready');
    expect(told.told('twin-primaries')).toEqual([]);
    looks('eu/0', 'c');
    looks('us/0', 'b');
    expect(told.topology.state).toBe('twin-primaries');
  });

  it('takes no write while the pool of the primary is silent and its region says that it writes another', () => {
    const told = story({ self: 'eu', regions: ['us', 'eu'] }, [
      { id: 'us/0', region: 'us' },
      { id: 'eu/0', region: 'eu' },
    ]);
    told.says('us/0', primary(1, 1_000n, { server: 'a' }));
    told.says('eu/0', primary(1, 1_000n, { server: 'a' }));
    told.fails('us/0');
    expect(told.topology.primary?.node).toBe(1);
    told.document('us', epoch(told, 'us/0', 'a'));
    told.says('eu/0', primary(1, 1_000n, { server: 'rebuilt' }));
    expect(told.topology.primary).toBeUndefined();
  });

  it('takes no write though the region of the primary calls it by the name of the pool that left it', () => {
    const told = story({ self: 'eu', regions: ['us', 'eu'] }, [{ id: 'eu/0', region: 'eu' }]);
    told.says('eu/0', primary(1, 1_000n, { server: 'a' }));
    told.document('us', epoch(told, 'eu/0', 'a'));
    expect(told.topology.primary?.node).toBe(0);
    told.says('eu/0', primary(1, 1_000n, { server: 'rebuilt' }));
    told.says('eu/0', primary(1, 1_000n, { server: 'rebuilt' }));
    expect(told.topology.primary).toBeUndefined();
  });

  it('takes no write from here while two regions say so of two servers, and the word of one ends', () => {
    const told = story({ self: 'ap' }, [{ id: 'ap/0', region: 'ap' }]);
    told.says('ap/0', standby(1, 900n, { server: 'ap' }));
    told.document('us', epoch(told, 'us/0', 'a'));
    told.document('eu', epoch(told, 'eu/0', 'a'));
    expect(told.topology.state).toBe('ready');
    told.later(1_000);
    told.document('us', epoch(told, 'us/0', 'a'));
    told.document('eu', epoch(told, 'eu/0', 'rebuilt'));
    expect(told.topology).toMatchObject({ state: 'twin-primaries', primary: undefined });
    told.later(14_000);
    told.document('us', epoch(told, 'us/0', 'a'));
    expect(told.topology.state).toBe('twin-primaries');
    told.later(told.topology.nextChangeMs - told.nowMs + 1);
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'us' } });
  });
});
