import { inspect } from 'node:util';
import { fakeClock } from '@regionkit/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EpochStore, EpochStoreFailure } from '../../src/history/epoch-store.ts';
import { createEpochKeeper } from '../../src/monitor/epoch-keeper.ts';
import { readStored, writeStored } from '../../src/monitor/stored.ts';
import { createLiveTopology } from '../../src/topology/live-topology.ts';
import { NODES, primary, RULES, SYSTEM, standby } from '../support/model.ts';

export type Fault = 'hang' | 'throttle' | 'denied' | 'down' | 'lost-answer';

/** A place for values, and everything that can happen to it. */
export interface Place {
  /** The store of one more process. */
  open(): EpochStore;
  /** What faults of this place can be tried, and what the store says of each; undefined: it may succeed after all. */
  readonly faults: Partial<Record<Fault, EpochStoreFailure | undefined>>;
  fault(kind: Fault): void | Promise<void>;
  heal(): void | Promise<void>;
  /** Puts something there that no router wrote. */
  put?(value: string | Buffer): void | Promise<void>;
  /** Words that no error may contain. */
  readonly secrets: readonly string[];
  close?(): void | Promise<void>;
}

/** What every store promises that all regions may share. */
export function describeEpochStore(name: string, openPlace: () => Place | Promise<Place>): void {
  describe(name, () => {
    let place: Place;
    beforeEach(async () => {
      place = await openPlace();
    });
    afterEach(() => place.close?.());

    const failure = async (run: Promise<unknown>): Promise<unknown> =>
      run.then(() => undefined).catch((error) => error);

    it('has nothing at first, and then what was saved last, for every process', async () => {
      const [one, other] = [place.open(), place.open()];
      expect(await one.load()).toBeUndefined();
      await one.save('first', undefined);
      expect(await other.load()).toBe('first');
      await other.save('second', 'first');
      expect(await one.load()).toBe('second');
      expect(await place.open().load()).toBe('second');
    });

    it('replaces nothing that was not loaded, and says so', async () => {
      const [one, other] = [place.open(), place.open()];
      for (const store of [one, other]) expect(await store.load()).toBeUndefined();
      await one.save('more', undefined);
      expect(await failure(other.save('less', undefined))).toMatchObject({
        code: 'ERR_EPOCH_STORE',
        reason: 'conflict',
      });
      expect(await one.load()).toBe('more');
    });

    it('takes several saves of one process after one load', async () => {
      const store = place.open();
      await store.load();
      await store.save('first', undefined);
      await store.save('second', 'first');
      expect(await place.open().load()).toBe('second');
    });

    it('loses nothing of what many processes add at once', async () => {
      const names = Array.from({ length: 6 }, (_, index) => `process ${index}`);
      await Promise.all(
        names.map(async (added) => {
          const store = place.open();
          // As a router, which forgets nothing that it has once loaded.
          const known = new Set([added]);
          for (let isSaved = false; !isSaved; ) {
            const before = await store.load();
            for (const name of before === undefined ? [] : (JSON.parse(before) as string[])) known.add(name);
            const next = JSON.stringify([...known].sort());
            const error = await failure(store.save(next, before));
            if (error !== undefined) expect(error).toMatchObject({ reason: 'conflict' });
            isSaved = error === undefined;
          }
        }),
      );
      expect(JSON.parse((await place.open().load()) ?? '')).toEqual(names);
    });

    it('keeps the highest epoch of two routers, in whatever order they save', async () => {
      const routers = [1, 2].map((timeline) => {
        const clock = fakeClock();
        const live = createLiveTopology({
          nodes: NODES,
          rules: RULES,
          clock,
          hasStore: true,
          emit: () => {},
          onChange: (topology, before) => keeper.keep(topology, before),
        });
        const keeper = createEpochKeeper(place.open(), { live, clock, timeoutMs: 60_000, emit: () => {} });
        for (const [node, reading] of [primary(timeline), standby(timeline), standby(timeline)].entries())
          live.apply({ type: 'reading', node, reading, sentAtMs: clock.now(), atMs: clock.now() });
        return live;
      });
      await expect
        .poll(async () => readStored((await place.open().load()) ?? '')?.epoch, { timeout: 20_000 })
        .toMatchObject({ system: SYSTEM, timeline: 2 });
      await expect
        .poll(() => routers.map(({ topology }) => topology.highest?.timeline), { timeout: 20_000 })
        .toContain(2);
      for (const live of routers) live.close();
    });

    it('holds the longest value that a router saves', async () => {
      const epoch = { system: SYSTEM, timeline: 4_294_967_295, owner: 'ap-southeast-1/0', server: 'A'.repeat(16) };
      const owners = Array.from({ length: 32 }, (_, timeline) => ({ ...epoch, timeline: timeline + 1 }));
      const forks = Array.from({ length: 30 }, (_, parent) => ({
        system: SYSTEM,
        parent: parent + 1,
        child: parent + 2,
        lsn: 0xffff_ffff_ffff_ffffn,
      }));
      const value = writeStored({ epoch, owners, forks, voided: [] });
      const store = place.open();
      await store.load();
      await store.save(value, undefined);
      expect(await place.open().load()).toBe(value);
    });

    it.each([
      ['text that is no value', 'not a value'],
      ['nothing', ''],
      ['a value that no router can have written', '{"epoch":{"system":"1","timeline":-1,"owner":""},"owners":[]}'],
      ['more than any router saves', 'x'.repeat(300_000)],
      ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28])],
    ])('is not stopped by %s in its place: it is loaded as something, and replaced', async (_what, value) => {
      if (place.put === undefined) return;
      await place.put(value);
      const store = place.open();
      const before = await store.load();
      expect(before?.length).toBeLessThanOrEqual(65_536);
      expect(readStored(before ?? '')).toBeUndefined();
      await store.save('good', before);
      expect(await place.open().load()).toBe('good');
    });

    it.each(['hang', 'throttle', 'denied', 'down'] as const)(
      'ends and says why, without a secret: %s',
      async (kind) => {
        if (!Object.hasOwn(place.faults, kind)) return;
        const [store, fresh] = [place.open(), place.open()];
        await store.load();
        await store.save('a value of the router', undefined);
        await place.fault(kind);
        for (const error of [await failure(fresh.load()), await failure(store.save('more', 'a value of the router'))]) {
          expect(error).toMatchObject({ code: 'ERR_EPOCH_STORE', reason: place.faults[kind] });
          const shown = `${String(error)} ${JSON.stringify(error)} ${inspect(error, { depth: 9, showHidden: true })}`;
          for (const secret of ['a value of the router', ...place.secrets]) expect(shown).not.toContain(secret);
        }
        await place.heal();
        expect(await store.load()).toBe('a value of the router');
        await store.save('more', 'a value of the router');
        expect(await fresh.load()).toBe('more');
      },
    );

    it('goes on after an answer to a save was lost: the next load tells what became of it', async () => {
      if (!Object.hasOwn(place.faults, 'lost-answer')) return;
      const store = place.open();
      await store.load();
      await store.save('before', undefined);
      await place.fault('lost-answer');
      expect(await failure(store.save('after', 'before'))).toMatchObject({ code: 'ERR_EPOCH_STORE' });
      await place.heal();
      const found = await store.load();
      expect(['before', 'after']).toContain(found);
      await store.save('later', found);
      expect(await place.open().load()).toBe('later');
    });
  });
}
