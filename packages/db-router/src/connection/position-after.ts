import type { Clock } from '@regionkit/core/kit';
import type { Connection, PoolClient } from 'pg';
import { NodeUnavailableError } from '../errors.ts';
import { parseLsn } from '../history/lsn.ts';
import { readSenders } from '../topology/readings.ts';
import { giveTurn, hasTurn, noteAside } from './driver-queues.ts';
import type { PoolNode } from './node.ts';
import { isErrorMessage } from './protocol-state.ts';
import type { Conversation, RowMessage } from './submittable.ts';

/** The answer to the query for a position. */
export interface Position {
  /** Undefined if it could not be read. */
  readonly lsn: bigint | undefined;
  /** How many standbys were connected to the primary then. Undefined if the answer does not contain it. */
  readonly senders: number | undefined;
}

export const UNKNOWN_POSITION: Position = { lsn: undefined, senders: undefined };

/** What the query for a position needs, to be sent after a statement. */
export interface PositionQuery {
  readonly sql: string;
  readonly node: Pick<PoolNode, 'id' | 'pairing'>;
  readonly client: PoolClient;
  readonly clock: Clock;
  /** How long its answer may come after the answer of the statement, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * The query for the position, in the same write to the socket as the statement before it. Each has its own Sync, so the
 * statement is committed and answered first, and an error of one is not an error of the other
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING).
 *
 * node-postgres expects one answer at a time. When the statement has been answered, this query takes its place.
 */
export class PositionAfter implements Conversation {
  callback = (): void => {};
  isSent = false;
  /** The server reports that it is ready after the failed statement, and again after this query. */
  private statementFailed = false;
  private answer = UNKNOWN_POSITION;
  private columns: readonly string[] = [];
  private isSettled = false;
  private listener: (position: Position) => void = () => {};
  private cancelTimer = (): void => {};
  private readonly query: PositionQuery;

  constructor(query: PositionQuery) {
    this.query = query;
  }

  /**
   * Sends the query, unless a transaction is open, or this version of node-postgres passes its messages in another way:
   * then it has to be asked afterwards.
   */
  sendAfter(statement: object, connection: Connection): void {
    const { client, sql } = this.query;
    if (!hasTurn(client, statement) || client.getTransactionStatus() !== 'I') return;
    connection.query(sql);
    noteAside(this);
    this.isSent = true;
  }

  /** The statement was answered. The next messages are for this query. */
  takeTurn(): void {
    if (!this.isSent || this.isSettled) return;
    giveTurn(this.query.client, this);
    this.cancelTimer();
    this.cancelTimer = this.query.clock.schedule(() => this.giveUpUnlessHere(), this.query.timeoutMs);
  }

  /** The same, if an error is the answer of the server. A parser of the app may throw any error, and so may a socket. */
  takeTurnAfter(error: unknown): void {
    if (!isErrorMessage(this.query.client, error)) return;
    this.statementFailed = true;
    this.takeTurn();
  }

  /** Calls back once the position is known, or cannot be read. */
  onKnown(listener: (position: Position) => void): void {
    if (this.isSettled) listener(this.answer);
    else this.listener = listener;
  }

  /** After a blocked event loop the timer comes first, and the answer is still to be read from the socket. */
  private giveUpUnlessHere(): void {
    setImmediate(() => {
      if (!this.isSettled) this.giveUp();
    });
  }

  /**
   * A pooler may drop the second of two queries, also only if the first one fails. Its connection is lost then, and the
   * pool is asked for its positions afterwards for a while.
   */
  private giveUp(): void {
    const { node, client } = this.query;
    node.pairing.noteMissed();
    this.settle();
    client.connection.stream.destroy(new NodeUnavailableError(node.id));
  }

  private settle(): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.cancelTimer();
    this.listener(this.answer);
  }

  handleRowDescription({ fields }: { readonly fields: readonly unknown[] }): void {
    this.columns = (fields as readonly { readonly name: string }[]).map(({ name }) => name);
  }

  handleDataRow({ fields }: RowMessage): void {
    const position = fields[this.columns.indexOf('position')];
    this.answer = {
      lsn: typeof position === 'string' ? parseLsn(position) : undefined,
      senders: readSenders(fields[this.columns.indexOf('senders')]),
    };
  }

  handleReadyForQuery(): void {
    if (this.statementFailed) {
      this.statementFailed = false;
      this.takeTurn();
      return;
    }
    this.query.node.pairing.noteAnswered();
    this.settle();
  }

  handleError(): void {
    this.settle();
  }

  submit(): Error | null {
    return null;
  }
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}
