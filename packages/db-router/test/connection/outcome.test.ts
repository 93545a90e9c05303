import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { isRouterError } from '../../src/any-router-error.ts';
import { classify, outcomeOf } from '../../src/connection/outcome.ts';
import { isEndOfSession, noteUndone } from '../../src/connection/protocol-state.ts';
import { NodeFencedError, NoPrimaryError, OutcomeUnknownError } from '../../src/errors.ts';
import { ForwardError } from '../../src/http/errors.ts';

function serverError(code: string, severity = 'ERROR', message = 'übersetzt'): Error {
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code, severity });
}
function systemError(code: string): Error {
  return Object.assign(new Error(`write ${code}`), { code });
}

const onPrimary = { phase: 'statement', inRecovery: false } as const;
const onStandby = { phase: 'statement', inRecovery: true } as const;
const opening = { phase: 'open', inRecovery: false } as const;
const committing = { phase: 'commit', inRecovery: false } as const;

describe('classify()', () => {
  it.each([
    ['ECONNREFUSED', systemError('ECONNREFUSED')],
    ['ENOTFOUND', systemError('ENOTFOUND')],
    ['ETIMEDOUT', systemError('ETIMEDOUT')],
    ['a name with two addresses', Object.assign(new AggregateError([systemError('ECONNREFUSED')]), {})],
    ['57P03, starting up', serverError('57P03', 'FATAL')],
    ['53300, too many connections', serverError('53300', 'FATAL')],
    ['a pool that ran out of time for a new connection', new Error('Connection terminated due to connection timeout')],
    ['the server went away', new Error('Connection terminated unexpectedly')],
  ])('says that nothing was sent when a connection was not had: %s', (_name, error) => {
    expect(classify(error, opening)).toMatchObject({ kind: 'not-sent', outcome: 'not-sent' });
  });

  it.each([
    ['a pool that is full', new Error('timeout exceeded when trying to connect')],
    ['a hook of the app that throws', new Error('not today')],
    ['a hook of the app whose statement is wrong', serverError('42601')],
    ['TLS that the server does not have', new Error('The server does not support SSL connections')],
    ['a certificate that does not fit', Object.assign(new Error('tls'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })],
  ])('gives back what another try would not change: %s', (_name, error) => {
    expect(classify(error, opening)).toMatchObject({ kind: 'refused', outcome: 'not-sent' });
  });

  it.each(['28P01', '28000', '3D000', '42501'])('does not try again with a login that was refused: %s', (code) => {
    expect(classify(serverError(code, 'FATAL'), opening)).toMatchObject({ kind: 'login', outcome: 'not-sent' });
  });

  it.each([
    ['25006', onPrimary, 'read-only', 'rolled-back'],
    ['25006', onStandby, 'read-only', 'rolled-back'],
    ['0A000', onStandby, 'statement', 'rolled-back'],
    ['0A000', onPrimary, 'statement', 'rolled-back'],
    ['40001', onStandby, 'conflict', 'rolled-back'],
    ['40P01', onStandby, 'conflict', 'rolled-back'],
    ['57P01', onStandby, 'conflict', 'rolled-back'],
    ['40001', onPrimary, 'serialization', 'rolled-back'],
    ['40003', onPrimary, 'lost', 'unknown'],
    ['40P01', onPrimary, 'serialization', 'rolled-back'],
    ['40001', committing, 'serialization', 'rolled-back'],
    ['57P01', onPrimary, 'lost', 'unknown'],
    ['57P02', onPrimary, 'lost', 'unknown'],
    ['57P02', onStandby, 'lost', 'rolled-back'],
    ['57P05', onPrimary, 'lost', 'unknown'],
    ['08006', onPrimary, 'lost', 'unknown'],
    ['25P03', onPrimary, 'lost', 'unknown'],
    ['57014', onPrimary, 'statement', 'rolled-back'],
    ['23505', onPrimary, 'statement', 'rolled-back'],
    ['23505', committing, 'statement', 'rolled-back'],
    ['42601', onStandby, 'statement', 'rolled-back'],
    ['53100', onPrimary, 'statement', 'rolled-back'],
  ] as const)('%s %o is %s, %s', (code, place, kind, outcome) => {
    expect(classify(serverError(code), place)).toMatchObject({ kind, outcome, code });
  });

  it.each(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])('cannot tell after %s in flight, except on a standby', (code) => {
    expect(classify(systemError(code), onPrimary)).toMatchObject({ kind: 'lost', outcome: 'unknown', code });
    expect(classify(systemError(code), onStandby)).toMatchObject({ kind: 'lost', outcome: 'rolled-back' });
  });

  it('knows the errors of node-postgres that carry no code', () => {
    expect(classify(new Error('Connection terminated unexpectedly'), onPrimary)).toMatchObject({
      kind: 'lost',
      outcome: 'unknown',
    });
    expect(classify(new Error('Query read timeout'), onPrimary)).toMatchObject({ kind: 'timeout', outcome: 'unknown' });
  });

  it('believes a statement to be unsent only where nothing was sent before it on its connection', () => {
    for (const message of [
      'Client has encountered a connection error and is not queryable',
      'Client was closed and is not queryable',
    ]) {
      const error = new Error(message);
      // It may be the ROLLBACK behind a COMMIT that nobody answered.
      expect(classify(error, onPrimary)).toMatchObject({ kind: 'lost', outcome: 'unknown' });
      expect(outcomeOf(new Error('Failed query: rollback', { cause: error }))).toBe('unknown');
      noteUndone(error);
      expect(classify(error, onPrimary)).toMatchObject({ kind: 'not-sent', outcome: 'not-sent' });
      expect(outcomeOf(new Error('Failed query: begin', { cause: error }))).toBe('not-sent');
    }
  });

  it('knows of a session that recovery ended that it was on a standby, wherever it is asked', () => {
    // PostgreSQL 15 and 16, and those after them.
    for (const routine of ['ProcessInterrupts', 'ProcessRecoveryConflictInterrupt']) {
      const ended = Object.assign(serverError('40001', 'FATAL'), { routine });
      expect(classify(ended, onPrimary)).toMatchObject({ kind: 'conflict', outcome: 'rolled-back' });
      expect(outcomeOf(ended)).toBe('rolled-back');
    }
    for (const other of [serverError('40001', 'FATAL'), serverError('57P01', 'FATAL')]) {
      expect(outcomeOf(Object.assign(other, { routine: 'of another engine' }))).toBe('unknown');
    }
  });

  it('takes 0A000 for a write only where a function of recovery says it', () => {
    const of = (routine: string) => Object.assign(serverError('0A000'), { routine });
    for (const routine of ['call_bool_check_hook', 'call_enum_check_hook', 'GetSerializableTransactionSnapshot']) {
      expect(classify(of(routine), onStandby)).toMatchObject({ kind: 'read-only', outcome: 'rolled-back' });
      expect(classify(of(routine), onPrimary)).toMatchObject({ kind: 'statement' });
    }
    for (const routine of ['CheckSelectLocking', 'transformSetOperationStmt', 'RangeVarGetRelidExtended'])
      expect(classify(of(routine), onStandby)).toMatchObject({ kind: 'statement', outcome: 'rolled-back' });
    for (const place of [onStandby, onPrimary])
      expect(classify(of('RevalidateCachedQuery'), place)).toMatchObject({ kind: 'stale-statement' });
    expect(classify(serverError('26000'), onStandby)).toMatchObject({ kind: 'stale-statement' });
  });

  it('takes a fatal error for a lost connection, in English or by its class', () => {
    expect(classify(serverError('XX000', 'PANIC'), onPrimary).outcome).toBe('unknown');
    expect(classify(serverError('58030', 'SCHWERWIEGEND'), onPrimary).outcome).toBe('unknown');
    expect(classify(serverError('23505', 'FEHLER'), onPrimary).outcome).toBe('rolled-back');
    expect(classify(serverError('XX000', 'ERROR'), onPrimary).outcome).toBe('rolled-back');
  });

  it('does not take an errno of five letters for an SQLSTATE', () => {
    expect(classify(systemError('EPIPE'), onPrimary).kind).toBe('lost');
  });

  it('believes no error to be unsent by its class alone: a type parser throws after the fact', () => {
    const refused = new TypeError('null query');
    expect(classify(refused, onPrimary)).toMatchObject({ kind: 'statement', outcome: 'unknown' });
    noteUndone(refused);
    expect(classify(refused, onPrimary)).toMatchObject({ kind: 'statement', outcome: 'not-sent' });
  });

  it('knows that nothing was done where the server ended the session in place of an answer', () => {
    const ended = Object.assign(serverError('57P01', 'FATAL'), { routine: 'ProcessInterrupts' });
    expect(isEndOfSession(ended)).toBe(true);
    expect(classify(ended, onPrimary)).toMatchObject({ kind: 'lost', outcome: 'unknown' });
    noteUndone(ended);
    expect(classify(ended, onPrimary)).toMatchObject({ kind: 'ended', outcome: 'rolled-back', code: '57P01' });
    // A pooler says as much in the server’s name.
    expect(isEndOfSession(serverError('57P01', 'FATAL'))).toBe(false);
    expect(isEndOfSession(undefined)).toBe(false);
  });

  it('cannot tell what an error it does not know means for a write', () => {
    expect(classify(new Error('what?'), onPrimary)).toMatchObject({ kind: 'statement', outcome: 'unknown' });
    expect(classify(undefined, onPrimary).outcome).toBe('unknown');
  });
});

