import { defineRegions, fakeView } from '@regionkit/core';
import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { createEpochKeeper } from '../../src/topology/epoch-keeper.ts';
import { type EpochStore, readStored } from '../../src/topology/epoch-store.ts';
import { followView } from '../../src/topology/follow-view.ts';
import { createLiveTopology } from '../../src/topology/live-topology.ts';
import { NODES, primary, RULES, SYSTEM, standby } from '../support/model.ts';

function keeping(store: EpochStore) {
  const clock = fakeClock();
  const events: string[] = [];
  const live = createLiveTopology({
    nodes: NODES,
    rules: RULES,
    table: { self: 'us', writes: 'reject', onBehind: 'forward' },
    clock,
    hasStore: true,
    emit: (event) => void events.push(event),
    onChange: (topology, before) => keeper.keep(topology, before),
  });
  const keeper = createEpochKeeper({ store, live, clock, timeoutMs: 2_000, emit: (event) => void events.push(event) });
  const ready = () => {
    const reading = (node: number, said: ReturnType<typeof primary>) =>
      live.take({ type: 'reading', node, reading: said, sentAtMs: clock.now(), atMs: clock.now() });
    reading(0, primary(1));
    reading(1, standby(1, 1_000n, { server: 'eu' }));
    reading(2, standby(1, 1_000n, { server: 'ap' }));
  };
  return { clock, live, events, ready };
}

describe('createEpochKeeper()', () => {
  it('accepts no first primary before the store has spoken, and gives up waiting for one that hangs', async () => {
    const { clock, live, events, ready } = keeping({ load: () => new Promise(() => {}), save: async () => {} });
    ready();
    expect(live.topology.state).toBe('unconfirmed');
    await clock.advance(2_000);
    expect(events).toContain('store-failed');
    expect(live.topology.state).toBe('ready');
    expect(clock.pending).toBe(0);
  });

  it('saves what was accepted, one save at a time, and only when there is more to say', async () => {
    const saved: string[] = [];
    let saving = 0;
    const { clock, live, ready } = keeping({
      load: async () => undefined,
      save: async (value) => {
        saving += 1;
        expect(saving).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        saving -= 1;
        saved.push(value);
      },
    });
    await clock.advance(0);
    ready();
    ready();
    await clock.advance(0);
    await clock.advance(0);
    expect(saved).toHaveLength(1);
    expect(readStored(saved[0] ?? '')?.epoch).toEqual({ system: SYSTEM, timeline: 1, owner: 'us/0' });
    live.take({ type: 'heard', epoch: { system: SYSTEM, timeline: 2, owner: 'eu/0' }, from: 'hop', atMs: clock.now() });
    await clock.advance(0);
    await clock.advance(0);
    expect(readStored(saved.at(-1) ?? '')?.epoch.timeline).toBe(2);
  });

  it('says that the store failed, and goes on', async () => {
    const { clock, live, events, ready } = keeping({
      load: () => Promise.reject(new Error('no store')),
      save: () => Promise.reject(new Error('no store')),
    });
    await clock.advance(0);
    ready();
    await clock.advance(0);
    expect(live.topology.state).toBe('ready');
    expect(events.filter((event) => event === 'store-failed').length).toBeGreaterThanOrEqual(2);
  });
});

describe('followView()', () => {
  const regions = defineRegions({
    self: 'us' as const,
    all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
  });
  const highest = { system: SYSTEM, timeline: 5, owner: 'eu/0' };

  it('believes a region that named itself, and neither a stranger nor itself', async () => {
    const clock = fakeClock();
    const live = createLiveTopology({
      nodes: NODES,
      rules: RULES,
      table: { self: 'us', writes: 'reject', onBehind: 'forward' },
      clock,
      hasStore: false,
      emit: () => {},
      onChange: () => {},
    });
    const view = fakeView(regions);
    view.set('eu', { highest, identified: false, observedAtMs: clock.now() });
    const stop = followView(view, live, clock);
    view.set('us', { highest, identified: true, observedAtMs: clock.now() });
    expect(live.topology.top).toBeUndefined();
    view.set('eu', { identified: true });
    expect(live.topology.top).toMatchObject({ timeline: 5 });
    stop();
    view.set('eu', { highest: { ...highest, timeline: 6 } });
    expect(live.topology.top).toMatchObject({ timeline: 5 });
  });
});
