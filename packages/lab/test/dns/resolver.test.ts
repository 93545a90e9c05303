import { fakeClock } from '@regionkit/core/testing';
import { expect, test } from 'vitest';
import { createResolver } from '../../src/dns/resolver.ts';

const setUp = ({ slackMs = 0, random = () => 0.5 }: { slackMs?: number; random?: () => number } = {}) => {
  const clock = fakeClock();
  let region = 'us';
  let asked = 0;
  const ask = (): string => {
    asked += 1;
    return region;
  };
  const resolver = createResolver({ place: 'us', ask, ttlMs: 60_000, slackMs, clock, random });
  return { clock, resolver, asked: () => asked, move: (to: string) => (region = to) };
};

test('an answer is used until its TTL is up, and the next connection asks anew', async () => {
  const { clock, resolver, asked, move } = setUp();
  expect([resolver.resolve(), resolver.resolve(), asked()]).toEqual(['us', 'us', 1]);
  move('eu');
  await clock.advance(59_999);
  expect([resolver.resolve(), asked()]).toEqual(['us', 1]);
  await clock.advance(1);
  expect([resolver.resolve(), asked()]).toEqual(['eu', 2]);
});

test('the TTL counts from the answer, not from its last use', async () => {
  const { clock, resolver, move } = setUp();
  resolver.resolve();
  move('eu');
  await clock.advance(30_000);
  resolver.resolve();
  await clock.advance(30_000);
  expect(resolver.resolve()).toBe('eu');
});

test('with slack an answer is used longer, for each as chance has it', async () => {
  const draws = [0.5, 1];
  const { clock, resolver, asked } = setUp({ slackMs: 10_000, random: () => draws.shift() as number });
  resolver.resolve();
  await clock.advance(64_999);
  resolver.resolve();
  expect(asked()).toBe(1);
  await clock.advance(1);
  resolver.resolve();
  expect(asked()).toBe(2);
  await clock.advance(69_999);
  resolver.resolve();
  expect(asked()).toBe(2);
});

test('nothing is asked before somebody wants to know', async () => {
  const { clock, asked } = setUp();
  await clock.advance(600_000);
  expect([asked(), clock.pending]).toEqual([0, 0]);
});
