import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { EpochStoreError } from '../../src/epoch-stores/epoch-store-error.ts';
import { createMemoryKeeper, type MemoryStore } from '../../src/epoch-stores/memory-keeper.ts';
import { readStored, writeStored } from '../../src/monitor/stored.ts';
import { createLiveTopology } from '../../src/topology/live-topology.ts';
import type { Reading } from '../../src/topology/readings.ts';
import { serverId } from '../../src/topology/writer.ts';
import { NODES, primary, RULES, SYSTEM, standby } from '../support/model.ts';

const MAX_GAP_MS = 10_000;
const TIMEOUT_MS = 2_000;

/** A disk whose saves can be held back, or fail. */
function disk(first?: { readonly value: string; readonly gapMs: number }) {
  const saves: { readonly value: string; end(error?: unknown): void }[] = [];
  let isAuto = true;
  let failure: unknown;
  const store: MemoryStore = {
    load: async () => {
      if (failure !== undefined) throw failure;
      return first?.value;
    },
    save: (value) =>
      new Promise((resolve, reject) => {
        const end = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
        saves.push({ value, end });
        if (failure !== undefined) end(failure);
        else if (isAuto) end();
      }),
    maxGapMs: MAX_GAP_MS,
    gapMs: () => first?.gapMs ?? Number.POSITIVE_INFINITY,
  };
  return {
    store,
    saves,
    holdBack: () => {
      isAuto = false;
    },
    fails: (error: unknown) => {
      failure = error;
    },
    get last() {
      return readStored(saves.at(-1)?.value ?? '');
    },
  };
}

function keeping(kept: ReturnType<typeof disk>) {
  const clock = fakeClock();
  const events: [string, unknown][] = [];
  let isStale = false;
  const emit = (event: string, payload: unknown): void => void events.push([event, payload]);
  const live = createLiveTopology({
    nodes: NODES,
    rules: { ...RULES, coldStart: 'confirm' },
    clock,
    hasStore: true,
    emit,
    onChange: (topology, before) => keeper.keep(topology, before),
  });
  const options = { live, clock, timeoutMs: TIMEOUT_MS, emit, isStale: () => isStale };
  const keeper = createMemoryKeeper(kept.store, options);
  const says = (node: number, reading: Reading): void =>
    live.apply({ type: 'reading', node, reading, sentAtMs: clock.now(), atMs: clock.now() });
  const beat = async (ms = 0): Promise<void> => {
    await clock.advance(ms);
    keeper.keep(live.topology, live.topology);
    await clock.advance(0);
  };
  return {
    clock,
    live,
    says,
    beat,
    failures: () => events.filter(([event]) => event === 'store-failed').map(([, payload]) => payload),
    goesStale: () => {
      isStale = true;
    },
    fails: (node: number) => live.apply({ type: 'failed', node, code: 'ECONNREFUSED', atMs: clock.now() }),
    asked: () => {
      for (const region of RULES.regions) live.apply({ type: 'asked', region, atMs: clock.now() });
    },
    /** The primary in `us`, on timeline 1, and all regions in reach. */
    well: async () => {
      await clock.advance(0);
      says(0, primary(1, 1_000n, { server: 'us' }));
      says(1, standby(1, 1_000n, { server: 'eu' }));
      says(2, standby(1, 1_000n, { server: 'ap' }));
      await clock.advance(0);
    },
    state: () => live.topology.state,
  };
}

const epoch = { system: SYSTEM, timeline: 1, owner: 'us/0', server: serverId('us') };
const stored = writeStored({ epoch, owners: [], forks: [], voided: [], vouches: { primary: epoch } });

