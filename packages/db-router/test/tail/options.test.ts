import { describe, expect, it } from 'vitest';
import { createTailKeeper, tailDropSql, tailSql } from '../../src/tail/index.ts';

const router = { explain() {}, on() {}, topology() {}, transaction() {} } as never;
const standbys = { 'us/0': 'us', 'eu/0': 'eu' };

describe('createTailKeeper()', () => {
  it.each([
    ['no standbys', {}, /standbys/],
    ['one name', { standbys: { 'us/0': 'us' } }, /standbys must name every node/],
    ['a name that is none', { standbys: { ...standbys, 'ap/0': '' } }, /standbys\["ap\/0"\]/],
    ['a bound that is too small', { standbys, maxHeldBytes: 1 }, /maxHeldBytes/],
    ['an option that does not exist', { standbys, every: 1 }, /every/],
  ])('refuses %s', (_what, options, message) => {
    expect(() => createTailKeeper(router, options as never)).toThrow(message);
  });

  it('refuses what is not a router', () => {
    expect(() => createTailKeeper({} as never, { standbys })).toThrow(/router/);
  });
});

describe('tailSql()', () => {
  it('quotes the role', () => {
    expect(tailSql({ role: 'a"; DROP TABLE t; --' })).toContain('TO "a""; DROP TABLE t; --";');
  });

  it.each(['', 'a\0b', 'x'.repeat(64)])('refuses the role %j', (role) => {
    expect(() => tailSql({ role })).toThrow(RangeError);
  });

  it('gives every function that runs with other rights a fixed search_path, and takes it from PUBLIC', () => {
    const sql = tailSql({ role: 'app' });
    const names = [...sql.matchAll(/CREATE OR REPLACE FUNCTION (regionkit\.\w+)/g)].map(([, name]) => name);
    expect(names).toHaveLength(5);
    expect(sql.match(/SECURITY DEFINER SET search_path = pg_catalog, pg_temp/g)).toHaveLength(5);
    const [, revoked = ''] = /REVOKE ALL ON FUNCTION (.*) FROM PUBLIC/.exec(sql) ?? [];
    for (const name of names) {
      expect(revoked).toContain(`${name}(`);
      expect(tailDropSql()).toContain(`${name}(`);
    }
  });
});
