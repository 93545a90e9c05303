import { defineRegions, fakeView } from '@regionkit/core';
import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import type { EpochStore } from '../../src/history/epoch-store.ts';
import { createEpochKeeper } from '../../src/monitor/epoch-keeper.ts';
import { followView } from '../../src/monitor/follow-view.ts';
import { readStored, writeStored } from '../../src/monitor/stored.ts';
import { createLiveTopology } from '../../src/topology/live-topology.ts';
import { serverId } from '../../src/topology/writer.ts';
import { liveTopology } from '../support/live-topology.ts';
import { NODES, primary, RULES, SYSTEM, standby } from '../support/model.ts';

function keeping(store: EpochStore) {
  const clock = fakeClock();
  const events: string[] = [];
  const live = createLiveTopology({
    nodes: NODES,
    rules: RULES,
    clock,
    hasStore: true,
    emit: (event) => void events.push(event),
    onChange: (topology, before) => keeper.keep(topology, before),
  });
  const keeper = createEpochKeeper(store, { live, clock, timeoutMs: 2_000, emit: (event) => void events.push(event) });
  const ready = () => {
    const reading = (node: number, said: ReturnType<typeof primary>) =>
      live.apply({ type: 'reading', node, reading: said, sentAtMs: clock.now(), atMs: clock.now() });
    reading(0, primary(1));
    reading(1, standby(1, 1_000n, { server: 'eu' }));
    reading(2, standby(1, 1_000n, { server: 'ap' }));
  };
  return { clock, live, events, ready };
}

/** A store that works, and that others write to as well. */
function storeAt(place: { value?: string }): EpochStore {
  return {
    load: async () => place.value,
    save: async (value) => {
      place.value = value;
    },
  };
}

