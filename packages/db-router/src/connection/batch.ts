import pg, { type Connection, type PoolClient, type QueryResult } from 'pg';
import { BatchStatementError } from '../errors.ts';
import { parseLsn } from '../history/lsn.ts';
import { NO_POSITION, readSenders } from '../topology/readings.ts';
import { TRANSACTION_ID_SQL } from './followed-query.ts';
import { isEndOfSession, noteUndone } from './protocol-state.ts';
import { type Conversation, converse, isSubmittable } from './submittable.ts';
import { controlsTransaction, mayOnlyRead } from './transaction-control.ts';

/** One statement of a batch. */
export interface BatchStatement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** The result of a batch that did not throw. */
export interface BatchResult {
  readonly results: readonly QueryResult[];
  /** The position after COMMIT. Undefined if it could not be read. */
  readonly lsn: bigint | undefined;
  /** False if it certainly changed nothing. */
  readonly wrote: boolean;
  /** How many standbys were connected to the primary then. Undefined if the answer does not contain it. */
  readonly senders: number | undefined;
}

/** A batch failed: with what error, and by what command tag its transaction ended. */
export interface BatchFailure {
  readonly error: unknown;
  readonly tag: 'COMMIT' | 'ROLLBACK' | undefined;
}

interface Prepared {
  readonly text: string;
  readonly values: readonly (string | Buffer | null)[];
}

/**
 * Serialises every value before the first byte is sent. A value that fails must not leave half a transaction behind.
 *
 * @throws {BatchStatementError} A statement or a value cannot be part of a batch.
 */
export function prepareBatch(statements: readonly BatchStatement[]): readonly Prepared[] {
  return statements.map((statement, index) => {
    const { text, values = [] } = (statement ?? {}) as Partial<BatchStatement>;
    if (typeof text !== 'string' || text.includes('\0') || !Array.isArray(values) || isSubmittable(statement))
      throw new BatchStatementError(index, 'shape');
    if (controlsTransaction(text)) throw new BatchStatementError(index, 'transaction-control');
    try {
      return { text, values: values.map(serialise) };
    } catch (error) {
      throw new BatchStatementError(index, 'value', error);
    }
  });
}

function serialise(value: unknown): string | Buffer | null {
  const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils;
  const prepared = prepareValue(value);
  if (prepared === null || prepared === undefined) return null;
  if (typeof prepared === 'string' || Buffer.isBuffer(prepared)) return prepared;
  throw new TypeError('the value does not serialise to text or bytes');
}

/** The result class of node-postgres. Its declarations do not include this type. */
interface ResultInProgress extends QueryResult {
  addFields(fields: readonly unknown[]): void;
  parseRow(fields: readonly (string | null)[]): Record<string, unknown>;
  addRow(row: Record<string, unknown>): void;
  addCommandComplete(message: unknown): void;
}

type Wire = Connection & {
  parse(message: { text: string }): void;
  bind(message: { values: readonly unknown[] }): void;
  describe(message: { type: 'P' }): void;
  execute(message: object): void;
};

/**
 * Sends BEGIN, the statements, COMMIT and the query for the position before one Sync. After an error the server
 * discards everything up to the Sync, so nothing after a failure runs or commits
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING). The tag of COMMIT decides;
 * nothing that follows changes it.
 *
 * @throws {BatchFailure}
 */
export function runBatch(
  client: PoolClient,
  statements: readonly Prepared[],
  begin: string,
  positionSql: string,
): Promise<BatchResult> {
  return new Promise((resolve, reject) => {
    const types = { getTypeParser: client.getTypeParser.bind(client) };
    const asks = positionSql !== NO_POSITION && statements.every(({ text }) => mayOnlyRead(text));
    const question = asks ? [TRANSACTION_ID_SQL] : [];
    const position = positionSql === NO_POSITION ? [] : [positionSql];
    const texts = [begin, ...statements.map(({ text }) => text), ...question, 'COMMIT', ...position];
    const results: ResultInProgress[] = [];
    let current = newResult(types);
    let tag: 'COMMIT' | 'ROLLBACK' | undefined;
    let failed: unknown;
    let sent = false;
    let settled = false;

    const commitAt = texts.indexOf('COMMIT', statements.length + 1);
    const next = (): void => {
      results.push(current);
      current = newResult(types);
    };
    const settle = (): void => {
      if (settled) return;
      settled = true;
      conversation.callback();
      if (tag === 'COMMIT') {
        const { position, senders } = (results[commitAt + 1]?.rows[0] ?? {}) as Record<string, unknown>;
        resolve({
          results: results.slice(1, statements.length + 1),
          wrote: !asks || results[commitAt - 1]?.rows[0]?.['pg_current_xact_id_if_assigned'] !== null,
          lsn: typeof position === 'string' ? parseLsn(position) : undefined,
          senders: readSenders(senders),
        });
      } else reject({ error: failed ?? new Error('the batch was not answered'), tag } satisfies BatchFailure);
    };

    const conversation: Conversation = {
      callback: () => {},
      submit: (connection) => {
        const wire = connection as Wire;
        wire.stream.cork();
        try {
          sent = true;
          texts.forEach((text, index) => {
            wire.parse({ text });
            wire.bind({ values: statements[index - 1]?.values ?? [] });
            wire.describe({ type: 'P' });
            wire.execute({});
          });
          wire.sync();
        } finally {
          wire.stream.uncork();
        }
        return null;
      },
      handleRowDescription: ({ fields }) => current.addFields(fields),
      handleDataRow: ({ fields }) => {
        try {
          current.addRow(current.parseRow(fields));
        } catch (error) {
          // A type parser of the app failed. This does not change what the server did.
          failed ??= error;
        }
      },
      handleCommandComplete: (message) => {
        if (results.length === commitAt) tag = message.text === 'COMMIT' ? 'COMMIT' : 'ROLLBACK';
        current.addCommandComplete(message);
        next();
      },
      handleEmptyQuery: next,
      handlePortalSuspended: next,
      handleCopyInResponse: (connection) => {
        (connection as unknown as { sendCopyFail(why: string): void }).sendCopyFail('a batch has no data to copy');
      },
      handleCopyData: () => {},
      handleError: (error) => {
        // The other answers do not matter: nothing takes effect before COMMIT.
        if (!sent || (tag === undefined && isEndOfSession(error))) noteUndone(error as object);
        failed ??= error;
        settle();
      },
      handleReadyForQuery: settle,
    };
    converse(client, conversation);
  });
}

function newResult(types: object): ResultInProgress {
  return new pg.Result('', types as never) as unknown as ResultInProgress;
}
