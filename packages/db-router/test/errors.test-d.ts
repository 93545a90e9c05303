/**
 * Compiled, never run: an error narrows by its code. The lines marked `@ts-expect-error` must not compile.
 */
import { ForwardError } from '../src/http/index.ts';
import type { ForwardOutcome } from '../src/http/proxy-status.ts';
import {
  type AnyRouterError,
  isRouterError,
  NoPrimaryError,
  type Outcome,
  outcomeOf,
  type RouterErrorCode,
} from '../src/index.ts';

declare const thrown: unknown;

if (isRouterError(thrown)) {
  // What one kind alone has is there once the code says which it is.
  if (thrown.code === 'ERR_NOT_PRIMARY_REGION') thrown.region satisfies string;
  if (thrown.code === 'ERR_NO_PRIMARY') thrown.reason satisfies string;
  if (thrown.code === 'ERR_BATCH_STATEMENT') thrown.index satisfies number;
  // @ts-expect-error: not every error has a region
  thrown.region satisfies string;
  // @ts-expect-error: misspelt
  if (thrown.code === 'ERR_NOT_PRIMARY_REGOIN') throw thrown;
}

// Every code is that of a class in the union.
const _codes = (code: RouterErrorCode): AnyRouterError['code'] => code;

/** Every code has its case: a new one does not compile before it is thought of. */
export function adviceOn(error: AnyRouterError): 'retry' | 'look' | 'mend' {
  switch (error.code) {
    case 'ERR_NO_PRIMARY':
    case 'ERR_NOT_PRIMARY_REGION':
    case 'ERR_REPLICA_BEHIND':
    case 'ERR_NO_READABLE_NODE':
    case 'ERR_NODE_UNAVAILABLE':
    case 'ERR_ROLLED_BACK':
      return 'retry';
    case 'ERR_NODE_FENCED':
    case 'ERR_OUTCOME_UNKNOWN':
      return 'look';
    case 'ERR_ADVISORY_LOCK_ON_REPLICA':
    case 'ERR_NESTED_TRANSACTION':
    case 'ERR_TRANSACTION_CLOSED':
    case 'ERR_TRANSACTION_CONTROL':
    case 'ERR_TRANSACTION_LEAKED':
    case 'ERR_TRANSACTION_LEFT_OPEN':
    case 'ERR_BATCH_STATEMENT':
    case 'ERR_PAUSE_REFUSED':
    case 'ERR_ABORTED':
    case 'ERR_ROUTER_CLOSED':
      return 'mend';
  }
}

if (thrown instanceof NoPrimaryError) {
  thrown.code satisfies 'ERR_NO_PRIMARY';
  // @ts-expect-error: an error of this class has one code
  if (thrown.code === 'ERR_ROLLED_BACK') throw thrown;
}

if (thrown instanceof ForwardError) {
  thrown.outcome satisfies ForwardOutcome;
  // @ts-expect-error: misspelt
  if (thrown.code === 'ERR_FORWARD_BUZY') throw thrown;
}

// What became of a forward is one of the outcomes that `outcomeOf` names.
const outcome: Outcome = 'rejected' satisfies ForwardOutcome;
outcomeOf(thrown) satisfies Outcome;
if (outcomeOf(thrown) === 'rejected') throw outcome;
// @ts-expect-error: misspelt
if (outcomeOf(thrown) === 'not-send') throw outcome;
