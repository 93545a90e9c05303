import { describe, expect, it } from 'vitest';
import { decideRead } from '../../src/routing/decide.ts';
import { createTable } from '../../src/routing/table.ts';
import { primary, SYSTEM, standby, story, wellStory } from '../support/model.ts';

/** Timeline 2 was told of, and every node is on timeline 1: an HA manager took the cluster back. */
function takenBack() {
  const told = wellStory();
  told.hears(2, 'eu/0');
  told.later(1);
  told.says('us/0', primary(1, 1_500n, { server: 'us' }));
  told.says('eu/0', standby(1, 1_500n, { server: 'eu' }));
  told.says('ap/0', standby(1, 1_500n, { server: 'ap' }));
  return told;
}

describe('a cluster that was taken back to an older timeline', () => {
  it('is a state of its own, told with who is where, and takes no write', () => {
    const told = takenBack();
    expect(told.topology).toMatchObject({ state: 'epoch-regressed', primary: undefined });
    expect(told.told('epoch-regressed')).toMatchObject([
      {
        from: { timeline: 2, owner: 'eu/0' },
        to: { timeline: 1, owner: 'us/0' },
        nodes: [
          { node: 'us/0', timeline: 1, inRecovery: false },
          { node: 'eu/0', timeline: 1, inRecovery: true },
          { node: 'ap/0', timeline: 1, inRecovery: true },
        ],
      },
    ]);
  });

  it('serves from a standby what asks for no position, for as long as it streams, and nothing else', () => {
    const told = takenBack();
    told.later(3_600_000);
    const route = (need?: { system: string; timeline: number; owner: string; lsn: bigint }) => {
      const table = createTable(told.topology, { self: 'us', writes: 'reject', onBehind: 'forward' });
      return decideRead(table, need, 0, 0, false);
    };
    expect(route()).toMatchObject({ action: 'run', node: 1 });
    expect(route({ system: SYSTEM, timeline: 2, owner: 'eu/0', lsn: 1n }).action).toBe('reject');
    expect(told.node('us/0')).toMatchObject({ state: 'fenced', readable: false });
    told.says('eu/0', standby(1, 1_500n, { server: 'eu', streaming: false }));
    expect(told.node('eu/0')?.readable).toBe(false);
  });

  it('is decided by an operator', () => {
    const told = takenBack();
    told.take({ type: 'reset', atMs: told.nowMs });
    expect(told.topology).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 1, owner: 'us/0' } } });
  });

  it.each([
    ['a node is silent', (told: ReturnType<typeof story>) => told.fails('ap/0')],
    ['a standby follows the newer one', (told: ReturnType<typeof story>) => told.says('ap/0', standby(2))],
    [
      'a standby cannot tell what it follows',
      (told: ReturnType<typeof story>) => told.says('ap/0', standby(undefined)),
    ],
  ])('is none while %s', (_name, happens) => {
    const told = takenBack();
    happens(told);
    expect(told.topology.state).toBe('no-primary');
    told.later(3_600_000);
    expect(told.node('us/0')?.readable).toBe(false);
    expect(told.node('eu/0')?.readable).toBe(false);
  });

  it('is none by what the nodes said before the newer timeline was told of', () => {
    const told = wellStory();
    told.hears(2, 'eu/0');
    expect(told.topology.state).toBe('no-primary');
  });

  it('is none while a region with pools writes the newer timeline, though its URL leads to the old primary', () => {
    const told = takenBack();
    const newer = { system: SYSTEM, timeline: 2, owner: 'eu/0' };
    told.document('eu', { highest: newer, measured: true, primary: { epoch: newer, position: 2_000n } });
    told.later(1);
    told.says('eu/0', standby(1, 1_500n, { server: 'eu' }));
    expect(told.topology.state).toBe('no-primary');
    told.later(told.topology.nextChangeMs - told.nowMs + 1);
    told.later(told.topology.nextChangeMs - told.nowMs + 1);
    expect(told.topology.state).toBe('epoch-regressed');
  });

  it('serves on though the fork is known and every node has gone beyond it', () => {
    const told = wellStory();
    told.says('eu/0', primary(2, 1_100n, { server: 'eu', fork: 1_050n }));
    told.later(1);
    told.says('us/0', primary(1, 1_500n, { server: 'us' }));
    told.says('eu/0', standby(1, 1_500n, { server: 'eu, taken back' }));
    told.says('ap/0', standby(1, 1_500n, { server: 'ap' }));
    expect(told.topology.state).toBe('epoch-regressed');
    expect(told.node('ap/0')).toMatchObject({ state: 'old-timeline', readable: true });
    const table = createTable(told.topology, { self: 'ap', writes: 'reject', onBehind: 'forward' });
    expect(decideRead(table, undefined, 0, 0, false)).toMatchObject({ action: 'run', node: 2 });
    const newer = { system: SYSTEM, timeline: 2, owner: 'eu/0', lsn: 1_080n };
    expect(decideRead(table, newer, 0, 0, false).action).toBe('reject');
  });

  it('is none while a region that is not asked itself is silent, or claims the newer timeline', () => {
    const nodes = [
      { id: 'us/0', region: 'us' },
      { id: 'us/1', region: 'us' },
    ];
    const told = story({ regions: ['us', 'eu'] }, nodes);
    const all = () => {
      told.says('us/0', primary(1, 1_000n, { server: 'us' }));
      told.says('us/1', standby(1, 1_000n, { server: 'us standby' }));
    };
    all();
    told.hears(2, 'eu/0');
    told.later(1);
    all();
    expect(told.topology.state).toBe('no-primary');
    const newer = { system: SYSTEM, timeline: 2, owner: 'eu/0' };
    told.document('eu', { highest: newer });
    expect(told.topology.state).toBe('no-primary');
    told.document('eu', { highest: newer, measured: true });
    expect(told.topology.state).toBe('epoch-regressed');
    told.document('eu', { highest: newer, measured: true, primary: { epoch: newer, position: 1_000n } });
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'eu' } });
  });
});
