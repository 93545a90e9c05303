import type { NodeState, NoPrimaryReason } from './reasons.ts';
import { RouterError } from './router-error.ts';

const UNAVAILABLE = { status: 503, headers: { 'retry-after': '1' } } as const;

/** One node, as `ERR_NO_PRIMARY` describes it. */
export interface NodeSituation {
  /** `region/node`. */
  readonly node: string;
  readonly state: NodeState;
  /** The timeline of the node, or a lower bound of it; 0 if nothing is known. */
  readonly timeline: number;
  /** The system identifier of its database in decimal. Absent if it has never answered. */
  readonly system?: string;
  /** Why it could not be probed last: a SQLSTATE, an errno, or a code of the router. */
  readonly code?: string;
}

/** No primary is known, or it is not certain which node is the primary. Nothing was sent. Retry later. */
export class NoPrimaryError extends RouterError<'ERR_NO_PRIMARY'> {
  readonly reason: NoPrimaryReason;
  /** The situation of every node. */
  readonly nodes: readonly NodeSituation[];

  /**
   * @param cause why a database could not be probed
   * @param nodes the situation of every node
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
      'in-vain': 'every database refuses this process, see `cause`',
    };
    const message = `no primary can take a write (${reason}; ${waited[held]})${listNodes(nodes)}`;
    super('ERR_NO_PRIMARY', message, 'not-sent', { ...UNAVAILABLE, cause });
    this.reason = reason;
    this.nodes = nodes;
  }
}

const MAX_LISTED = 8;

/** In one line. `nodes` contains all of them. */
function listNodes(nodes: readonly NodeSituation[]): string {
  const systems = new Set(nodes.map(({ system }) => system).filter((system) => system !== undefined));
  const listed = nodes.slice(0, MAX_LISTED).map(({ node, state, code, system }) => {
    const of = systems.size > 1 && system !== undefined ? ` system ${system}` : '';
    return `${node} ${state}${code === undefined ? '' : ` ${code}`}${of}`;
  });
  return listed.length === 0 ? '' : `: ${listed.join(', ')}${nodes.length > MAX_LISTED ? ', …' : ''}`;
}

/**
 * The statement belongs to the primary's region, and the policy does not run it from here. Nothing was sent. Send the
 * request to `region`.
 */
export class NotPrimaryRegionError extends RouterError<'ERR_NOT_PRIMARY_REGION'> {
  /** The primary's region. */
  readonly region: string;
  readonly intent: 'read' | 'write';

  /**
   * @param asked `pool`: a statement of `router.pool` outside a scope, so it is not known whether it reads or writes
   */
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

/** No reachable node has replayed what this request must see. Nothing was sent. */
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

/** No node can serve a read. Nothing was sent. */
export class NoReadableNodeError extends RouterError<'ERR_NO_READABLE_NODE'> {
  constructor(cause?: unknown) {
    super('ERR_NO_READABLE_NODE', 'no node can serve a read', 'not-sent', { ...UNAVAILABLE, cause });
  }
}

/** The router could not connect to the node. Nothing was sent. */
export class NodeUnavailableError extends RouterError<'ERR_NODE_UNAVAILABLE'> {
  /** `region/node`. */
  readonly node: string;

  constructor(node: string, cause?: unknown) {
    super('ERR_NODE_UNAVAILABLE', `could not connect to ${node}`, 'not-sent', { ...UNAVAILABLE, cause });
    this.node = node;
  }
}

/**
 * The node was fenced while one of its clients was handed out: its data has left the history of a newer primary, or two
 * nodes write one timeline. The connection was destroyed. The running statement gets this error.
 */
export class NodeFencedError extends RouterError<'ERR_NODE_FENCED'> {
  readonly node: string;

  constructor(node: string) {
    super('ERR_NODE_FENCED', `${node} was fenced: it is no longer the primary, or not the only one`, 'unknown', {
      status: 500,
    });
    this.node = node;
  }
}

/** The statement or the COMMIT was sent, but no answer came. It may have been executed. It is never retried. */
export class OutcomeUnknownError extends RouterError<'ERR_OUTCOME_UNKNOWN'> {
  readonly node: string;

