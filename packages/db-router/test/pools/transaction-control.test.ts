import { describe, expect, it } from 'vitest';
import { controlsTransaction, isCommit, mayCommit } from '../../src/pools/transaction-control.ts';
import { takesAdvisoryLock } from '../../src/routing/advisory-lock.ts';

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
  it.each(['CALL p()', ' /* x */ do $$ begin end $$', '-- x\ncall s.p(1)'])('%j', (text) => {
    expect(mayCommit(text)).toBe(true);
    expect(mayCommit({ text })).toBe(true);
  });
  it.each(['SELECT call()', 'INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING', 'calls', ''])('not %j', (text) => {
    expect(mayCommit(text)).toBe(false);
  });
});

describe('takesAdvisoryLock()', () => {
  it.each([
    'SELECT pg_advisory_lock(1)',
    'select PG_TRY_ADVISORY_LOCK (1, 2)',
    'WITH x AS (SELECT pg_advisory_xact_lock_shared(1)) SELECT 1',
    'SELECT pg_catalog.pg_try_advisory_xact_lock(1)',
  ])('%j', (text) => {
    expect(takesAdvisoryLock(text)).toBe(true);
    expect(takesAdvisoryLock({ text })).toBe(true);
  });
  it.each([
    'SELECT pg_advisory_unlock(1)',
    'SELECT pg_advisory_unlock_all()',
    'SELECT advisory FROM locks',
    'SELECT my_pg_advisory_lock(1)',
    '',
  ])('not %j', (text) => {
    expect(takesAdvisoryLock(text)).toBe(false);
  });
  it('takes nothing for a statement that is none', () => {
    expect(takesAdvisoryLock(null as never)).toBe(false);
    expect(takesAdvisoryLock({} as never)).toBe(false);
  });
});
