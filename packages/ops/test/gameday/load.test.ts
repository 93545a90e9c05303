import { describe, expect, it } from 'vitest';
import { createClients } from '../../src/gameday/load/clients.ts';
import { startLoad } from '../../src/gameday/load/load.ts';
import { readOutcome, writeOutcome } from '../../src/gameday/load/outcome.ts';
import { createRandom, shuffled } from '../../src/gameday/random.ts';
import type { HttpAnswer } from '../../src/http.ts';

const answer = (status: number, body = '', headers: HttpAnswer['headers'] = {}): HttpAnswer => ({
  status,
  headers,
  body,
  tookMs: 1,
});

describe('outcomes', () => {
  it.each([
    [answer(201), 'ok'],
    [answer(409), 'refused'],
    [answer(503, '{"outcome":"not-sent"}'), 'refused'],
    [answer(500, '{"outcome":"rolled-back"}'), 'refused'],
    [answer(502, '{"outcome":"unknown"}'), 'unknown'],
    [answer(503, 'busy'), 'unknown'],
    [answer(503, 'null'), 'unknown'],
    ['ECONNREFUSED', 'refused'],
    ['ECONNRESET', 'unknown'],
    ['ETIMEDOUT', 'unknown'],
  ])('of a write %j: %s', (answered, outcome) => {
    expect(writeOutcome(answered)).toBe(outcome);
  });

  it.each([
    [answer(200, '["a"]'), 'a', 'ok'],
    [answer(200, '[]'), 'a', 'missed'],
    [answer(200, '[]'), undefined, 'ok'],
    [answer(503, '"a"'), 'a', 'failed'],
    ['ECONNREFUSED', 'a', 'failed'],
  ])('of a read %j for %s: %s', (answered, id, outcome) => {
    expect(readOutcome(answered, id)).toBe(outcome);
  });
});

