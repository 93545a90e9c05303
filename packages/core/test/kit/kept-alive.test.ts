import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import { keepAlive, keptAlive } from '../../src/kit/kept-alive.ts';

/** Timers that would keep this process alive. */
const holding = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('keptAlive()', () => {
  it('holds the process with one timer while anyone waits, and with none afterwards', async () => {
    const before = holding();
    let finish: (value: number) => void = () => {};
    const first = keptAlive(() => new Promise<number>((resolve) => (finish = resolve)));
    expect(holding()).toBe(before + 1);
    const second = keptAlive(() => Promise.reject(new Error('it failed')));
    expect(holding()).toBe(before + 1);
    await expect(second).rejects.toThrow('it failed');
    expect(holding()).toBe(before + 1);
    finish(7);
    expect(await first).toBe(7);
    expect(holding()).toBe(before);
  });

  it('lets the process go when the work throws before it returns a promise', async () => {
    const before = holding();
    await expect(
      keptAlive(() => {
        throw new Error('at once');
      }),
    ).rejects.toThrow('at once');
    expect(holding()).toBe(before);
  });

  it('holds it again for a later wait', () => {
    const before = holding();
    for (let round = 0; round < 3; round += 1) {
      keepAlive.begin();
      keepAlive.begin();
      keepAlive.end();
      expect(holding()).toBe(before + 1);
      keepAlive.end();
      expect(holding()).toBe(before);
    }
  });

  it('keeps nothing of the request that waited first', async () => {
    vi.resetModules();
    const requests = new AsyncLocalStorage<object>();
    const real = setInterval;
    const contexts: unknown[] = [];
    const made = vi.spyOn(globalThis, 'setInterval').mockImplementation(((...given: Parameters<typeof real>) => {
      contexts.push(requests.getStore());
      return real(...given);
    }) as typeof real);
    // The module takes the timers it finds when it loads.
    const fresh = await import('../../src/kit/kept-alive.ts');
    await requests.run({}, () => fresh.keptAlive(async () => {}));
    made.mockRestore();
    expect(contexts).toEqual([undefined]);
  });
});
