import { fakeClock } from '@regionkit/core/testing';
import { expect, it } from 'vitest';
import { liveTopology } from '../support/live-topology.ts';
import { primary, standby } from '../support/model.ts';

it('knows since when a primary is accepted, and begins anew after a reset that finds none', async () => {
  const clock = fakeClock();
  const live = liveTopology(clock);
  const says = (node: number, reading: ReturnType<typeof primary>): void =>
    live.apply({ type: 'reading', node, reading, sentAtMs: clock.now(), atMs: clock.now() });
  says(0, primary(1));
  says(1, standby(1));
  expect(live.acceptedAtMs).toBeUndefined();
  await clock.advance(500);
  says(2, standby(1));
  const acceptedAtMs = clock.now();
  expect(live.acceptedAtMs).toBe(acceptedAtMs);
  await clock.advance(60_000);
  says(0, primary(1, 2_000n));
  expect(live.acceptedAtMs).toBe(acceptedAtMs);
  says(0, standby(1));
  live.apply({ type: 'reset', atMs: clock.now() });
  expect(live.acceptedAtMs).toBeUndefined();
  live.close();
});
