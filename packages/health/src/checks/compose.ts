import { check, dropRejection } from '@regionkit/core/kit';
import type { Check, CheckContext, CheckResult, CheckStatus } from './check.ts';
import { readError, readResult, type SafeResult } from './result.ts';

/** Passes when every check does: the worst of their results. They run side by side. */
export function all(...checks: readonly Check[]): Check {
  return combine('all', checks, (results) => pick(results, ['fail', 'warn', 'pass']));
}

/** Passes when one of the checks does: the best of their results. They run side by side. */
export function any(...checks: readonly Check[]): Check {
  return combine('any', checks, (results) => pick(results, ['pass', 'warn', 'fail']));
}

/** The same check with a shorter time of its own. One that ignores its signal is not run again before it has ended. */
export function withTimeout(inner: Check, timeoutMs: number): Check {
  check.integer('withTimeout: timeoutMs', timeoutMs, { min: 1 });
  let hanging = false;
  return around([inner], (signal, context) => {
    if (hanging) return { status: 'fail', message: 'still running' };
    const controller = new AbortController();
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    hanging = true;
    return new Promise<CheckResult>((resolve) => {
      const cancel = context.clock.schedule(() => {
        resolve({ status: 'fail', message: `no answer within ${timeoutMs} ms` });
        controller.abort(new Error('The check took too long.'));
      }, timeoutMs);
      void runOne(inner, controller.signal, { ...context, timeoutMs }).then((result) => {
        hanging = false;
        cancel();
        signal.removeEventListener('abort', abort);
        resolve(result);
      });
    });
  });
}

/** Runs the check at most once in `ttlMs`, whoever asks: runs that are wanted at once are one. Failures are not kept. */
export function cached(inner: Check, ttlMs: number): Check {
  check.integer('cached: ttlMs', ttlMs, { min: 1 });
  let kept: { readonly result: CheckResult; readonly untilMs: number } | undefined;
  let flight: Promise<SafeResult> | undefined;
  return around([inner], (signal, context) => {
    if (kept !== undefined && context.clock.now() < kept.untilMs) return kept.result;
    flight ??= runOne(inner, signal, context).then((result) => {
      flight = undefined;
      kept = result.status === 'fail' ? undefined : { result, untilMs: context.clock.now() + ttlMs };
      return result;
    });
    return flight;
  });
}

/** The same check, its result seen through `map`: a failure that is only a warning here, a limit of one's own. */
export function mapResult(inner: Check, map: (result: CheckResult) => CheckResult | Promise<CheckResult>): Check {
  check.function('mapResult: map', map);
  return around([inner], async (signal, context) => {
    const { status, message, observed, unit } = await runOne(inner, signal, context);
    return map({
      status,
      ...(message !== undefined && { message }),
      ...(observed !== undefined && { observed }),
      ...(unit !== undefined && { unit }),
    });
  });
}

function combine(
  name: string,
  checks: readonly Check[],
  choose: (results: readonly SafeResult[]) => CheckResult,
): Check {
  if (checks.length === 0) throw new RangeError(`${name} must be given at least one check`);
  return around(checks, async (signal, context) =>
    choose(await Promise.all(checks.map((each) => runOne(each, signal, context)))),
  );
}

function pick(results: readonly SafeResult[], order: readonly CheckStatus[]): CheckResult {
  const ranked = [...results].sort((left, right) => order.indexOf(left.status) - order.indexOf(right.status));
  return ranked[0] as SafeResult;
}

async function runOne(inner: Check, signal: AbortSignal, context: CheckContext): Promise<SafeResult> {
  try {
    return readResult(await inner(signal, context));
  } catch (error) {
    return readError(error);
  }
}

/** A check made of others: it hears the requests they hear and closes what they keep open. */
function around(inner: readonly Check[], run: (signal: AbortSignal, context: CheckContext) => unknown): Check {
  for (const each of inner) check.function('a check', each);
  const composed: Check = (signal, context) => run(signal, context);
  const observing = inner.filter(({ observe }) => observe !== undefined);
  if (observing.length > 0) {
    composed.observe = (outcome, request) => {
      for (const each of observing) dropRejection(each.observe?.(outcome, request));
    };
  }
  composed.close = () => {
    for (const each of inner) dropRejection(each.close?.());
  };
  return composed;
}
