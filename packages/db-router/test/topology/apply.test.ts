import type { Fork } from '@regionkit/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { primary, SYSTEM, standby, story, wellStory } from '../support/model.ts';

const fork = (parent: number, child: number, lsn: bigint): Fork => ({ system: SYSTEM, parent, child, lsn });

describe('the forks a promoted node tells of', () => {
  it('come from the timeline it was seen to follow just before', () => {
    const told = wellStory();
    told.says('eu/0', standby(2, 1_100n, { server: 'eu' }));
    told.says('eu/0', primary(3, 1_300n, { server: 'eu', fork: 1_200n }));
    expect(told.topology.forks).toEqual([fork(2, 3, 1_200n)]);
  });

  it('come from the timeline its control file still names, though it was rebuilt just before its promotion', () => {
    const told = wellStory();
    told.says('us/0', primary(2, 1_100n, { server: 'us' }));
    told.says('eu/0', primary(3, 1_300n, { server: 'eu-rebuilt', fork: 1_200n, timelineAtLeast: 2 }));
    expect(told.topology.forks).toEqual([fork(2, 3, 1_200n)]);
  });

  it('come from the timeline that the same server followed behind another name', () => {
    const told = wellStory();
    told.says('eu/0', standby(2, 1_100n, { server: 'ap' }));
    told.says('eu/0', standby(2, 1_100n, { server: 'eu' }));
    told.says('ap/0', primary(3, 1_300n, { server: 'ap', fork: 1_200n }));
    expect(told.topology.forks).toEqual([fork(2, 3, 1_200n)]);
  });

  it('come from its history, where the role may read that: all of them, and after a restart too', () => {
    const told = wellStory();
    const forks = [fork(1, 2, 1_050n), fork(2, 3, 1_200n)];
    told.says('eu/0', primary(3, 1_300n, { server: 'eu, restarted', forks }));
    expect(told.topology.forks).toEqual(forks);
  });

  it('are of an unknown parent when there was room for another promotion since it was seen', () => {
    const told = wellStory();
    told.fails('us/0');
    told.fails('eu/0');
    told.later(3_600_000);
    told.says('eu/0', primary(3, 1_300n, { server: 'eu', fork: 1_200n }));
    expect(told.topology.forks).toEqual([]);
  });

  it('are of an unknown parent when it is another server than the one that was seen', () => {
    const told = wellStory();
    told.says('eu/0', standby(2, 1_100n, { server: 'eu' }));
    told.says('eu/0', primary(3, 1_300n, { server: 'eu-rebuilt', fork: 1_200n }));
    expect(told.topology.forks).toEqual([]);
  });

  it('are none while two write the timeline, and that of the one who is left after a reset', () => {
    const told = wellStory();
    told.fails('us/0');
    told.says('ap/0', primary(2, 1_100n, { server: 'ap', fork: 1_090n }));
    expect(told.topology.forks).toEqual([fork(1, 2, 1_090n)]);
    told.says('eu/0', primary(2, 1_200n, { server: 'eu', fork: 1_050n }));
    expect(told.topology.forks).toEqual([]);
    told.document('ap', { forks: [fork(1, 2, 1_090n)] });
    expect(told.topology.forks).toEqual([]);
    told.fails('ap/0');
    told.take({ type: 'reset', atMs: told.nowMs });
    const highest = { system: SYSTEM, timeline: 2, owner: 'ap/0' };
    told.document('ap', { highest, forks: [fork(1, 2, 1_090n)] });
    expect(told.topology.forks).toEqual([]);
    told.says('eu/0', primary(2, 1_200n, { server: 'eu', fork: 1_050n }));
    expect(told.topology.forks).toEqual([fork(1, 2, 1_050n)]);
  });

  it('are true of every history, however few of its promotions were seen', () => {
    const step = fc.record({
      promote: fc.nat({ max: 2 }),
      skips: fc.boolean(),
      written: fc.bigInt({ min: 1n, max: 500n }),
      lost: fc.bigInt({ min: 0n, max: 3n }),
      rebuilds: fc.boolean(),
      seen: fc.subarray([0, 1, 2]),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const told = story();
        const ids = ['us/0', 'eu/0', 'ap/0'] as const;
        const servers = ids.map((_, at) => ({
          name: `server-${at}`,
          builds: 0,
          forkedAt: undefined as bigint | undefined,
        }));
        let writer = 0;
        let timeline = 1;
        let lsn = 1_000n;
        const truth: Fork[] = [];
        const look = (at: number): void => {
          const { name, builds, forkedAt } = servers[at] as (typeof servers)[number];
          const server = `${name}-${builds}`;
          const said =
            at === writer ? primary(timeline, lsn, { server, fork: forkedAt }) : standby(timeline, lsn, { server });
          told.says(ids[at] as string, said);
        };
        for (const { promote, skips, written, lost, rebuilds, seen } of steps) {
          for (const at of seen) look(at);
          lsn += written;
          if (promote === writer) continue;
          const old = servers[writer] as (typeof servers)[number];
          old.forkedAt = undefined;
          old.builds += 1;
          if (rebuilds) for (const server of servers) if (server !== servers[promote]) server.builds += 1;
          const child = timeline + (skips ? 2 : 1);
          lsn -= lost;
          truth.push(fork(timeline, child, lsn));
          (servers[promote] as (typeof servers)[number]).forkedAt = lsn;
          writer = promote;
          timeline = child;
        }
        for (const at of [0, 1, 2]) look(at);
        for (const known of told.topology.forks) expect(truth).toContainEqual(known);
      }),
    );
  });
});

