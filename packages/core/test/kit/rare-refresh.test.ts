import { expect, it, vi } from 'vitest';
import { rareRefresh } from '../../src/kit/index.ts';
import { fakeClock } from '../../src/testing/index.ts';

it('rareRefresh() refreshes at the first call, then at most once in ten seconds, also after a failure', async () => {
  const clock = fakeClock();
  const refresh = vi.fn(async () => {
    throw new Error('the store is down');
  });
  const refreshRarely = rareRefresh(clock, refresh);
  refreshRarely();
  refreshRarely();
  await clock.advance(9_999);
  refreshRarely();
  expect(refresh).toHaveBeenCalledTimes(1);
  await clock.advance(1);
  refreshRarely();
  expect(refresh).toHaveBeenCalledTimes(2);
});

it('rareRefresh() takes a source that cannot be refreshed', () => {
  expect(() => rareRefresh(fakeClock(), () => undefined)()).not.toThrow();
});
