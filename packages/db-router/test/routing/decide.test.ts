import { describe, expect, it } from 'vitest';
import { PRIMARY_ONLY, type RequiredPosition } from '../../src/history/required-position.ts';
import { decideRead } from '../../src/routing/decide.ts';
import { createTable, type TableOptions } from '../../src/routing/table.ts';
import { primary, SYSTEM, standby, story, wellStory } from '../support/model.ts';

const OPTIONS: TableOptions = { self: 'eu', writes: 'reject', onBehind: 'forward' };
const need = (timeline: number, lsn: bigint, owner = 'us/0', system = SYSTEM): RequiredPosition => ({
  system,
  timeline,
  owner,
  lsn,
});

function decide(
  told: ReturnType<typeof story>,
  wanted?: RequiredPosition,
  options: Partial<TableOptions> = {},
  mayWait = true,
) {
  const table = createTable(told.topology, { ...OPTIONS, ...options });
  const { action, node, reason } = decideRead(table, wanted, 0, 0, mayWait);
  return { action, node: told.topology.nodes[node]?.id, reason };
}

describe('decideRead() without a token', () => {
  it('takes the standby of the region, then its primary, then the nearest node elsewhere', () => {
    const told = wellStory();
    expect(decide(told)).toEqual({ action: 'run', node: 'eu/0', reason: 'local-replica' });
    expect(decide(told, undefined, { self: 'us' })).toEqual({ action: 'run', node: 'us/0', reason: 'local-primary' });
    told.fails('eu/0');
    const elsewhere = decide(told);
    expect(elsewhere.action).toBe('run');
    expect(['remote-replica', 'remote-primary']).toContain(elsewhere.reason);
  });

  it('lets the fresh standbys of the region take turns', () => {
    const nodes = [
      { id: 'eu/0', region: 'eu' },
      { id: 'eu/1', region: 'eu' },
    ];
    const told = story({ self: 'eu' }, nodes);
    told.says('eu/0', standby(1, 1n, { server: 'a' }));
    told.says('eu/1', standby(1, 1n, { server: 'b' }));
    const table = createTable(told.topology, OPTIONS);
    expect([0, 1, 2].map((turn) => decideRead(table, undefined, 0, turn, true).node)).toEqual([0, 1, 0]);
    expect(decideRead(table, undefined, 1, 0, true).node).toBe(1);
  });

  it('says that the primary is lost, and goes on reading', () => {
    const told = wellStory();
    told.fails('us/0');
    expect(decide(told)).toEqual({ action: 'run', node: 'eu/0', reason: 'primary-lost' });
  });

  it('never reads from a fenced, foreign or unreachable node', () => {
    const told = wellStory();
    told.hears(2, 'nobody/0');
    told.later(20_000);
    told.says('us/0', primary(1));
    expect(decide(told)).toMatchObject({ action: 'reject', reason: 'no-readable-node' });
  });

  it('serves stale only if the option says so', () => {
    const told = wellStory();
    told.hears(2, 'nobody/0');
    told.later(20_000);
    expect(decide(told, undefined, { onBehind: 'stale' })).toEqual({ action: 'run', node: 'eu/0', reason: 'stale' });
  });
});

