import { systemClock } from '@regionkit/core/kit';
import { expect, test } from 'vitest';
import { checks } from '../../src/index.ts';
import { contextOf } from '../helpers/fixtures.ts';

const never = new AbortController().signal;

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('a real block, made in the tick in which the check looks and resets, is seen at the next look', async () => {
  const check = checks.eventLoop({ p99WarnMs: 40, p99FailMs: 10_000, windowMs: 100 });
  const context = contextOf(systemClock);
  const seen: number[] = [];
  for (let at = 0; at < 6; at += 1) {
    check(never, context);
    block(120);
    await new Promise((resolve) => setTimeout(resolve, 30));
    seen.push((check(never, context) as { observed: number }).observed);
  }
  check.close?.();
  expect(seen.slice(1).every((observed) => observed > 40)).toBe(true);
});
