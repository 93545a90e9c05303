import type { CheckedHook } from '../config/check-failover.ts';
import { type HookMessage, type HookResult, runHook } from './run-hook.ts';

export interface HooksResult {
  readonly ok: boolean;
  /** `hook 1 of 2 ended with 0, hook 2 of 2 answered 500`. */
  readonly says: string;
}

/** Runs hooks one after the other. The rest is not run once one has failed. */
export async function runHooksInOrder(
  hooks: readonly CheckedHook[],
  message: HookMessage,
  signal: AbortSignal,
): Promise<HooksResult> {
  const results: HookResult[] = [];
  for (const hook of hooks) {
    const result = await runHook(hook, message, signal);
    results.push(result);
    if (!result.ok) break;
  }
  return summary(results, hooks.length);
}

/** Runs hooks one after the other, also after one that has failed. */
export async function runEveryHook(
  hooks: readonly CheckedHook[],
  message: HookMessage,
  signal: AbortSignal,
): Promise<HooksResult> {
  const results: HookResult[] = [];
  for (const hook of hooks) results.push(await runHook(hook, message, signal));
  return summary(results, hooks.length);
}

/** Runs hooks at the same time. */
export async function runHooks(
  hooks: readonly CheckedHook[],
  message: HookMessage,
  signal: AbortSignal,
): Promise<HooksResult> {
  return summary(await Promise.all(hooks.map((hook) => runHook(hook, message, signal))), hooks.length);
}

function summary(results: readonly HookResult[], count: number): HooksResult {
  return {
    ok: results.length === count && results.every(({ ok }) => ok),
    says: results.map(({ says }, at) => `hook ${at + 1} of ${count} ${says}`).join(', '),
  };
}
