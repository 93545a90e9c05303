import { performance } from 'node:perf_hooks';
import type { Clock } from '@regionkit/core/kit';
import type { CompactToken } from './compact.ts';
import type { VerificationKey } from './keys/key-set.ts';
import { checkSignature, type SignatureResult } from './signature.ts';

/** Checks a signature at once, or returns a promise if the event loop has other things to do first. */
export type SignatureChecker = (
  token: CompactToken,
  key: VerificationKey,
) => SignatureResult | Promise<SignatureResult>;

/** No more checks begin in a turn of the event loop in which checks have taken this long. */
const TURN_BUDGET_MS = 0.1;

/** Taken when the module loads: an app's test that fakes its timers still has a real event loop. */
const { setImmediate } = globalThis;

/**
 * A check with a quick key takes less processor time than to hand it to another thread and to come back. So it is done
 * at once while no other check is under way. Under load the threads share the work. However many tokens come at once,
 * checks hold up one turn of the event loop for {@link TURN_BUDGET_MS} and the rest of the last check.
 */
export function createSignatureChecker(clock: Clock): SignatureChecker {
  let underWay = 0;
  let spentMs = 0;
  let turn: number | undefined;

  const hasTime = (): boolean => {
    const now = performance.nodeTiming.uvMetricsInfo?.loopCount;
    if (now === undefined || now !== turn) {
      turn = now;
      spentMs = 0;
    }
    return spentMs < TURN_BUDGET_MS;
  };

  const here: SignatureChecker = (token, key) => {
    const startedAt = clock.now();
    const result = checkSignature(token, key, 'here');
    spentMs += clock.now() - startedAt;
    return result;
  };

  const whenThereIsTime = (run: () => void): void => {
    setImmediate(() => (hasTime() ? run() : whenThereIsTime(run)));
  };

  const count = async (check: SignatureResult | Promise<SignatureResult>): Promise<SignatureResult> => {
    underWay += 1;
    try {
      return await check;
    } finally {
      underWay -= 1;
    }
  };

  return (token, key) => {
    if (!key.quick || underWay > 0) return count(checkSignature(token, key, 'aside'));
    if (hasTime()) return here(token, key);
    return count(new Promise((resolve) => whenThereIsTime(() => resolve(here(token, key)))));
  };
}
