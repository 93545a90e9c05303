import { describe, expect, it } from 'vitest';
import { primary, SYSTEM, standby, story, wellStory } from '../support/model.ts';

const epoch = (timeline: number, owner: string) => ({ system: SYSTEM, timeline, owner });
/** A region says that it writes this timeline. */
const writes = (timeline: number, owner: string) => ({
  primary: { epoch: epoch(timeline, owner), position: 9_000n },
  highest: epoch(timeline, owner),
  measuredEpoch: epoch(timeline, owner),
  measured: true,
});
/** A region only repeats it, and measured a lower one itself. */
const repeats = (timeline: number, owner: string, own = 1) => ({
  highest: epoch(timeline, owner),
  measuredEpoch: epoch(own, ''),
  measured: true,
});

/** `us` writes timeline 1, and this process is in `eu` and reaches nothing but its own standby. */
function ofDocuments() {
  const told = story({ self: 'eu' }, [{ id: 'eu/0', region: 'eu' }]);
  told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
  told.document('us', writes(1, 'us/0'));
  told.document('ap', repeats(1, 'us/0'));
  return told;
}

describe('one region of three that holds the secret and says timeline 99', () => {
  it('gets no request, and fences nothing: no write goes anywhere while it says so', () => {
    for (const told of [wellStory(), ofDocuments()]) {
      expect(told.topology.state).toBe('ready');
      told.document('ap', writes(99, 'ap/0'));
      expect(told.topology).toMatchObject({ state: 'unconfirmed', primary: undefined, claimedBy: 'ap' });
      expect(told.topology.candidate).toMatchObject({ timeline: 99, owner: 'ap/0' });
      expect(told.topology.highest?.timeline).toBe(1);
      expect(told.topology.nodes.map(({ state }) => state)).not.toContain('fenced');
      expect(told.told('unconfirmed').at(-1)).toMatchObject({ claimedBy: 'ap', epoch: { timeline: 99 } });
    }
  });

  it('is not confirmed by a region that only repeats it', () => {
    const told = wellStory();
    told.document('ap', writes(99, 'ap/0'));
    told.document('eu', repeats(99, 'ap/0'));
    expect(told.topology.state).toBe('unconfirmed');
    expect(told.topology.highest?.timeline).toBe(1);
  });

  it('is forgotten as soon as it takes that back', () => {
    const told = ofDocuments();
    told.document('ap', writes(99, 'ap/0'));
    told.document('ap', repeats(1, 'us/0'));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'us' } });
  });

  it('is forgotten once it is shut out, if most of the others have measured since that there is no such timeline', () => {
    const told = ofDocuments();
    told.document('ap', writes(99, 'ap/0'));
    told.later(16_000);
    expect(told.topology.state).toBe('unconfirmed');
    told.document('us', writes(1, 'us/0'));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'us' } });
  });

  it('stays a doubt when it falls silent and the others only repeat what was before', () => {
    const told = wellStory();
    told.document('ap', writes(99, 'ap/0'));
    told.later(16_000);
    told.document('eu', { highest: epoch(1, 'us/0'), measured: true });
    expect(told.topology.state).toBe('unconfirmed');
  });

  it('is void for good when the operator confirms what writes here', () => {
    const told = wellStory();
    told.document('ap', writes(99, 'ap/0'));
    told.take({ type: 'confirm', atMs: told.nowMs });
    told.document('ap', writes(99, 'ap/0'));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'us' } });
  });

  it('fences nothing by the mark of a request either', () => {
    const told = wellStory();
    told.take({ type: 'epoch', epoch: epoch(99, 'ap/0'), from: 'hop', region: 'ap', atMs: told.nowMs });
    expect(told.topology).toMatchObject({ state: 'unconfirmed', claimedBy: 'ap', highest: { timeline: 1 } });
    told.document('ap', repeats(1, 'us/0'));
    expect(told.topology.state).toBe('ready');
  });

  it('is a claim like any other for a process that hears it before anything else', () => {
    const told = story();
    told.document('ap', writes(99, 'ap/0'));
    told.says('us/0', primary(1, 1_000n, { server: 'us' }));
    told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    told.fails('ap/0');
    told.document('eu', repeats(1, 'us/0'));
    expect(told.topology).toMatchObject({ state: 'unconfirmed', claimedBy: 'ap', highest: { timeline: 1 } });
    told.document('ap', repeats(1, 'us/0'));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'us' } });
  });
});

it('is believed by nothing that another region claims alone, in whatever order both are heard', () => {
  const seen = (told: ReturnType<typeof story>) => told.says('us/0', primary(1, 1_000n, { server: 'us' }));
  const claims = (told: ReturnType<typeof story>) => told.document('eu', writes(3, 'eu/0'));
  const repeated = (told: ReturnType<typeof story>) => told.document('ap', { highest: epoch(4, 'eu/0') });
  for (const order of [
    [seen, claims, repeated],
    [repeated, claims, seen],
    [claims, repeated, seen],
    [repeated, seen, claims],
  ]) {
    const told = story();
    for (const hear of order) hear(told);
    expect(told.topology).toMatchObject({ state: 'unconfirmed', highest: { timeline: 1 } });
  }
});

describe('an honest jump, two quick failovers while this region was cut off', () => {
  it('is believed when a second region has measured it', () => {
    const told = ofDocuments();
    told.document('ap', writes(3, 'ap/0'));
    expect(told.topology.state).toBe('unconfirmed');
    told.document('us', { highest: epoch(3, 'ap/0'), measuredEpoch: epoch(3, ''), measured: true });
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'ap', epoch: { timeline: 3 } } });
  });

  it('is believed when a node of our own shows it', () => {
    const told = wellStory();
    told.document('ap', writes(3, 'ap/0'));
    told.says('eu/0', standby(3, 2_000n, { server: 'eu' }));
    expect(told.stateOf('us/0')).toBe('fenced');
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'ap' } });
  });

  it('is believed step by step when the region in between is heard of as well', () => {
    const told = ofDocuments();
    told.document('ap', writes(3, 'ap/0'));
    told.document('us', { highest: epoch(2, 'us/0'), measuredEpoch: epoch(2, ''), measured: true });
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'ap' } });
  });

  it('is believed by a process that knows of no other primary', () => {
    const told = story({ self: 'eu' }, [{ id: 'eu/0', region: 'eu' }]);
    told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    told.document('us', { highest: epoch(3, 'ap/0'), measured: true });
    told.document('ap', writes(3, 'ap/0'));
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'ap' } });
  });

  it('is what an operator can confirm where nothing else is in reach', () => {
    const told = ofDocuments();
    told.document('ap', writes(3, 'ap/0'));
    told.take({ type: 'confirm', atMs: told.nowMs });
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'ap' } });
  });
});

it('believes the next timeline at once, as after any failover', () => {
  const told = ofDocuments();
  told.document('ap', writes(2, 'ap/0'));
  expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'ap' } });
});
