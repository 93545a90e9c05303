import { RegionKitError, type RegionKitErrorOptions } from '@regionkit/core';
import type { NodeState, NoPrimaryReason, Outcome } from './reasons.ts';

/** Every code a router's error can have. */
export type RouterErrorCode =
  | 'ERR_NO_PRIMARY'
  | 'ERR_NOT_PRIMARY_REGION'
  | 'ERR_REPLICA_BEHIND'
  | 'ERR_NO_READABLE_NODE'
  | 'ERR_NODE_UNAVAILABLE'
  | 'ERR_NODE_FENCED'
  | 'ERR_OUTCOME_UNKNOWN'
  | 'ERR_ROLLED_BACK'
  | 'ERR_ADVISORY_LOCK_ON_REPLICA'
  | 'ERR_NESTED_TRANSACTION'
  | 'ERR_TRANSACTION_CLOSED'
  | 'ERR_TRANSACTION_CONTROL'
  | 'ERR_TRANSACTION_LEAKED'
  | 'ERR_TRANSACTION_LEFT_OPEN'
  | 'ERR_BATCH_STATEMENT'
  | 'ERR_ABORTED'
  | 'ERR_ROUTER_CLOSED';

/** The base of a router's errors: each says what became of the statement. `AnyRouterError` is one of them by its code. */
export class RouterError<Code extends RouterErrorCode = RouterErrorCode> extends RegionKitError<Code> {
  readonly outcome: Outcome;

  constructor(code: Code, message: string, outcome: Outcome, options?: RegionKitErrorOptions) {
    super(code, message, options);
    this.outcome = outcome;
  }
}

const UNAVAILABLE = { status: 503, headers: { 'retry-after': '1' } } as const;

/** One node, as `ERR_NO_PRIMARY` tells of it. */
export interface NodeSituation {
  /** `region/node`. */
  readonly node: string;
  readonly state: NodeState;
  /** The timeline it is on, or a lower bound of it; 0 when nothing is known. */
  readonly timeline: number;
  /** The database it belongs to, in decimal; absent when it was never asked. */
  readonly system?: string;
  /** Why it could not be asked last: a SQLSTATE, an errno, or a word of the router's. */
  readonly code?: string;
}

/** No primary is known, or it cannot be told which node is one. Retry later: nothing was sent. */
export class NoPrimaryError extends RouterError<'ERR_NO_PRIMARY'> {
  readonly reason: NoPrimaryReason;
  /** Who was where. */
  readonly nodes: readonly NodeSituation[];

  /**
   * @param cause why a database could not be asked
   * @param nodes who is where
   */
  constructor(
    reason: NoPrimaryReason,
    held: 'timed-out' | 'full' | 'not-held' | 'in-vain',
    cause?: unknown,
    nodes: readonly NodeSituation[] = [],
  ) {
    const waited = {
      'timed-out': 'waited for one',
      full: 'too many wait for one',
      'not-held': 'waiting is turned off',
      'in-vain': 'no database lets this process in, see `cause`',
    };
    const message = `no primary can take a write (${reason}; ${waited[held]})${tellNodes(nodes)}`;
    super('ERR_NO_PRIMARY', message, 'not-sent', { ...UNAVAILABLE, cause });
    this.reason = reason;
    this.nodes = nodes;
  }
}

const MAX_TOLD = 8;

/** In one line; all of them are in `nodes`. */
function tellNodes(nodes: readonly NodeSituation[]): string {
  const systems = new Set(nodes.map(({ system }) => system).filter((system) => system !== undefined));
  const told = nodes.slice(0, MAX_TOLD).map(({ node, state, code, system }) => {
    const of = systems.size > 1 && system !== undefined ? ` system ${system}` : '';
    return `${node} ${state}${code === undefined ? '' : ` ${code}`}${of}`;
  });
  return told.length === 0 ? '' : `: ${told.join(', ')}${nodes.length > MAX_TOLD ? ', …' : ''}`;
}

