import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { awaited, createEntry, createReactions, Unfinished } from '../src/entry.ts';

it('lets any number of statements wait on one signal without a warning of Node, and leaves nothing on it', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const [own, ofScope] = [new AbortController().signal, new AbortController().signal];
  const wait = ({ signal }: { readonly signal: AbortSignal | undefined }) =>
    new Promise<void>((resolve) => {
      signal?.addEventListener('abort', () => {}, { once: true });
      setImmediate(resolve);
    });
  for (const scope of [undefined, { signal: ofScope }]) {
    const entry = createEntry({ current: () => scope as never });
    await Promise.all(Array.from({ length: 50 }, () => entry(wait, own)));
    await Promise.all(Array.from({ length: 50 }, () => entry(wait)));
  }
  await new Promise(setImmediate);
  expect(warnings).toEqual([]);
  // Those of the statements themselves are theirs to take off; that of a call in a scope is taken off here.
  expect(getEventListeners(own, 'abort')).toHaveLength(50);
});

it('goes on with a call in the context of its caller, also if it is called back in another context, and ends it once', async () => {
  const context = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const ends: string[] = [];
  const reactions = createReactions(() => ends.push('end'));
  const callBacks: (() => void)[] = [];
  /** A connection calls back later. */
  const short = (rest: () => Promise<unknown>): Promise<unknown> =>
    new Promise((_resolve, reject) => callBacks.push(() => reject(new Unfinished(rest))));
  const rest = async (): Promise<unknown> => {
    seen.push(context.getStore());
    if (seen.length < 3) return short(rest);
    return 'the answer';
  };
  const called = context.run('the caller', () => awaited(short(rest), reactions));
  for (let at = 0; at < 3; at += 1) {
    context.run('the socket', callBacks[at] as () => void);
    await new Promise(setImmediate);
  }
  expect(await called).toBe('the answer');
  expect(seen).toEqual(['the caller', 'the caller', 'the caller']);
  expect(ends).toEqual(['end']);
});

it('leads an error to the calling line, also after the call went on', async () => {
  const entry = createEntry({ current: () => undefined });
  const later = (times: number): Promise<never> =>
    Promise.reject(times === 0 ? new Error('of a server') : new Unfinished(() => later(times - 1)));
  for (const times of [0, 1, 2]) {
    async function callingLine(): Promise<void> {
      await entry(() => later(times));
    }
    const { stack } = (await callingLine().catch((error: Error) => error as Required<Error>)) as Required<Error>;
    expect(stack).toContain('callingLine');
  }
});
