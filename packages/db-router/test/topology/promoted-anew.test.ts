import { describe, expect, it } from 'vitest';
import { primary, SYSTEM, standby, story, wellStory } from '../support/model.ts';

/** `eu/0` was promoted and taken back, and an operator said so: timeline 2 is void, and timeline 1 goes on. */
function afterReset() {
  const told = wellStory();
  told.says('eu/0', primary(2, 1_100n, { server: 'eu', fork: 1_050n }));
  told.says('us/0', primary(1, 1_200n, { server: 'us' }));
  told.says('eu/0', standby(1, 1_200n, { server: 'eu, taken back' }));
  told.says('ap/0', standby(1, 1_200n, { server: 'ap' }));
  told.take({ type: 'reset', atMs: told.nowMs });
  told.later(1);
  told.says('us/0', primary(1, 1_300n, { server: 'us' }));
  expect(told.topology.primary?.epoch).toMatchObject({ timeline: 1, owner: 'us/0' });
  return told;
}

describe('a promotion after a reset, which makes the number of the void timeline again', () => {
  it('is believed though the void one had its name: its server was a standby of the older timeline since', () => {
    const told = afterReset();
    told.says('eu/0', standby(1, 1_300n, { server: 'eu, taken back' }));
    told.fails('us/0');
    told.says('eu/0', primary(2, 1_400n, { server: 'eu, taken back' }));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 2, owner: 'eu/0' } } });
    expect(told.told('twin-primaries')).toEqual([]);
  });

  it('is believed behind an endpoint, where its server was never seen: it left the older timeline later', () => {
    const told = story({ regions: ['us'] }, [
      { id: 'us/0', region: 'us' },
      { id: 'us/1', region: 'us' },
    ]);
    told.says('us/0', primary(1, 1_000n, { server: 'n1' }));
    told.says('us/1', standby(1, 1_000n, { server: 'n3' }));
    told.says('us/0', primary(2, 1_100n, { server: 'n2', fork: 1_050n }));
    told.later(1);
    told.says('us/0', primary(1, 1_200n, { server: 'n1' }));
    told.says('us/1', standby(1, 1_200n, { server: 'n3' }));
    expect(told.topology.state).toBe('epoch-regressed');
    told.take({ type: 'reset', atMs: told.nowMs });
    told.later(1);
    told.says('us/0', primary(1, 1_300n, { server: 'n1' }));
    told.fails('us/0');
    told.says('us/0', primary(2, 1_500n, { server: 'n4', fork: 1_400n }));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 2, owner: 'us/0' } } });
    // What was void is so still, whatever it is called.
    told.says('us/1', primary(2, 1_100n, { server: 'n2', fork: 1_050n }));
    expect(told.stateOf('us/1')).toBe('fenced');
    expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 2 }, node: 0 } });
    told.hears(2, 'us/0', SYSTEM, told.serverOf('n2'));
    expect(told.topology.state).toBe('ready');
  });

  it.each([
    ['its server was seen as a standby only before the reset', { server: 'eu, taken back' }],
    ['it left the older timeline before the reset', { server: 'eu, restarted', fork: 1_250n }],
    ['it left it where that was at the reset', { server: 'eu, restarted', fork: 1_300n }],
    ['nobody knows where it left it', { server: 'eu, restarted' }],
    ['it is the void server itself', { server: 'eu', fork: 1_400n }],
  ])('is not believed if %s', (_, reading) => {
    const told = afterReset();
    told.says('eu/0', primary(2, 1_400n, reading));
    expect(told.stateOf('eu/0')).toBe('fenced');
    expect(told.topology.primary?.epoch).toMatchObject({ timeline: 1, owner: 'us/0' });
  });
});
