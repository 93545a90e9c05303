import { getEventListeners } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { createEntry } from '../src/entry.ts';

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
