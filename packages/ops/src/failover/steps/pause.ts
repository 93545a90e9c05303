import { hookStep } from './hook-step.ts';
import type { FailoverStep } from './step.ts';

/** The apps hold their writes, so that none meets the fence. */
export const pause: FailoverStep = hookStep({
  name: 'pause',
  hook: 'pause',
  settledBy: 'promote',
  isPlanned: ({ mode }) => mode === 'switchover',
  says: 'let the apps hold their writes (failover.hooks.pause)',
  without: 'no hook is configured (failover.hooks.pause): writes that meet the fence fail',
});
