import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NoPrimaryReason } from '../packages/db-router/src/index.ts';
import { misunderstood } from '../packages/ops/test/understood.ts';
import { commandsIn } from './runbooks.ts';

const DOCS = new URL('../docs/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, DOCS), 'utf8');
/** The pages for users. The others show commands of a single run, with the names of its regions. */
const PAGES = ['no-primary.md', 'hosts.md', 'moving.md'];
const REGIONS = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];
/** What only names a command: without one of its own behind it, it does nothing. */
const NAMES = new Set(['regionkit failover', 'regionkit gameday']);
const COMMANDS = [...new Set(PAGES.flatMap((page) => commandsIn(read(page))))].filter((one) => !NAMES.has(one));

describe('the commands of the pages are understood by the command line', () => {
  it.each(COMMANDS)('%s', async (command) => {
    expect(await misunderstood(command, REGIONS)).toBeUndefined();
  });
});

describe('the codes on every page', () => {
  const known = new Set([...read('errors.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code));

  it.each(readdirSync(DOCS).filter((name) => name.endsWith('.md')))('%s: each is in errors.md', (name) => {
    const codes = [...read(name).matchAll(/`((?:ERR|REGIONKIT)_[A-Z_]+[A-Z])`/g)].map(([, code]) => code);
    expect(codes.filter((code) => !known.has(code) && code !== 'REGIONKIT_PG_BIN')).toEqual([]);
  });
});

describe('no-primary.md', () => {
  /** A reason that is added or removed does not compile here. */
  const REASONS: Readonly<Record<NoPrimaryReason, true>> = {
    'no-primary': true,
    unconfirmed: true,
    'twin-primaries': true,
    'epoch-regressed': true,
    'foreign-system': true,
    'read-only': true,
    'stale-view': true,
    'primary-unreachable': true,
    paused: true,
  };

  it('has a row for each reason, and no other', () => {
    const [, table = ''] = read('no-primary.md').split('| reason | it means | check |');
    const rows = [...(table.split('\n\n')[0] ?? '').matchAll(/^\| `([a-z-]+)`/gm)].map(([, reason]) => reason);
    expect(rows.sort()).toEqual(Object.keys(REASONS).sort());
  });
});
