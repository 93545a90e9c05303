import { describe, expect, it } from 'vitest';
import { fateOf } from '../../src/causality/fate.ts';
import { decideRead } from '../../src/routing/decide.ts';
import { createTable } from '../../src/routing/table.ts';
import { primary, SYSTEM, standby, story, wellStory } from '../support/model.ts';

const epoch = (timeline: number, owner: string) => ({ system: SYSTEM, timeline, owner });

/** What managers of high availability were reported to do, one story each. */
describe('a manager of high availability', () => {
  it('ends a promotion in the middle, or starts a standby without its signal file: it writes the old timeline, and is a twin', () => {
    const told = wellStory();
    told.fails('us/0');
    told.fails('eu/0');
    told.says('eu/0', primary(1, 1_000n, { server: 'eu, started again' }));
    expect(told.topology).toMatchObject({ state: 'twin-primaries', primary: undefined });
    // What the dead one has acknowledged last may be missing: no token is judged by the number of its position.
    expect(fateOf(epoch(1, 'us/0'), 900n, told.topology)).toBe('unknown');
    told.take({ type: 'reset', atMs: told.nowMs });
    told.says('eu/0', primary(1, 1_000n, { server: 'eu, started again' }));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 1, owner: 'eu/0' } } });
    told.says('us/0', primary(1, 1_200n, { server: 'us' }));
    expect(told.topology.primary?.epoch.owner).not.toBe('us/0');
    expect(told.stateOf('us/0')).not.toBe('primary');
  });

  it('starts the primary as a standby and promotes it again: its timeline rises under the same name', () => {
    const told = wellStory();
    told.fails('us/0');
    told.says('us/0', standby(1, 1_000n, { server: 'us, started again' }));
    told.says('us/0', primary(2, 1_050n, { server: 'us, started again', fork: 1_000n }));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 2, owner: 'us/0' } } });
    expect(told.told('twin-primaries')).toEqual([]);
    expect(fateOf(epoch(1, 'us/0'), 1_000n, told.topology)).toBe('kept');
    expect(fateOf(epoch(1, 'us/0'), 1_001n, told.topology)).toBe('lost');
    expect(told.stateOf('eu/0')).toBe('old-timeline');
  });

  it('promotes twice within a second: the second is believed at once, and no fork is made up for the first', () => {
    const told = wellStory();
    told.fails('us/0');
    told.fails('eu/0');
    told.says('ap/0', primary(3, 1_100n, { server: 'ap', fork: 1_050n, timelineAtLeast: 1 }));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 3, owner: 'ap/0' } } });
    expect(told.topology.forks).toEqual([]);
    expect(fateOf(epoch(1, 'us/0'), 900n, told.topology)).toBe('unknown');
    // The one in the middle comes back, as the primary that it was for a moment.
    told.says('eu/0', primary(2, 1_300n, { server: 'eu', fork: 1_000n }));
    expect(told.stateOf('eu/0')).toBe('fenced');
    expect(told.topology.primary?.epoch.owner).toBe('ap/0');
    expect(fateOf(epoch(1, 'us/0'), 1_001n, told.topology)).not.toBe('kept');
  });

  it('skips a timeline whose history file is in the archive: its parent is not that of the number before', () => {
    const told = wellStory();
    told.fails('us/0');
    told.says('eu/0', primary(3, 1_100n, { server: 'eu', fork: 1_050n, timelineAtLeast: 1 }));
    expect(told.topology.state).toBe('ready');
    expect(told.topology.forks).toEqual([]);
    const forks = [{ system: SYSTEM, parent: 1, child: 3, lsn: 1_050n }];
    told.says('eu/0', primary(3, 1_100n, { server: 'eu', fork: 1_050n, timelineAtLeast: 1, forks }));
    expect(fateOf(epoch(1, 'us/0'), 1_050n, told.topology)).toBe('kept');
    expect(fateOf(epoch(1, 'us/0'), 1_051n, told.topology)).toBe('lost');
  });

  it('leaves the old primary behind the name of the writers for a while: it leads to either in turn', () => {
    const told = story({ regions: ['us'] }, [{ id: 'us/0', region: 'us' }]);
    told.says('us/0', primary(1, 1_000n, { server: 'a' }));
    for (const position of [1_100n, 1_200n, 1_300n]) {
      told.says('us/0', standby(1, position - 50n, { server: 'b' }));
      expect(told.topology.state).toBe('no-primary');
      told.says('us/0', primary(1, position, { server: 'a' }));
      expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { owner: 'us/0' } } });
    }
    // A switchover: the same two, the other way around.
    for (const position of [1_400n, 1_500n]) {
      told.says('us/0', primary(2, position, { server: 'b', fork: 1_350n }));
      expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 2 } } });
      told.says('us/0', standby(1, 1_350n, { server: 'a' }));
      expect(told.topology.state).toBe('no-primary');
    }
    expect(told.told('twin-primaries')).toEqual([]);
  });

  it('makes an outdated node the primary: it makes the number again that another has made', () => {
    const told = wellStory();
    told.fails('us/0');
    told.says('eu/0', primary(2, 1_200n, { server: 'eu', fork: 1_000n }));
    told.fails('eu/0');
    told.says('us/0', standby(1, 1_100n, { server: 'us, started again' }));
    told.says('us/0', primary(2, 1_300n, { server: 'us, started again', fork: 1_100n }));
    expect(told.topology).toMatchObject({ state: 'twin-primaries', primary: undefined });
    // The other one is rebuilt from it, and still nobody has said what becomes of what it took.
    told.says('eu/0', standby(2, 1_300n, { server: 'eu, rebuilt' }));
    expect(told.topology.state).toBe('twin-primaries');
    const route = (owner: string) => {
      const table = createTable(told.topology, { self: 'ap', writes: 'reject', onBehind: 'forward' });
      return decideRead(table, { ...epoch(2, owner), lsn: 1_150n }, 0, 0, false).action;
    };
    expect([route('eu/0'), route('us/0')]).toEqual(['reject', 'reject']);
  });

  it('fails over on the same disk, as a reboot of RDS does: the server is another, its name and timeline are not', () => {
    const told = story({ self: 'eu', regions: ['us', 'eu'] }, [{ id: 'us/0', region: 'us' }]);
    const word = (server: string, observedAtMs = told.nowMs) => ({
      observedAtMs,
      measured: true,
      highest: { ...epoch(1, 'us/0'), server: told.serverOf(server) },
      primary: { epoch: { ...epoch(1, 'us/0'), server: told.serverOf(server) }, position: 1_000n },
    });
    told.says('us/0', primary(1, 1_000n, { server: 'before' }));
    told.document('us', word('before'));
    expect(told.topology.state).toBe('ready');
    const old = word('before');
    told.fails('us/0', 'ETIMEDOUT');
    told.later(60_000);
    told.says('us/0', primary(1, 1_010n, { server: 'after' }));
    told.document('us', old);
    told.document('us', word('after'));
    told.says('us/0', primary(1, 1_020n, { server: 'after' }));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 1, owner: 'us/0' } } });
    expect(told.told('twin-primaries')).toEqual([]);
    expect(fateOf({ ...epoch(1, 'us/0'), server: told.serverOf('before') }, 1_005n, told.topology)).toBe('kept');
  });

  it('lets a standby follow the old primary through the name of the writers, beyond the fork', () => {
    const told = wellStory();
    told.says('eu/0', primary(2, 1_200n, { server: 'eu', fork: 1_000n }));
    told.says('ap/0', standby(1, 1_100n, { server: 'ap' }));
    expect(told.node('ap/0')).toMatchObject({ state: 'fenced', readable: false });
    told.says('ap/0', standby(2, 1_200n, { server: 'ap, rebuilt' }));
    expect(told.stateOf('ap/0')).toBe('replica');
  });
});