describe('decideRead() with a token', () => {
  it('goes to a standby that is past it, asking nobody', () => {
    expect(decide(wellStory(), need(1, 1_000n))).toEqual({ action: 'run', node: 'eu/0', reason: 'caught-up' });
  });

  it('waits for the standby of the region, then goes to the primary', () => {
    const told = wellStory();
    expect(decide(told, need(1, 1_001n))).toEqual({ action: 'wait', node: 'eu/0', reason: 'wait-for-replica' });
    expect(decide(told, need(1, 1_001n), {}, false)).toEqual({
      action: 'run',
      node: 'us/0',
      reason: 'primary-for-token',
    });
  });

  it('does not wait where the primary is in the region', () => {
    expect(decide(wellStory(), need(1, 1_001n), { self: 'us' })).toMatchObject({ action: 'run', node: 'us/0' });
  });

  it.each([
    ['another owner', need(1, 1n, 'ap/0')],
    ['another database', need(1, 1n, 'us/0', '8')],
    ['a newer timeline', need(2, 1n)],
    ['nothing but the primary', PRIMARY_ONLY],
  ])('never passes by number alone: %s', (_name, wanted) => {
    expect(decide(wellStory(), wanted)).toMatchObject({ node: 'us/0', reason: 'primary-for-token' });
  });

  function afterPromotion(position: bigint, fork?: bigint) {
    const told = wellStory();
    told.fails('us/0');
    told.says('ap/0', primary(2, 2_000n, { server: 'ap', fork }));
    told.says('eu/0', standby(2, position, { server: 'eu' }));
    return told;
  }

  it('passes a token of the timeline before at or below the fork, on a node that is past the fork', () => {
    const told = afterPromotion(1_600n, 1_500n);
    expect(decide(told, need(1, 1_500n))).toMatchObject({ node: 'eu/0', reason: 'caught-up' });
    expect(decide(told, need(1, 1_501n), {}, false)).toMatchObject({ node: 'ap/0' });
  });

  it('does not pass it before the node is past the fork, nor while the fork is not known', () => {
    expect(decide(afterPromotion(1_499n, 1_500n), need(1, 1_200n), {}, false)).toMatchObject({ node: 'ap/0' });
    expect(decide(afterPromotion(1_600n), need(1, 1_200n), {}, false)).toMatchObject({ node: 'ap/0' });
  });

  it('passes on a standby left behind only what it was seen to have', () => {
    const told = wellStory();
    told.fails('us/0');
    told.says('ap/0', primary(2, 2_000n, { server: 'ap', fork: 1_500n }));
    told.says('eu/0', standby(undefined, 1_400n, { server: 'eu' }));
    expect(told.stateOf('eu/0')).toBe('old-timeline');
    expect(decide(told, need(1, 1_000n))).toMatchObject({ node: 'eu/0', reason: 'caught-up' });
    expect(decide(told, need(1, 1_001n), {}, false)).toMatchObject({ node: 'ap/0' });
  });

  it('passes none on any standby while twins write one timeline', () => {
    const told = wellStory();
    told.hears(1, 'ap/0');
    expect(told.topology.state).toBe('twin-primaries');
    expect(decide(told, need(1, 1n), { onBehind: 'reject' })).toMatchObject({
      action: 'reject',
      reason: 'replica-behind',
    });
  });

  it.each([
    ['forward', { action: 'forward', reason: 'forward' }],
    ['reject', { action: 'reject', reason: 'replica-behind' }],
    ['stale', { action: 'run', node: 'eu/0', reason: 'stale' }],
  ] as const)('where only documents tell of the primary, %s', (onBehind, expected) => {
    const told = story({ self: 'eu', regions: ['eu', 'us'] }, [{ id: 'eu/0', region: 'eu' }]);
    told.says('eu/0', standby(1, 1_000n));
    told.document('us', { primary: { epoch: { system: SYSTEM, timeline: 1, owner: 'us/0' }, position: 5_000n } });
    expect(decide(told, need(1, 2_000n), { onBehind }, false)).toMatchObject(expected);
  });
});

describe('where a write goes', () => {
  const write = (told: ReturnType<typeof story>, options: Partial<TableOptions>) =>
    createTable(told.topology, { ...OPTIONS, ...options }).write;

  it.each([
    ['us', 'reject', { action: 'run', reason: 'local-primary', region: 'us', node: 0 }],
    ['eu', 'remote-pool', { action: 'run', reason: 'remote-pool', region: 'us', node: 0 }],
    ['eu', 'forward', { action: 'forward', reason: 'forward', region: 'us', node: -1 }],
    ['eu', 'reject', { action: 'reject', reason: 'not-primary-region', region: 'us', node: -1 }],
  ] as const)('from %s with %s', (self, writes, expected) => {
    expect(write(wellStory(), { self, writes })).toMatchObject(expected);
  });

  it('is held while there is no primary, and says why', () => {
    const told = wellStory();
    told.fails('us/0');
    expect(write(told, {})).toMatchObject({ action: 'hold', reason: 'no-primary' });
    const unconfirmed = story();
    unconfirmed.says('us/0', primary(1));
    expect(write(unconfirmed, {})).toMatchObject({ action: 'hold', reason: 'unconfirmed' });
  });

  it('is held when the primary is known by its document and no pool reaches it', () => {
    const told = story({ self: 'eu', regions: ['eu', 'us'] }, [{ id: 'eu/0', region: 'eu' }]);
    told.says('eu/0', standby(1));
    told.document('us', { primary: { epoch: { system: SYSTEM, timeline: 1, owner: 'us/0' }, position: 5_000n } });
    expect(write(told, { writes: 'remote-pool' })).toMatchObject({ action: 'hold', reason: 'primary-unreachable' });
    expect(write(told, { writes: 'forward' })).toMatchObject({ action: 'forward', region: 'us' });
  });
});