/** The statement belongs to the primary's region, and the policy does not run it from here: go there. */
export class NotPrimaryRegionError extends RouterError<'ERR_NOT_PRIMARY_REGION'> {
  /** The region to go to. */
  readonly region: string;
  readonly intent: 'read' | 'write';

  /** @param asked `pool`: a statement of `router.pool` outside a scope, which may be either */
  constructor(region: string, asked: 'read' | 'write' | 'pool' = 'write') {
    const advice =
      asked === 'pool'
        ? '; outside a scope router.pool is the primary: a read takes read(), router.replica or run()'
        : '';
    const what = asked === 'pool' ? 'statement' : asked;
    super(
      'ERR_NOT_PRIMARY_REGION',
      `this ${what} belongs in the region of the primary, ${region}${advice}`,
      'not-sent',
      {
        status: 503,
        headers: { 'retry-after': '1', 'x-region-hint': region },
      },
    );
    this.region = region;
    this.intent = asked === 'read' ? 'read' : 'write';
  }
}

/** No node that can be reached has yet what this request must see. */
export class ReplicaBehindError extends RouterError<'ERR_REPLICA_BEHIND'> {
  constructor(options: { readonly region?: string } = {}) {
    super('ERR_REPLICA_BEHIND', 'no reachable node has replayed what this request must see', 'not-sent', {
      status: 503,
      headers: {
        'retry-after': '1',
        ...(options.region !== undefined && { 'x-region-hint': options.region }),
      },
    });
  }
}

/** No node can serve a read. */
export class NoReadableNodeError extends RouterError<'ERR_NO_READABLE_NODE'> {
  constructor(cause?: unknown) {
    super('ERR_NO_READABLE_NODE', 'no node can serve a read', 'not-sent', { ...UNAVAILABLE, cause });
  }
}

/** A connection to the node could not be had. Nothing was sent. */
export class NodeUnavailableError extends RouterError<'ERR_NODE_UNAVAILABLE'> {
  /** `region/node`. */
  readonly node: string;

  constructor(node: string, cause?: unknown) {
    super('ERR_NODE_UNAVAILABLE', `no connection to ${node} could be had`, 'not-sent', { ...UNAVAILABLE, cause });
    this.node = node;
  }
}

/**
 * The node was fenced while a client of it was handed out: its data has left the history of a newer primary, or two nodes
 * write one timeline. The connection was destroyed. This reaches the statement that was in flight.
 */
export class NodeFencedError extends RouterError<'ERR_NODE_FENCED'> {
  readonly node: string;

  constructor(node: string) {
    super('ERR_NODE_FENCED', `${node} was fenced: it is not the primary any more, or not the only one`, 'unknown', {
      status: 500,
    });
    this.node = node;
  }
}

/** The statement or the COMMIT was sent and no answer came: it may have happened. Never retried. */
export class OutcomeUnknownError extends RouterError<'ERR_OUTCOME_UNKNOWN'> {
  readonly node: string;

  constructor(node: string, cause?: unknown) {
    super('ERR_OUTCOME_UNKNOWN', `${node} was asked and did not answer: it may have happened`, 'unknown', {
      status: 500,
      cause,
    });
    this.node = node;
  }
}

/** The transaction, or the statement that was one, did not happen. */
export class RolledBackError extends RouterError<'ERR_ROLLED_BACK'> {
  constructor(why: 'commit-said-rollback' | 'connection-lost', cause?: unknown) {
    const messages = {
      'commit-said-rollback': 'COMMIT answered ROLLBACK: a statement of the transaction had failed',
      'connection-lost': 'the connection was lost before COMMIT',
    };
    super('ERR_ROLLED_BACK', messages[why], 'rolled-back', {
      ...(why === 'connection-lost' ? UNAVAILABLE : { status: 500 }),
      cause,
    });
  }
}

