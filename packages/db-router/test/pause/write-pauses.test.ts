import { systemClock as clock } from '@regionkit/core/kit';
import { expect, it, vi } from 'vitest';
import { createUnderWay } from '../../src/pause/under-way.ts';
import { createWritePauses } from '../../src/pause/write-pauses.ts';

it('a pause ends by its own timer, though timers of Node fire a moment before the clock shows their time', async () => {
  const epoch = { system: '7', timeline: 1, owner: 'us/0' };
  const all = Array.from({ length: 20 }, (_, at) => {
    const pauses = createWritePauses({
      self: 'us',
      clock,
      topology: () => ({ primary: { region: 'us', epoch }, highest: epoch }) as never,
      underWay: createUnderWay(),
      hold: { release: () => {} } as never,
      emit: () => {},
    });
    pauses.order(5 + at / 3);
    return pauses;
  });
  expect(all.every(({ isOn }) => isOn)).toBe(true);
  await vi.waitFor(() => expect(all.filter(({ isOn }) => isOn)).toEqual([]), { timeout: 30_000, interval: 20 });
});