describe('createEpochKeeper()', () => {
  it('saves what an operator declared void here, and not what is void by the word of another process', async () => {
    const epoch = { system: SYSTEM, timeline: 2, owner: 'eu/0', server: serverId('a mistake') };
    const voids = [{ id: 'a-void-of-an-operator', epochs: [epoch] }];
    for (const isOwn of [true, false]) {
      const place: { value?: string } = {};
      const { clock, live, ready } = keeping(storeAt(place));
      await clock.advance(0);
      ready();
      const atMs = clock.now();
      live.apply({
        type: 'reading',
        node: 1,
        reading: primary(2, 1_000n, { server: 'a mistake' }),
        sentAtMs: atMs,
        atMs,
      });
      live.apply({ type: 'reading', node: 1, reading: standby(1, 1_000n, { server: 'eu' }), sentAtMs: atMs, atMs });
      live.apply({ type: 'reading', node: 0, reading: primary(1), sentAtMs: atMs, atMs });
      if (isOwn) live.apply({ type: 'reset', id: 'a-void-of-an-operator', atMs });
      else live.apply({ type: 'document', region: 'ap', voids, observedAtMs: atMs, atMs });
      live.apply({ type: 'reading', node: 0, reading: primary(1), sentAtMs: atMs, atMs });
      expect(live.topology).toMatchObject({ state: 'ready', highest: { timeline: 1 } });
      await clock.advance(10_000);
      const timelines = readStored(place.value ?? '')?.voided.map(({ timeline }) => timeline);
      expect(timelines).toEqual(isOwn ? [2] : []);
    }
  });

  it('accepts no first primary before the store has spoken, and gives up waiting for one that hangs', async () => {
    const { clock, live, events, ready } = keeping({ load: () => new Promise(() => {}), save: async () => {} });
    ready();
    expect(live.topology.state).toBe('unconfirmed');
    await clock.advance(2_000);
    expect(events).toContain('store-failed');
    expect(live.topology.state).toBe('ready');
    // Nor does it wait for longer to compare what it would save.
    await clock.advance(2_000);
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
    const server = serverId('primary-1');
    expect(readStored(saved[0] ?? '')?.epoch).toEqual({ system: SYSTEM, timeline: 1, owner: 'us/0', server });
    live.apply({
      type: 'epoch',
      epoch: { system: SYSTEM, timeline: 2, owner: 'eu/0' },
      from: 'hop',
      atMs: clock.now(),
    });
    await clock.advance(0);
    await clock.advance(0);
    expect(readStored(saved.at(-1) ?? '')?.epoch.timeline).toBe(2);
  });

  it('puts no lower epoch in the place of a higher one, and is fenced by what another process kept', async () => {
    const place: { value?: string } = {};
    const { clock, live, ready } = keeping(storeAt(place));
    await clock.advance(0);
    const epoch = { system: SYSTEM, timeline: 2, owner: 'eu/0' };
    const forks = [{ system: SYSTEM, parent: 1, child: 2, lsn: 900n }];
    place.value = writeStored({ epoch, owners: [epoch], forks, voided: [] });
    ready();
    await clock.advance(0);
    await clock.advance(0);
    expect(live.topology.state).toBe('no-primary');
    expect(live.topology.nodes[0]?.state).toBe('fenced');
    expect(readStored(place.value ?? '')).toMatchObject({ epoch, forks });
  });

  it('keeps no name that this process made up for the second of two servers behind one name', async () => {
    const place: { value?: string } = {};
    const { clock, live, ready } = keeping(storeAt(place));
    await clock.advance(0);
    ready();
    for (const server of ['another', 'primary-1', 'another']) {
      await clock.advance(1);
      const sentAtMs = clock.now();
      live.apply({ type: 'reading', node: 0, reading: primary(1, 1_000n, { server }), sentAtMs, atMs: sentAtMs });
    }
    await clock.advance(0);
    await clock.advance(0);
    expect(live.topology.owners).toHaveLength(2);
    expect(readStored(place.value ?? '')?.owners.map(({ owner }) => owner)).toEqual(['us/0']);
  });

  it('keeps what operators declared void elsewhere, and hears none of it', async () => {
    const place: { value?: string } = {};
    const { clock, live, ready } = keeping(storeAt(place));
    await clock.advance(0);
    const poisoned = { system: SYSTEM, timeline: 7, owner: 'ap/0' };
    place.value = writeStored({ epoch: poisoned, owners: [poisoned], forks: [], voided: [poisoned] });
    ready();
    await clock.advance(0);
    await clock.advance(0);
    expect(live.topology.state).toBe('ready');
    expect(readStored(place.value ?? '')).toMatchObject({ epoch: { timeline: 1 }, voided: [poisoned] });
  });

  it('tries again to save what could not be saved, without anything new to say', async () => {
    const saved: string[] = [];
    let fails = true;
    const { clock, live, events, ready } = keeping({
      load: async () => undefined,
      save: async (value) => {
        if (fails) throw new Error('no store at this moment');
        saved.push(value);
      },
    });
    await clock.advance(0);
    ready();
    await clock.advance(0);
    expect(events).toContain('store-failed');
    fails = false;
    await clock.advance(2_000);
    ready();
    await clock.advance(0);
    expect(saved.map((value) => readStored(value)?.epoch.timeline)).toEqual([1]);
    ready();
    await clock.advance(2_000);
    ready();
    await clock.advance(0);
    expect(saved).toHaveLength(1);
    expect(live.topology.state).toBe('ready');
  });

  it('goes on when a save hangs, and saves once more when it ends after all', async () => {
    const saved: string[] = [];
    const ends: (() => void)[] = [];
    const { clock, live, events, ready } = keeping({
      load: async () => undefined,
      save: (value) => {
        saved.push(value);
        return saved.length === 1 ? new Promise((resolve) => void ends.push(resolve)) : Promise.resolve();
      },
    });
    await clock.advance(0);
    ready();
    await clock.advance(2_000);
    expect(events.filter((event) => event === 'store-failed')).toHaveLength(1);
    live.apply({
      type: 'epoch',
      epoch: { system: SYSTEM, timeline: 2, owner: 'eu/0' },
      from: 'hop',
      atMs: clock.now(),
    });
    await clock.advance(0);
    expect(saved.map((value) => readStored(value)?.epoch.timeline)).toEqual([1, 2]);
    ends[0]?.();
    await clock.advance(2_000);
    ready();
    await clock.advance(0);
    expect(saved.map((value) => readStored(value)?.epoch.timeline)).toEqual([1, 2, 2]);
  });

  it.each([
    ['says of a value that is none of its own that the store failed, and puts its own there', '{"v":9}', 1],
    ['takes null for nothing', null, 0],
  ])('%s', async (_name, value, failures) => {
    const saved: string[] = [];
    const { clock, events, ready } = keeping({
      load: async () => value as string,
      save: async (next) => void saved.push(next),
    });
    await clock.advance(0);
    expect(events.filter((event) => event === 'store-failed')).toHaveLength(failures);
    ready();
    await clock.advance(0);
    expect(readStored(saved[0] ?? '')?.epoch.timeline).toBe(1);
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
    const live = liveTopology(clock);
    const view = fakeView(regions);
    view.set('eu', { highest, identified: false, observedAtMs: clock.now() });
    const { stop } = followView(view, live, clock, () => {});
    view.set('us', { highest, identified: true, observedAtMs: clock.now() });
    expect(live.topology.top).toBeUndefined();
    view.set('eu', { identified: true });
    expect(live.topology.top).toMatchObject({ timeline: 5 });
    stop();
    view.set('eu', { highest: { ...highest, timeline: 6 } });
    expect(live.topology.top).toMatchObject({ timeline: 5 });
  });

  it.each([
    ['it answered after that', { askedAtMs: 20, observedAtMs: 20, identified: true, measured: true }, true],
    ['it did not answer', { askedAtMs: 20, observedAtMs: 5, identified: true, measured: true }, true],
    ['another region answered at its URL', { askedAtMs: 20, observedAtMs: 20, identified: false }, true],
    ['it was asked before that', { askedAtMs: 5, observedAtMs: 5, identified: true, measured: true }, false],
    [
      'its own database does not answer it',
      { askedAtMs: 20, observedAtMs: 20, identified: true, measured: false },
      true,
    ],
    ['it repeats what it knew', { askedAtMs: 20, observedAtMs: 20, identified: true }, false],
    ['no question to it is over', { askedAtMs: Number.NEGATIVE_INFINITY, identified: false }, false],
    ['the view does not say when it asks', { observedAtMs: 5, identified: true, measured: true }, true],
  ])('knows whether a region was heard since a thaw: %s', (_name, state, isHeard) => {
    const view = fakeView(regions);
    view.set('eu', state);
    const { isHeardSince, stop } = followView(view, liveTopology(fakeClock()), fakeClock(), () => {});
    expect(isHeardSince(10, (region) => region !== 'eu')).toBe(isHeard);
    expect(isHeardSince(10, () => true)).toBe(true);
    stop();
  });

  it('has heard nothing by a view that throws', () => {
    const view = fakeView(regions);
    const { isHeardSince, stop } = followView(view, liveTopology(fakeClock()), fakeClock(), () => {});
    Object.assign(view, {
      list: () => {
        throw new Error('not now');
      },
    });
    expect(isHeardSince(0, () => false)).toBe(false);
    stop();
  });

  it('sees that a region still says the same, of which a view tells nobody', () => {
    const clock = fakeClock();
    const live = createLiveTopology({
      nodes: [NODES[0]],
      rules: { ...RULES, regions: ['us', 'eu'] },
      clock,
      hasStore: false,
      emit: () => {},
      onChange: () => {},
    });
    const epoch = { system: SYSTEM, timeline: 1, owner: 'eu/0' };
    const state = () => ({
      name: 'eu' as const,
      origin: 'https://eu.example.com',
      reads: 'pass' as const,
      writes: 'pass' as const,
      accept: 'yes' as const,
      identified: true,
      observedAtMs: clock.now(),
      primary: { epoch, position: 1_000n },
    });
    const followed = followView(
      { self: 'us', get: () => state(), list: () => [state()], subscribe: () => () => {} },
      live,
      clock,
      () => {},
    );
    live.apply({ type: 'reading', node: 0, reading: standby(1), sentAtMs: clock.now(), atMs: clock.now() });
    expect(live.topology.primary?.region).toBe('eu');
    for (let beat = 0; beat < 60; beat += 1) {
      clock.suspend(500);
      followed.refresh();
      live.apply({ type: 'tick', atMs: clock.now() });
      expect(live.topology.primary?.region).toBe('eu');
    }
    followed.stop();
  });
});