  constructor(node: string, cause?: unknown) {
    super(
      'ERR_OUTCOME_UNKNOWN',
      `the statement was sent to ${node} and no answer came: it may have been executed; check before you send it again`,
      'unknown',
      {
        status: 500,
        cause,
      },
    );
    this.node = node;
  }
}

/** The transaction, or the single statement, did not take effect. */
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

/** An advisory lock on a standby excludes no other session. Nothing was sent. */
export class AdvisoryLockError extends RouterError<'ERR_ADVISORY_LOCK_ON_REPLICA'> {
  constructor() {
    super(
      'ERR_ADVISORY_LOCK_ON_REPLICA',
      'an advisory lock on a replica excludes no other session: take it with write(), transaction() or router.primary',
      'not-sent',
    );
  }
}

/** `transaction()` was called inside the callback of another one. It would run beside that one, not in it. */
export class NestedTransactionError extends RouterError<'ERR_NESTED_TRANSACTION'> {
  constructor() {
    super(
      'ERR_NESTED_TRANSACTION',
      'transaction() inside a transaction: use the tx you have, or a SAVEPOINT',
      'not-sent',
    );
  }
}

/** The `tx` was used after the end of its transaction. */
export class TransactionClosedError extends RouterError<'ERR_TRANSACTION_CLOSED'> {
  constructor() {
    super('ERR_TRANSACTION_CLOSED', 'this tx has ended: await every statement inside the callback', 'not-sent');
  }
}

/**
 * BEGIN, COMMIT or ROLLBACK inside a transaction of the router, which begins and ends it itself. Refused before it is
 * sent (`not-sent`), or detected at the end, if a text with several statements contained it, or the function of `ledger.onceIn()`
 * did it (`unknown`).
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

/** The callback returned while statements of its transaction were running. The transaction was rolled back. */
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
 * A single statement began a transaction and did not end it. No later code could end it, so the connection was closed
 * and the transaction rolled back. `unknown` if a part of the statement had been committed before.
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

/** A statement cannot be part of a batch. Nothing was sent. */
export class BatchStatementError extends RouterError<'ERR_BATCH_STATEMENT'> {
  /** Its position in the list, from 0. */
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

/** `pauseWrites()` was refused. Writes go on as before. */
export class PauseRefusedError extends RouterError<'ERR_PAUSE_REFUSED'> {
  readonly reason: 'already-paused' | 'too-soon' | 'no-primary' | 'not-primary-region';
  /** With `too-soon`: how long to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** With `not-primary-region`: the region to call it in. */
  readonly region: string | undefined;

  constructor(
    reason: PauseRefusedError['reason'],
    detail: { readonly retryAfterMs?: number; readonly region?: string } = {},
  ) {
    const why = {
      'already-paused': 'a pause is on: wait for its end, or call resumeWrites()',
      'too-soon': 'writes must flow for a while after the last pause: call it again later',
      'no-primary': 'no primary is known, so writes are held without a pause',
      'not-primary-region': `only the region of the primary can pause: call it in ${detail.region ?? 'that region'}`,
    };
    super('ERR_PAUSE_REFUSED', `the writes were not paused: ${why[reason]}`, 'not-sent', { status: 409 });
    this.reason = reason;
    this.retryAfterMs = detail.retryAfterMs;
    this.region = detail.region;
  }
}

/**
 * The client disconnected, or the signal was aborted. `not-sent`: before anything was sent. A running read is cancelled on
 * its server: `rolled-back` on a standby, which cannot have written; `unknown` on the primary, where a function may have.
 */
export class AbortedError extends RouterError<'ERR_ABORTED'> {
  constructor(outcome: 'not-sent' | 'rolled-back' | 'unknown' = 'not-sent') {
    const message =
      outcome === 'not-sent'
        ? 'the caller disconnected or aborted before anything was sent'
        : 'the caller disconnected or aborted during its read: the read is cancelled on its server';
    super('ERR_ABORTED', message, outcome, { status: 499, expose: false });
  }
}

/** The router was closed. Nothing was sent. */
export class RouterClosedError extends RouterError<'ERR_ROUTER_CLOSED'> {
  constructor() {
    super('ERR_ROUTER_CLOSED', 'the router is closed', 'not-sent', UNAVAILABLE);
  }
}
