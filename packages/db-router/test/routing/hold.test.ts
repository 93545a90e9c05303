import { AsyncLocalStorage } from 'node:async_hooks';
import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { createHoldQueue } from '../../src/routing/hold.ts';

function queue(max = 1_000, onEnd: (by: string) => void = () => {}) {
  const clock = fakeClock();
  const ended: string[] = [];
  const hold = createHoldQueue({
    clock,
    max,
    isInVain: () => false,
    cause: () => undefined,
    nodes: () => [],
    onHold: () => {},
    onEnd: (_ms, by) => {
      ended.push(by);
      onEnd(by);
    },
  });
  const wait = (inMs: number, signal?: AbortSignal) => hold.wait(() => 'no-primary', clock.now() + inMs, signal);
  return { clock, hold, wait, ended };
}

describe('createHoldQueue()', () => {
  it('lets everybody go on in the order they came', async () => {
    const { hold, wait } = queue();
    const order: number[] = [];
    const waiting = [1, 2, 3].map((n) => wait(5_000).then(() => order.push(n)));
    expect(hold.size).toBe(3);
    hold.release();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect(hold.size).toBe(0);
  });

  it('gives up at the deadline, and says why there was no primary', async () => {
    const { clock, wait, ended } = queue();
    const waiting = expect(wait(5_000)).rejects.toMatchObject({
      code: 'ERR_NO_PRIMARY',
      reason: 'no-primary',
      outcome: 'not-sent',
      status: 503,
    });
    await clock.advance(4_999);
    expect(ended).toEqual([]);
    await clock.advance(1);
    await waiting;
    expect(ended).toEqual(['timeout']);
    expect(clock.pending).toBe(0);
  });

  it('takes no more than it may, and none at all when it is turned off', async () => {
    const { wait } = queue(1);
    void wait(5_000).catch(() => {});
    await expect(wait(5_000)).rejects.toThrow(/too many wait for one/);
    await expect(queue(0).wait(0)).rejects.toThrow(/waiting is turned off/);
  });

  it('ends the wait of a client that went away, as not sent, and leaves no listener on its signal', async () => {
    const { hold, wait } = queue();
    const gone = new AbortController();
    const waiting = wait(5_000, gone.signal);
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED', outcome: 'not-sent' });
    expect(hold.size).toBe(0);
    await expect(wait(5_000, gone.signal)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });

  it('refuses everybody once it is closed', async () => {
    const { hold, wait, clock } = queue();
    const waiting = wait(5_000);
    hold.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ROUTER_CLOSED' });
    await expect(wait(5_000)).rejects.toMatchObject({ code: 'ERR_ROUTER_CLOSED' });
    expect(clock.pending).toBe(0);
  });

  it('tells that a wait has ended in the context of the caller that waited, also if another caller has ended it', async () => {
    const context = new AsyncLocalStorage<string>();
    const told: (readonly [by: string, context: string | undefined])[] = [];
    const { clock, hold, wait } = queue(10, (by) => told.push([by, context.getStore()]));
    const waiting = ['a', 'b', 'c'].map((name, at) =>
      context.run(name, () => wait(at === 0 ? 10 : 5_000).catch(() => {})),
    );
    await context.run('another request', () => clock.advance(10));
    context.run('another request', () => hold.release());
    await Promise.all(waiting);
    expect(told).toEqual([
      ['timeout', 'a'],
      ['primary', 'b'],
      ['primary', 'c'],
    ]);
  });
});
