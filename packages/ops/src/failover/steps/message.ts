import type { HookMessage } from '../../hooks/run-hook.ts';
import type { RunContext } from '../run-context.ts';

/** What every hook of a run gets. */
export const messageOf = (
  { plan, file }: Pick<RunContext, 'plan' | 'file'>,
  event: 'started' | 'done' | 'failed' | 'fence' | 'pause' | 'resume' | 'rebuild' | 'scale',
): HookMessage => ({
  event,
  run: file.id,
  mode: plan.mode,
  from: plan.from,
  target: plan.target,
  atMs: Date.now(),
});