describe('createMemoryKeeper()', () => {
  it('keeps what a sibling would be told, and confirms it four times in the gap', async () => {
    const kept = disk();
    const { well, beat, state } = keeping(kept);
    await well();
    expect(state()).toBe('ready');
    expect(kept.saves).toHaveLength(1);
    expect(kept.last).toMatchObject({ epoch, vouches: { primary: epoch } });
    await beat(2_499);
    expect(kept.saves).toHaveLength(1);
    await beat(1);
    expect(kept.saves).toHaveLength(2);
    expect(kept.saves[1]?.value).toBe(kept.saves[0]?.value);
  });

  it('has no primary on a higher epoch before the disk has it', async () => {
    const kept = disk();
    const { well, says, state, live, clock } = keeping(kept);
    await well();
    kept.holdBack();
    says(1, primary(2, 2_000n, { server: 'eu' }));
    expect(state()).toBe('no-primary');
    // What is fenced is fenced at once.
    expect(live.topology.nodes[0]?.state).toBe('fenced');
    expect(live.topology.nodes[1]?.state).toBe('candidate');
    expect(kept.last).toMatchObject({ epoch: { timeline: 2 } });
    kept.saves.at(-1)?.end();
    await clock.advance(0);
    expect(state()).toBe('ready');
    expect(live.topology.primary?.epoch).toMatchObject({ timeline: 2, owner: 'eu/0' });
  });

  it('waits for a disk that fails until what it has is too old to be believed, and no longer', async () => {
    const kept = disk();
    const { well, says, state, beat, failures, clock } = keeping(kept);
    await well();
    await beat(1_000);
    kept.fails(new EpochStoreError('epochFile', 'unavailable'));
    says(1, primary(2, 2_000n, { server: 'eu' }));
    for (let passedMs = 1_000; passedMs < MAX_GAP_MS; passedMs += 500) {
      expect(state()).toBe('no-primary');
      await beat(500);
    }
    await clock.advance(1);
    expect(state()).toBe('ready');
    expect(kept.saves.length).toBeGreaterThan(3);
    expect(failures()).toEqual([{ action: 'save', reason: 'unavailable' }]);
  });

  it('waits no longer for a disk that hangs, and starts no second save beside the first one', async () => {
    const kept = disk();
    const { well, says, state, beat, failures, clock } = keeping(kept);
    await well();
    kept.holdBack();
    says(1, primary(2, 2_000n, { server: 'eu' }));
    await beat(MAX_GAP_MS);
    expect(kept.saves).toHaveLength(2);
    await clock.advance(1);
    expect(state()).toBe('ready');
    expect(failures()).toEqual([{ action: 'save' }]);
  });

  it('takes writes over from the process before it, beside silent regions', async () => {
    const kept = disk({ value: stored, gapMs: 4_000 });
    const { says, fails, asked, state, live, clock } = keeping(kept);
    await clock.advance(0);
    says(0, primary(1, 1_000n, { server: 'us' }));
    fails(1);
    fails(2);
    expect(state()).toBe('unconfirmed');
    asked();
    expect(state()).toBe('ready');
    await clock.advance(0);
    expect(live.topology.vouches).toBe(true);
    expect(kept.last).toMatchObject({ epoch, vouches: { primary: epoch } });
  });

  it('does not when the gap has become too long meanwhile', async () => {
    const { says, fails, asked, state, clock } = keeping(disk({ value: stored, gapMs: 4_000 }));
    await clock.advance(6_000);
    says(0, primary(1, 1_000n, { server: 'us' }));
    fails(1);
    fails(2);
    asked();
    expect(state()).toBe('unconfirmed');
  });

  it('acts on a higher epoch than the one it loaded only when that is on the disk, too', async () => {
    const kept = disk({ value: stored, gapMs: 0 });
    kept.holdBack();
    const { says, asked, state, clock } = keeping(kept);
    await clock.advance(0);
    says(0, primary(1, 1_000n, { server: 'us' }));
    says(1, primary(2, 2_000n, { server: 'eu' }));
    says(2, standby(2, 1_000n, { server: 'ap' }));
    asked();
    expect(state()).toBe('no-primary');
    await clock.advance(0);
    kept.saves.at(-1)?.end();
    await clock.advance(0);
    expect(state()).toBe('ready');
  });

  it('vouches for nothing any more as soon as it sees a contradiction, or an operator declared an epoch void', async () => {
    for (const contradict of [
      ({ says }: ReturnType<typeof keeping>) => says(1, primary(1, 1_000n, { server: 'eu' })),
      ({ live, clock }: ReturnType<typeof keeping>) => {
        live.apply({ type: 'epoch', epoch: { ...epoch, timeline: 7, owner: 'ap/0' }, from: 'hop', atMs: clock.now() });
        live.apply({ type: 'reset', atMs: clock.now() });
      },
    ]) {
      const kept = disk();
      const all = keeping(kept);
      await all.well();
      expect(kept.last?.vouches).toBeDefined();
      contradict(all);
      await all.beat(0);
      expect(all.live.topology.vouches).toBe(false);
      expect(kept.last?.vouches).toBeUndefined();
      expect(kept.last?.epoch.timeline).toBe(1);
    }
  });

  it('confirms nothing while its view is stale', async () => {
    const kept = disk();
    const { well, beat, goesStale } = keeping(kept);
    await well();
    goesStale();
    await beat(5_000);
    expect(kept.saves).toHaveLength(1);
  });

  it('leaves what it took over as it is, until it has measured the primary itself', async () => {
    const promoted = { ...epoch, timeline: 2, owner: 'eu/0' };
    const value = writeStored({ epoch: promoted, owners: [], forks: [], voided: [], vouches: { primary: promoted } });
    const kept = disk({ value, gapMs: 0 });
    const { fails, says, asked, beat, live, clock } = keeping(kept);
    await clock.advance(0);
    says(0, standby(1, 1_000n, { server: 'us' }));
    fails(1);
    fails(2);
    asked();
    expect(live.topology).toMatchObject({ accepted: true, vouches: false });
    await beat(5_000);
    expect(kept.saves).toHaveLength(0);
  });

  it('is as without a file beside the process that uses it, and says so once', async () => {
    const kept = disk();
    kept.fails(new EpochStoreError('epochFile', 'in-use'));
    const { well, says, state, beat, failures } = keeping(kept);
    await well();
    expect(state()).toBe('ready');
    await beat(5_000);
    says(1, primary(2, 2_000n, { server: 'eu' }));
    expect(state()).toBe('ready');
    expect(failures()).toEqual([{ action: 'load', reason: 'in-use' }]);
  });

  it('does not act before the file of the process before it is too old, if it could not be read', async () => {
    const kept = disk();
    kept.fails(new Error('a disk with a secret in its name'));
    const { well, state, failures, clock } = keeping(kept);
    await well();
    expect(state()).toBe('no-primary');
    expect(JSON.stringify(failures())).not.toContain('secret');
    await clock.advance(MAX_GAP_MS + 1);
    expect(state()).toBe('ready');
  });

  it('gives up a load that hangs, and hears nothing that it says later', async () => {
    let end: (value: string) => void = () => {};
    const kept = disk();
    const load = () =>
      new Promise<string>((resolve) => {
        end = resolve;
      });
    const { live, failures, clock, says, fails, asked, state } = keeping({ ...kept, store: { ...kept.store, load } });
    await clock.advance(TIMEOUT_MS);
    expect(failures()).toEqual([{ action: 'load' }]);
    end(stored);
    await clock.advance(0);
    expect(live.store.facts.remembered).toBeUndefined();
    says(0, primary(1, 1_000n, { server: 'us' }));
    fails(1);
    fails(2);
    asked();
    expect(state()).not.toBe('ready');
  });
});

describe('readStored()', () => {
  it.each([
    ['a vouch that is no object', 1],
    ['an epoch that is none', { primary: { system: 'x', timeline: 1, owner: '' } }],
    ['a timeline that is none', { written: { system: SYSTEM, timeline: 2 ** 32, owner: '' } }],
  ])('refuses %s', (_what, vouches) => {
    expect(readStored(JSON.stringify({ epoch, owners: [], forks: [], voided: [], vouches }))).toBeUndefined();
  });

  it('reads what was written', () => {
    expect(readStored(stored)).toEqual({ epoch, owners: [], forks: [], voided: [], vouches: { primary: epoch } });
  });
});