describe('the positions by which lag is judged', () => {
  /** A busy primary, and a standby whose replay stands still: for a minute. */
  function watch(told: ReturnType<typeof story>, ask: (position: bigint) => void): void {
    let position = 1_000n;
    for (let second = 0; second < 60; second += 1) {
      told.later(1_000);
      position += 100n;
      ask(position);
      told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    }
  }
  const epoch = { system: SYSTEM, timeline: 1, owner: 'us/0' };

  it('do not start over with a document that trails what was measured here', () => {
    const told = wellStory();
    watch(told, (position) => {
      told.says('us/0', primary(1, position, { server: 'us' }));
      told.document('us', { primary: { epoch, position: position - 90n } });
      told.document('eu', { primary: { epoch, position: position - 90n } });
    });
    expect(told.node('eu/0')).toMatchObject({ state: 'stale', readable: false });
  });

  it('do not start over with the documents of two processes of a region, of which one trails', () => {
    const told = story({ self: 'eu', regions: ['us', 'eu'] }, [{ id: 'eu/0', region: 'eu' }]);
    told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    told.document('us', { primary: { epoch, position: 1_000n } });
    told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    expect(told.node('eu/0')).toMatchObject({ state: 'replica', lagMs: 0 });
    let turn = 0;
    watch(told, (position) => {
      turn += 1;
      told.document('us', { primary: { epoch, position: turn % 2 === 0 ? position : position - 150n } });
    });
    expect(told.node('eu/0')).toMatchObject({ state: 'stale', readable: false });
  });

  it('start over by documents too, once they have said less for as long as a standby may lag', () => {
    const told = story({ self: 'eu', regions: ['us', 'eu'] }, [{ id: 'eu/0', region: 'eu' }]);
    told.says('eu/0', standby(1, 900n, { server: 'eu' }));
    told.document('us', { primary: { epoch, position: 1_000n } });
    for (let second = 0; second < 12; second += 1) {
      told.later(1_000);
      told.document('us', { primary: { epoch, position: 900n } });
    }
    told.says('eu/0', standby(1, 900n, { server: 'eu' }));
    expect(told.node('eu/0')).toMatchObject({ state: 'replica', lagMs: 0 });
  });
});

