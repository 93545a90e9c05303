import { hookStep } from './hook-step.ts';
import type { FailoverStep } from './step.ts';

export const resumeWrites: FailoverStep = hookStep({
  name: 'resume-writes',
  hook: 'resume',
  isPlanned: ({ mode }) => mode === 'switchover',
  says: 'let the apps go on writing (failover.hooks.resume)',
  without: 'no hook is configured (failover.hooks.resume)',
});
