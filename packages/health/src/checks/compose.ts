import { check, dropRejection } from '@regionkit/core/kit';
import type { Check, CheckContext, CheckResult, CheckStatus } from './check.ts';
import { readError, readResult, type SafeResult } from './result.ts';

/**
 * Passes if every check passes. The result is the worst of theirs. They run in parallel.
 *
 * @example
 * ```ts
 * health.check('stores', all(checks.tcp({ host: 'redis', port: 6379 }), checks.pool(pool)));
 * ```
 */
export function all(...checks: readonly Check[]): Check {
  return combine('all', checks, (results) => pick(results, ['fail', 'unknown', 'warn', 'pass']));
}

/**
 * Passes if one of the checks passes. The result is the best of theirs. They run in parallel.
 *
 * @example
 * ```ts
 * health.check('mail', any(checks.tcp({ host: 'mail-1', port: 25 }), checks.tcp({ host: 'mail-2', port: 25 })));
 * ```
 */
export function any(...checks: readonly Check[]): Check {
  return combine('any', checks, (results) => pick(results, ['pass', 'warn', 'unknown', 'fail']));
}

/**
 * Returns the same check with a shorter time limit. If a run ignores its signal, no other run starts before it has
 * ended.
 *
 * @example
 * ```ts
 * health.check('db', withTimeout(checks.pool(pool), 500));
 * ```
 */
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

/**
 * Runs the check at most once in `ttlMs`, for all callers together. Concurrent callers share one run. Failures and
 * `unknown` are not cached.
 *
 * @example
 * ```ts
 * const upstream = cached(checks.http('https://api.example.com/health'), 10_000);
 * ```
 */
export function cached(inner: Check, ttlMs: number): Check {
  check.integer('cached: ttlMs', ttlMs, { min: 1 });
  let kept: { readonly result: CheckResult; readonly untilMs: number } | undefined;
  let flight: Promise<SafeResult> | undefined;
  return around([inner], (signal, context) => {
    if (kept !== undefined && context.clock.now() < kept.untilMs) return kept.result;
    flight ??= runOne(inner, signal, context).then((result) => {
      flight = undefined;
      const isKept = result.status === 'pass' || result.status === 'warn';
      kept = isKept ? { result, untilMs: context.clock.now() + ttlMs } : undefined;
      return result;
    });
    return flight;
  });
}

/**
 * Returns the same check with its result changed by `map`: for example to make a failure a warning, or to use another
 * limit.
 *
 * @example
 * ```ts
 * const lag = checks.eventLoop({ p99WarnMs: 50, p99FailMs: 200 });
 * const loop = mapResult(lag, (result) => (result.status === 'fail' ? { ...result, status: 'warn' } : result));
 * ```
 */
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

/** A check made of others. It passes requests and `close` on to them. */
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