/** An advisory lock taken on a replica excludes nobody. */
export class AdvisoryLockError extends RouterError<'ERR_ADVISORY_LOCK_ON_REPLICA'> {
  constructor() {
    super(
      'ERR_ADVISORY_LOCK_ON_REPLICA',
      'an advisory lock on a replica excludes nobody: take it with write(), transaction() or router.primary',
      'not-sent',
    );
  }
}

/** `transaction()` inside the callback of another one: it would run beside it, not in it. */
export class NestedTransactionError extends RouterError<'ERR_NESTED_TRANSACTION'> {
  constructor() {
    super(
      'ERR_NESTED_TRANSACTION',
      'transaction() inside a transaction: use the tx you have, or a SAVEPOINT',
      'not-sent',
    );
  }
}

/** The `tx` was used after its transaction had ended. */
export class TransactionClosedError extends RouterError<'ERR_TRANSACTION_CLOSED'> {
  constructor() {
    super('ERR_TRANSACTION_CLOSED', 'this tx has ended: await every statement inside the callback', 'not-sent');
  }
}

/**
 * BEGIN, COMMIT or ROLLBACK inside a transaction of the router's: it begins and ends it itself. Refused before it is sent
 * (`not-sent`), or found out at the end, when a statement of several had one in it (`unknown`).
 */
export class TransactionControlError extends RouterError<'ERR_TRANSACTION_CONTROL'> {
  constructor(outcome: 'not-sent' | 'unknown' = 'not-sent', cause?: unknown) {
    super(
      'ERR_TRANSACTION_CONTROL',
      'the router begins and ends the transaction: return or throw, or use a SAVEPOINT',
      outcome,
      cause === undefined ? {} : { cause },
    );
  }
}

/** The callback returned while statements of it were under way: the transaction was rolled back. */
export class TransactionLeakedError extends RouterError<'ERR_TRANSACTION_LEAKED'> {
  constructor() {
    super(
      'ERR_TRANSACTION_LEAKED',
      'the callback returned before its statements had ended: await every one',
      'rolled-back',
    );
  }
}

/**
 * A single statement began a transaction and did not end it. Nobody could have ended it later: its connection was closed,
 * and the transaction rolled back. `unknown` if a part of the statement was committed before.
 */
export class TransactionLeftOpenError extends RouterError<'ERR_TRANSACTION_LEFT_OPEN'> {
  constructor(outcome: 'rolled-back' | 'unknown') {
    super(
      'ERR_TRANSACTION_LEFT_OPEN',
      'the statement left a transaction open, which was rolled back: use transaction(), or a client of connect()',
      outcome,
    );
  }
}

/** A statement of a batch cannot be part of one. */
export class BatchStatementError extends RouterError<'ERR_BATCH_STATEMENT'> {
  /** Its place in the list. */
  readonly index: number;

  constructor(index: number, why: 'transaction-control' | 'value' | 'shape', cause?: unknown) {
    const messages = {
      'transaction-control': 'controls transactions, and a batch is one',
      value: 'has a value that cannot be sent',
      shape: 'must be { text, values? }, its text without a zero byte',
    };
    super('ERR_BATCH_STATEMENT', `statement ${index} of the batch ${messages[why]}`, 'not-sent', { cause });
    this.index = index;
  }
}

/**
 * The caller went away: before anything was sent (`not-sent`), or while a read was under way, which is then cancelled on its
 * server. On a standby nothing can have been written (`rolled-back`); on the primary a function in it may have (`unknown`).
 */
export class AbortedError extends RouterError<'ERR_ABORTED'> {
  constructor(outcome: 'not-sent' | 'rolled-back' | 'unknown' = 'not-sent') {
    const message =
      outcome === 'not-sent'
        ? 'the caller went away before anything was sent'
        : 'the caller went away while its read was under way: the read is cancelled on its server';
    super('ERR_ABORTED', message, outcome, { status: 499, expose: false });
  }
}

/** The router was closed. */
export class RouterClosedError extends RouterError<'ERR_ROUTER_CLOSED'> {
  constructor() {
    super('ERR_ROUTER_CLOSED', 'the router is closed', 'not-sent', UNAVAILABLE);
  }
}
