import { describe, expect, it } from 'vitest';
import { primary, SYSTEM, standby, story, wellStory } from '../support/model.ts';

describe('a primary that is outlived', () => {
  it('is fenced though it has fallen silent: a client of it may still reach it', () => {
    const told = wellStory();
    told.fails('us/0');
    expect(told.stateOf('us/0')).toBe('unreachable');
    told.says('eu/0', primary(2, 1_200n, { server: 'eu' }));
    expect(told.stateOf('us/0')).toBe('fenced');
    told.fails('us/0');
    expect(told.stateOf('us/0')).toBe('fenced');
    told.says('us/0', standby(2, 1_200n, { server: 'us-rebuilt' }));
    expect(told.stateOf('us/0')).not.toBe('fenced');
  });

  it('stays unreachable, and nothing else, while no newer timeline is known, or one of another database', () => {
    const told = wellStory();
    told.fails('us/0');
    told.hears(9, 'eu/0', '8');
    expect(told.stateOf('us/0')).toBe('unreachable');
    expect(told.topology.system).toBe(SYSTEM);
  });
});

describe('a standby that was stale when the primary was lost', () => {
  it('is not fresh because it was restarted since', () => {
    const told = wellStory();
    told.later(20_000);
    told.says('us/0', primary(1, 2_000n, { server: 'us' }));
    told.later(11_000);
    told.says('us/0', primary(1, 2_500n, { server: 'us' }));
    told.says('ap/0', standby(1, 1_000n, { server: 'ap' }));
    expect(told.stateOf('ap/0')).toBe('stale');
    told.fails('us/0');
    told.says('ap/0', standby(1, 1_000n, { server: 'ap-restarted' }));
    expect(told.node('ap/0')).toMatchObject({ state: 'stale', readable: false });
  });
});

describe('a pool that is connected to and says nothing, where a name has moved to another server of the same timeline', () => {
  /** Two standbys were promoted to timeline 2; both pools led to the first of them, and one leads to the second now. */
  const moved = (code: string) => {
    const told = story({ coldStart: 'trust' }, [
      { id: 'us/0', region: 'us' },
      { id: 'us/1', region: 'us' },
    ]);
    for (const id of ['us/0', 'us/1']) told.says(id, primary(2, 1_000n, { server: 'first' }));
    expect(told.topology.state).toBe('ready');
    told.fails('us/1', code);
    told.says('us/0', primary(2, 900n, { server: 'second' }));
    return told;
  };

  it('may hide the first: no write goes to the second until the pool has spoken', () => {
    for (const code of ['ETIMEDOUT', 'timeout']) {
      const told = moved(code);
      expect(told.topology.state).toBe('no-primary');
      told.says('us/1', primary(2, 1_100n, { server: 'first' }));
      expect(told.topology.primary).toBeUndefined();
    }
  });

  it('hides nothing when it shows the second as well, or refuses: the first was restarted', () => {
    const told = moved('ETIMEDOUT');
    told.says('us/1', primary(2, 900n, { server: 'second' }));
    expect(told.topology.state).toBe('ready');
    expect(moved('ECONNREFUSED').topology.state).toBe('ready');
  });

  it('refuses no write for ever: a path that swallows every answer is forgotten with all else that is old', () => {
    const told = moved('ETIMEDOUT');
    told.later(15_100);
    told.fails('us/1', 'ETIMEDOUT');
    told.says('us/0', primary(2, 900n, { server: 'second' }));
    expect(told.topology.state).toBe('ready');
  });

  it('never holds up a promotion: a higher timeline is another history', () => {
    const told = moved('ETIMEDOUT');
    told.says('us/0', primary(3, 900n, { server: 'third' }));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 3 } } });
  });
});