describe('outcomeOf()', () => {
  const turnedBack = new ForwardError(
    { code: 'ERR_FORWARD_NOT_PRIMARY', outcome: 'rejected', proxyError: 'destination_unavailable' },
    { self: 'eu', region: 'us', retryAfterSeconds: 1 },
  );
  it('reads the outcome of a router’s error, and classifies any other', () => {
    expect(outcomeOf(new NoPrimaryError('no-primary', 'timed-out'))).toBe('not-sent');
    expect(outcomeOf(new OutcomeUnknownError('us/0'))).toBe('unknown');
    expect(outcomeOf(new NodeFencedError('us/0'))).toBe('unknown');
    expect(outcomeOf(turnedBack)).toBe('rejected');
    expect(outcomeOf(serverError('23505'))).toBe('rolled-back');
    expect(outcomeOf(systemError('ECONNRESET'))).toBe('unknown');
  });

  it('looks behind what an ORM has wrapped around it', () => {
    const wrapped = (cause: unknown) => new Error('Failed query: insert', { cause });
    expect(outcomeOf(wrapped(new NoPrimaryError('no-primary', 'timed-out')))).toBe('not-sent');
    expect(outcomeOf(wrapped(serverError('23505')))).toBe('rolled-back');
    expect(outcomeOf(wrapped(wrapped(systemError('ECONNRESET'))))).toBe('unknown');
    // It may have a code of its own.
    expect(outcomeOf(Object.assign(wrapped(serverError('23505')), { code: 'P2002' }))).toBe('rolled-back');
    const outer = Object.assign(wrapped(wrapped(new NoPrimaryError('no-primary', 'full'))), { code: 'P2010' });
    expect(outcomeOf(outer)).toBe('not-sent');
    const endless = new Error('of itself');
    endless.cause = endless;
    expect(outcomeOf(endless)).toBe('unknown');
  });
});

describe('isRouterError()', () => {
  it('knows the errors of a router, and no others', () => {
    expect(isRouterError(new NoPrimaryError('no-primary', 'timed-out'))).toBe(true);
    for (const other of [turnedBackAs('ERR_NO_PRIMARY'), new Error('x'), undefined, null, serverError('23505')]) {
      expect(isRouterError(other)).toBe(false);
    }
  });

  const turnedBackAs = (code: string): Error => Object.assign(new Error('x'), { code, outcome: 'not-sent' });
});
