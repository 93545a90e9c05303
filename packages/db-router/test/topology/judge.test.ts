import { describe, expect, it } from 'vitest';
import { primary, SYSTEM, standby, wellStory } from '../support/model.ts';

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
