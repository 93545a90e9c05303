import { describe, expect, it } from 'vitest';
import { takesAdvisoryLock } from '../../src/connection/advisory-lock.ts';
import { controlsTransaction, isCommit, isOneStatement, mayCommit } from '../../src/connection/transaction-control.ts';

describe('controlsTransaction()', () => {
  it.each([
    'BEGIN',
    'begin isolation level serializable',
    ' \n\tCommit',
    '/* a */ -- b\n END',
    'ROLLBACK',
    'rollback work',
    'ABORT',
    'START TRANSACTION READ ONLY',
    "PREPARE TRANSACTION 'x'",
    "COMMIT PREPARED 'x'",
    '/* a * / */commit',
    '; commit',
    '/* a /* b */ c */ commit',
  ])('%j', (text) => {
    expect(controlsTransaction(text)).toBe(true);
  });

  it.each([
    'SELECT 1',
    'ROLLBACK TO SAVEPOINT a',
    'rollback transaction to a',
    'SAVEPOINT commit',
    'RELEASE a',
    'PREPARE x AS SELECT 1',
    'INSERT INTO commit VALUES (1)',
    'beginning',
    "SELECT 'COMMIT'",
    'endless',
    '',
  ])('not %j', (text) => {
    expect(controlsTransaction(text)).toBe(false);
  });

  it('is not slowed down by hostile white space and comments', () => {
    const text = `${'/*'.repeat(20_000)}${' \n'.repeat(20_000)}${'-'.repeat(20_000)}`;
    expect(controlsTransaction(text)).toBe(false);
    expect(controlsTransaction(`${'/* x */ '.repeat(10_000)}COMMIT`)).toBe(true);
  });
});

describe('isCommit()', () => {
  it.each(['commit', 'COMMIT;', ' commit work ', 'END', 'commit transaction ;'])('%j', (text) =>
    expect(isCommit(text)).toBe(true),
  );
  it.each(['commit; select 1', "commit prepared 'x'", 'commit and chain', 'select 1'])('not %j', (text) =>
    expect(isCommit(text)).toBe(false),
  );
});

describe('mayCommit()', () => {
  it.each([
    'CALL p()',
    ' /* x */ do $$ begin end $$',
    '-- x\ncall s.p(1)',
    'CREATE INDEX CONCURRENTLY i ON t (a)',
    'create unique index\n concurrently if not exists i on t (a)',
    'DROP INDEX CONCURRENTLY i',
    'REINDEX TABLE t',
    'reindex (verbose) index concurrently i',
    'REFRESH MATERIALIZED VIEW CONCURRENTLY v',
    'ALTER TABLE t DETACH PARTITION p CONCURRENTLY',
    "ALTER TYPE mood ADD VALUE 'x' BEFORE 'y'",
    'VACUUM (FULL) t',
    'CLUSTER',
    'analyze',
    'CREATE DATABASE d',
    'drop tablespace s',
    'CREATE SUBSCRIPTION s CONNECTION c PUBLICATION p',
    "ALTER SYSTEM SET a = 'b'",
    "COMMIT PREPARED 'x'",
    'DISCARD ALL',
  ])('%j', (text) => {
    expect(mayCommit(text)).toBe(true);
    expect(mayCommit({ text })).toBe(true);
  });
  it.each([
    'SELECT call()',
    'INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING',
    'calls',
    '',
    'CREATE INDEX i ON t (a)',
    'ALTER TYPE mood RENAME TO humour',
    'REFRESH MATERIALIZED VIEW v',
    'discard temp',
    'CREATE TABLE database (a int)',
  ])('not %j', (text) => {
    expect(mayCommit(text)).toBe(false);
  });
});

describe('isOneStatement()', () => {
  it.each([
    ['SELECT 1'],
    ['SELECT 1; ; \n'],
    ['INSERT INTO t VALUES (\'a;b\', "c;d")'],
    ["INSERT INTO t VALUES ('it''s; so');"],
    ['SELECT 1; SELECT $1', ['a value']],
    [{ text: 'SELECT 1; SELECT $1', values: ['a value'] }],
    [{ text: 'SELECT 1; SELECT 2', name: 'prepared' }],
  ])('%j', (query, values = undefined) => {
    expect(isOneStatement(query as string, values)).toBe(true);
  });
  it.each([
    ['INSERT INTO t VALUES (1); COMMIT'],
    ['INSERT INTO t VALUES (1);COMMIT;', []],
    [{ text: 'SELECT 1; SELECT 2', values: [] }],
    // It may be one. It cannot be told without a parser, so it is not.
    ["SELECT E'\\'; COMMIT; SELECT '"],
    ["SELECT $$'$$; COMMIT; SELECT $$'$$"],
    ["SELECT 1 -- '\n; COMMIT -- '"],
    ["SELECT 1 /* ' */; COMMIT /* ' */"],
  ])('not %j', (query, values = undefined) => {
    expect(isOneStatement(query as string, values)).toBe(false);
  });
});

describe('takesAdvisoryLock()', () => {
  it.each([
    'SELECT pg_advisory_lock(1)',
    'select PG_TRY_ADVISORY_LOCK (1, 2)',
    'WITH x AS (SELECT pg_advisory_xact_lock_shared(1)) SELECT 1',
    'SELECT pg_catalog.pg_try_advisory_xact_lock(1)',
    'SELECT pg_catalog."pg_try_advisory_xact_lock" (1)',
  ])('%j', (text) => {
    expect(takesAdvisoryLock(text)).toBe(true);
    expect(takesAdvisoryLock({ text })).toBe(true);
  });
  it.each([
    'SELECT pg_advisory_unlock(1)',
    'SELECT pg_advisory_unlock_all()',
    'SELECT advisory FROM locks',
    'SELECT my_pg_advisory_lock(1)',
    // Nobody writes these by mistake.
    'SELECT pg_advisory_lock/**/(1)',
    'SELECT U&"pg_\\0061dvisory_lock"(1)',
    '',
  ])('not %j', (text) => {
    expect(takesAdvisoryLock(text)).toBe(false);
  });
  it('takes nothing for a statement that is none', () => {
    expect(takesAdvisoryLock(null as never)).toBe(false);
    expect(takesAdvisoryLock({} as never)).toBe(false);
  });
});