describe('startLoad()', () => {
  it('does not wait for answers, and gives no client a second request meanwhile', async () => {
    const open: (() => void)[] = [];
    const load = startLoad({
      places: ['us'],
      writesPerSecond: 500,
      readsPerSecond: 500,
      random: createRandom('load'),
      send: () => new Promise((resolve) => open.push(() => resolve(answer(201)))),
    });
    load.open();
    await expect.poll(() => open.length).toBeGreaterThan(20);
    expect(load.samples).toEqual([]);
    expect(load.waitingSinceMs()).toBeLessThan(performance.now());
    const stopped = load.stop();
    for (const end of open) end();
    await stopped;
    expect(load.samples.length).toBe(open.length);
    expect(load.waitingSinceMs()).toBeUndefined();
  });

  it('has only few requests under way before it is opened, so that it does not keep a slow app slow', async () => {
    const open: (() => void)[] = [];
    let due = 0;
    const load = startLoad({
      places: ['us'],
      writesPerSecond: 500,
      readsPerSecond: 500,
      // Drawn for each request that is due.
      random: () => {
        due += 1;
        return 0.5;
      },
      send: () => new Promise((resolve) => open.push(() => resolve(answer(201)))),
    });
    await expect.poll(() => due).toBeGreaterThan(50);
    expect([open.length, load.samples.length]).toEqual([4, 0]);
    open.splice(0, 1)[0]?.();
    await expect.poll(() => open.length).toBe(4);
    expect(load.samples.length).toBe(1);
    load.open();
    await expect.poll(() => open.length).toBeGreaterThan(20);
    const stopped = load.stop();
    for (const end of open) end();
    await stopped;
  });

  it('takes the pace that a slow app can keep, and keeps it when it is opened', async () => {
    /** How far apart two writes are due, at the shortest, after the loop was opened. */
    const apartMs = async (send: () => Promise<unknown>): Promise<number> => {
      const load = startLoad({
        places: ['us'],
        writesPerSecond: 100,
        readsPerSecond: 100,
        random: () => 0.5,
        send: async () => {
          await send();
          return answer(201);
        },
      });
      await expect.poll(() => load.samples.length, { timeout: 60_000 }).toBeGreaterThan(10);
      load.open();
      const sinceMs = Math.max(...load.samples.map(({ dueAtMs }) => dueAtMs));
      const due = (): readonly number[] =>
        load.samples
          .flatMap(({ kind, dueAtMs }) => (kind === 'write' && dueAtMs > sinceMs ? [dueAtMs] : []))
          .toSorted((a, b) => a - b);
      await expect.poll(() => due().length, { timeout: 60_000 }).toBeGreaterThan(5);
      await load.stop();
      // What was due at the opening has its time from before.
      return Math.min(...due().flatMap((at, index, all) => (index < 2 ? [] : [at - Number(all[index - 1])])));
    };
    const fullMs = -Math.log(0.5) * 10;
    expect(await apartMs(async () => {})).toBeCloseTo(fullMs);
    expect(await apartMs(() => new Promise((resolve) => setTimeout(resolve, 200)))).toBeGreaterThan(1.4 * fullMs);
  });

  it('counts what it cannot send any more as not good, and not as an answer of the app', async () => {
    let sent = 0;
    const open: (() => void)[] = [];
    const load = startLoad({
      places: ['us'],
      writesPerSecond: 2_000,
      readsPerSecond: 2_000,
      random: createRandom('full'),
      send: () => {
        sent += 1;
        return new Promise((resolve) => open.push(() => resolve(answer(201))));
      },
    });
    load.open();
    await expect
      .poll(() => new Set(load.samples.map(({ kind, outcome }) => `${kind} ${outcome}`)))
      .toEqual(new Set(['write unsent', 'read unsent']));
    expect(sent).toBe(100);
    const stopped = load.stop();
    for (const end of open) end();
    await stopped;
  });

  it('reads with the token of the last write of the same client, and looks for that row', async () => {
    const seen: (readonly [string | undefined, string | undefined])[] = [];
    const load = startLoad({
      places: ['us'],
      writesPerSecond: 200,
      readsPerSecond: 200,
      random: createRandom('tokens'),
      send: async ({ method, id, headers, body }) => {
        if (method === 'GET') {
          seen.push([id, headers['x-region-token']]);
          return answer(200, String(id));
        }
        const { id: written } = JSON.parse(body ?? '') as { id: string };
        return answer(201, '', { 'x-region-token': `token of ${written}` });
      },
    });
    await expect.poll(() => seen.filter(([id]) => id !== undefined).length).toBeGreaterThan(5);
    await load.stop();
    for (const [id, token] of seen) expect(token).toBe(id === undefined ? undefined : `token of ${id}`);
  });

  it('says in its samples why there was no answer', async () => {
    const load = startLoad({
      places: ['us'],
      writesPerSecond: 200,
      readsPerSecond: 200,
      random: createRandom('errors'),
      send: () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })),
    });
    await expect
      .poll(() => new Set(load.samples.map(({ kind, outcome }) => `${kind} ${outcome}`)))
      .toEqual(new Set(['write refused', 'read failed']));
    await load.stop();
  });
});

describe('clients', () => {
  it('takes one that has written for a read, if there is one', () => {
    const clients = createClients(createRandom('clients'));
    clients.give({ id: undefined, token: {} });
    clients.give({ id: 'a', token: {} });
    clients.give({ id: undefined, token: {} });
    expect(clients.take('read')?.id).toBe('a');
    expect(clients.take('read')?.id).toBeUndefined();
  });
});

describe('createRandom()', () => {
  it('is the same from the same seed, and within its range', () => {
    const draw = (seed: string): readonly number[] => {
      const random = createRandom(seed);
      return Array.from({ length: 50 }, random);
    };
    expect(draw('7')).toEqual(draw('7'));
    expect(draw('7')).not.toEqual(draw('8'));
    expect(draw('7').every((value) => value >= 0 && value < 1)).toBe(true);
    expect([...shuffled([1, 2, 3, 4, 5], createRandom('7'))].sort()).toEqual([1, 2, 3, 4, 5]);
  });
});
