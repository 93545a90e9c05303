import { expect, test } from 'vitest';
import { fakeClock } from '../../src/testing/index.ts';

test('a fake clock stands still, and moves both clocks together', async () => {
  const clock = fakeClock({ now: 5, wallMs: 100 });
  expect([clock.now(), clock.wallMs()]).toEqual([5, 100]);
  await clock.advance(10);
  expect([clock.now(), clock.wallMs()]).toEqual([15, 110]);
  clock.stepWall(-50);
  expect([clock.now(), clock.wallMs()]).toEqual([15, 60]);
});

test('what falls due runs in the order of time, then of scheduling, and sees its own time', async () => {
  const clock = fakeClock({ now: 0 });
  const ran: string[] = [];
  const at = (name: string, ms: number) => clock.schedule(() => ran.push(`${name}@${clock.now()}`), ms);
  at('late', 30);
  at('early', 10);
  at('early too', 10);
  const off = at('cancelled', 20);
  at('never', 31);
  off();
  await clock.advance(30);
  expect(ran).toEqual(['early@10', 'early too@10', 'late@30']);
  expect(clock.pending).toBe(1);
});

test('what a due call schedules runs within the same advance, after promises have turned', async () => {
  const clock = fakeClock({ now: 0 });
  const ran: number[] = [];
  const again = async (): Promise<void> => {
    ran.push(clock.now());
    await Promise.resolve();
    clock.schedule(() => void again(), 10);
  };
  clock.schedule(() => void again(), 10);
  await clock.advance(35);
  expect(ran).toEqual([10, 20, 30]);
});

test('a suspended process runs what fell due when it wakes, late', async () => {
  const clock = fakeClock({ now: 0 });
  const ran: number[] = [];
  clock.schedule(() => ran.push(clock.now()), 10);
  clock.suspend(60_000);
  expect(ran).toEqual([]);
  await clock.advance(0);
  expect(ran).toEqual([60_000]);
});