describe('an operator’s reset', () => {
  it('believes what is written now on a timeline that was void because only a standby had told of it', () => {
    const told = wellStory();
    told.says('eu/0', standby(2, 1_000n, { server: 'eu' }));
    expect(told.topology.state).toBe('no-primary');
    told.says('eu/0', standby(1, 1_000n, { server: 'eu-again' }));
    told.take({ type: 'reset', atMs: told.nowMs });
    expect(told.topology.primary?.epoch).toMatchObject({ timeline: 1, owner: 'us/0' });
    told.fails('us/0');
    told.says('eu/0', primary(2, 1_100n, { server: 'eu-again' }));
    expect(told.stateOf('eu/0')).toBe('fenced');
    told.take({ type: 'reset', atMs: told.nowMs });
    expect(told.topology.primary?.epoch).toMatchObject({ timeline: 2, owner: 'eu/0' });
  });
});

describe('an epoch that was declared void', () => {
  const strayVoid = () => {
    const told = wellStory();
    told.says('eu/0', primary(2, 1_100n, { server: 'stray' }));
    told.fails('eu/0');
    told.take({ type: 'reset', atMs: told.nowMs });
    const expectVoid = () => {
      told.says('eu/0', primary(2, 1_100n, { server: 'stray' }));
      told.says('us/0', primary(1, 1_000n, { server: 'us' }));
      expect(told.topology.primary?.epoch).toMatchObject({ timeline: 1, owner: 'us/0' });
      expect(told.stateOf('eu/0')).toBe('fenced');
    };
    return { told, expectVoid, server: told.serverOf('stray') };
  };

  it.each(['us/0', 'eu/1', 'ap/0'])('stays so when its server is told of as %s', (owner) => {
    for (const isSeenFirst of [true, false]) {
      const { told, expectVoid, server } = strayVoid();
      if (isSeenFirst) expectVoid();
      told.hears(2, owner, SYSTEM, server);
      expectVoid();
      const epoch = { system: SYSTEM, timeline: 2, owner, server };
      told.document('ap', { highest: epoch, primary: { epoch, position: 1_200n }, measured: true });
      expectVoid();
      told.hears(2, 'eu/0');
      expectVoid();
    }
  });

  it('stays so when a region without pools here says that it writes there: its URL leads to the same server', () => {
    const told = story({ coldStart: 'trust' }, [
      { id: 'us/0', region: 'us' },
      { id: 'eu/0', region: 'eu' },
    ]);
    told.says('eu/0', primary(2, 1_100n, { server: 'stray' }));
    told.says('us/0', primary(1, 1_000n, { server: 'us' }));
    told.fails('eu/0');
    told.take({ type: 'reset', atMs: told.nowMs });
    told.later(1);
    const epoch = { system: SYSTEM, timeline: 2, owner: 'ap/0', server: told.serverOf('stray') };
    told.document('ap', { highest: epoch, primary: { epoch, position: 1_200n }, measured: true });
    expect(told.topology.primary?.epoch).toMatchObject({ timeline: 1, owner: 'us/0' });
  });

  it('stays so when its server answers behind another pool, and restarted behind its own', () => {
    const { told, expectVoid } = strayVoid();
    told.says('ap/0', primary(2, 1_100n, { server: 'stray' }));
    expectVoid();
    expect(told.stateOf('ap/0')).toBe('fenced');
    told.says('eu/0', primary(2, 1_100n, { server: 'stray, restarted' }));
    expect(told.topology.primary?.epoch.timeline).toBe(1);
  });
});

describe('what is no news', () => {
  it('leaves everything as it is: a token of an older timeline comes with every request of its client', () => {
    const told = wellStory();
    told.fails('us/0');
    told.says('eu/0', primary(2, 1_200n, { server: 'eu', fork: 1_100n }));
    told.hears(1, 'us/0');
    const before = told.store;
    told.hears(1, 'us/0');
    told.hears(2, 'eu/0');
    expect(told.store).toBe(before);
  });
});
