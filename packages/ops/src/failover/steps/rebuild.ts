import { hookStep } from './hook-step.ts';
import type { FailoverStep } from './step.ts';

export const rebuild: FailoverStep = hookStep({
  name: 'rebuild',
  hook: 'rebuild',
  isPlanned: (plan) => plan.rebuild,
  says: 'make a standby of the old primary (failover.hooks.rebuild)',
  without: 'no hook is configured (failover.hooks.rebuild): the old primary must be rebuilt by hand',
});
