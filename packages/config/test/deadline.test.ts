import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { withDeadline } from '../src/deadline.ts';
import { fakeClock, never } from './support.ts';

const at = (clock = fakeClock(), signal = new AbortController().signal) => ({ clock, signal, timeoutMs: 100 });

test('gives what the work gives, and leaves nothing behind', async () => {
  const deadline = at();
  expect(await withDeadline(deadline, async () => 'done')).toBe('done');
  expect(deadline.clock.pending).toBe(0);
  expect(getEventListeners(deadline.signal, 'abort')).toEqual([]);
});

test('passes on what the work throws, at once or later', async () => {
  const deadline = at();
  const boom = (): never => {
    throw new Error('boom');
  };
  await expect(withDeadline(deadline, boom)).rejects.toThrow('boom');
  await expect(withDeadline(deadline, async () => boom())).rejects.toThrow('boom');
  expect(deadline.clock.pending).toBe(0);
});

test('ends at the deadline although the work does not hear the abort', async () => {
  const deadline = at();
  let heard: AbortSignal | undefined;
  const work = withDeadline(deadline, (signal) => {
    heard = signal;
    return never();
  });
  const outcome = expect(work).rejects.toMatchObject({ failure: 'timeout' });
  await deadline.clock.advance(99);
  expect(heard?.aborted).toBe(false);
  await deadline.clock.advance(1);
  await outcome;
  expect(heard?.aborted).toBe(true);
});

test('ends when the config is closed, before and during the work', async () => {
  const closing = new AbortController();
  const work = withDeadline(at(fakeClock(), closing.signal), never);
  closing.abort();
  await expect(work).rejects.toMatchObject({ failure: 'timeout' });
  await expect(withDeadline(at(fakeClock(), closing.signal), never)).rejects.toMatchObject({ failure: 'timeout' });
});

test('a failure that comes after the deadline is nobody’s unhandled rejection', async () => {
  const deadline = at();
  let fail = (_: Error): void => {};
  const work = withDeadline(
    deadline,
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  );
  const outcome = expect(work).rejects.toMatchObject({ failure: 'timeout' });
  await deadline.clock.advance(100);
  await outcome;
  fail(new Error('late'));
  await new Promise((resolve) => setImmediate(resolve));
});
