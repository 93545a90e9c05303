import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createLedger, type Ledger, ledgerSql } from '@regionkit/db-router/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSetup, modeOf, type Name, type Salvaged, type Setup } from './lab-setup.ts';

/** An app that reaches the database of its own region alone. */
async function appIn(setup: Setup, self: Name): Promise<{ readonly ledger: Ledger; close(): Promise<void> }> {
  const regions = defineRegions<Name, string>({
    self,
    all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
  });
  const router = createRegionRouter<Name>({
    regions,
    pools: { [self]: setup.lab.region(self).pool({ max: 3 }) },
    writes: 'reject',
    token: { secret: 'a secret of the tests, long enough to be one' },
    coldStart: 'trust',
  });
  return { ledger: createLedger(router), close: () => router.close() };
}

let setup: Setup;
let firstXid: string;
let forkedAt: string;
/** What the driver knows: the key of each write, and the answer that it was given. */
const acknowledged = new Map<string, string>();
const inTail = new Set<string>();
const redone = new Set<string>();

const ACTOR = `o'brien \\ "é" 🌍`;

beforeAll(async () => {
  setup = await createSetup();
  const { lab } = setup;
  await lab.primary.query(`CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text);
    GRANT ALL ON orders TO app; ${ledgerSql({ role: 'app' })}
    -- A retry locks the first row, and no list has a transaction that only does this: the WAL explains it.
    CREATE EXTENSION pg_walinspect`);
  await setup.keepTail();
  const order = (ledger: Ledger, key: string): Promise<string> =>
    ledger.once(key, ACTOR, async (tx) => {
      const { rows } = await tx.query<{ id: number }>('INSERT INTO orders (item) VALUES ($1) RETURNING id', [key]);
      return `secret answer ${rows[0]?.id}`;
    });
  const us = await appIn(setup, 'us');
  const write = async (key: string): Promise<void> => void acknowledged.set(key, await order(us.ledger, key));
  for (let at = 1; at <= 50; at += 1) await write(`key ${at}`);
  await write('key 100');
  await lab.caughtUp();
  forkedAt = await setup.fork(async () => {
    for (let at = 51; at <= 80; at += 1) {
      await write(`key ${at}`);
      inTail.add(`key ${at}`);
    }
    // As if it had expired. The new primary has the row from before the fork, and not this write.
    await lab.region('us').query("DELETE FROM regionkit.ledger WHERE key = 'key 100'");
    await write('key 100');
    inTail.add('key 100');
    // None of these is a lost write: a retry, a write that failed, and one without a key.
    await order(us.ledger, 'key 60');
    await us.ledger.once('failed', ACTOR, () => Promise.reject(new Error('on purpose'))).catch(() => {});
    await lab.region('us').query("INSERT INTO orders (item) VALUES ('without a key')");
    await us.close();
  });
  const [row] = await lab
    .region('eu')
    .query<{ xid: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xid');
  firstXid = row?.xid ?? '';
  const eu = await appIn(setup, 'eu');
  for (let at = 41; at <= 60; at += 1) {
    const answer = await order(eu.ledger, `key ${at}`);
    if (answer !== acknowledged.get(`key ${at}`)) redone.add(`key ${at}`);
    else expect(inTail.has(`key ${at}`)).toBe(false);
  }
  await eu.close();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

const linesOf = async ({ out }: Salvaged): Promise<readonly Record<string, unknown>[]> =>
  (await readFile(join(out, 'lost-keys.ndjson'), 'utf8'))
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
const toTell = (): readonly string[] => [...inTail].filter((key) => !redone.has(key));

/** The whole list against what the driver of the writes has counted. */
async function expectExact(salvaged: Salvaged): Promise<void> {
  expect([acknowledged.size, inTail.size, redone.size]).toEqual([81, 31, 10]);
  expect(salvaged.summary.ledger).toEqual({ lost: 31, redone: 10, notDecided: 0, toTell: 21 });
  const lines = await linesOf(salvaged);
  expect(lines.map(({ key }) => key).sort()).toEqual([...toTell()].sort());
  for (const line of lines)
    expect(line).toMatchObject({ actor: ACTOR, at: expect.stringMatching(/^\d{4}-\d\d-\d\d /) });
  expect(salvaged.report).toContain('31 writes with a key of the ledger were lost');
  expect(await modeOf(join(salvaged.out, 'lost-keys.ndjson'))).toBe(0o600);
}

describe('regionkit salvage --ledger', () => {
  it('makes no list of keys unless it is asked for', async () => {
    const salvaged = await setup.salvage();
    expect(salvaged.ran.exit, salvaged.ran.stdout).toBe(10);
    expect(salvaged.summary.ledger).toBeUndefined();
    await expect(linesOf(salvaged)).rejects.toThrow('ENOENT');
    expect((await setup.ops('salvage', '--old', 'us', '--new', 'eu', '--out', 'x', '--ledger-answers')).exit).toBe(2);
  });

  it('lists whose writes were lost and not done again, by the slot', async () => {
    const salvaged = await setup.salvage('--ledger');
    expect(salvaged.ran.exit, salvaged.ran.stdout).toBe(10);
    await expectExact(salvaged);
    for (const line of await linesOf(salvaged)) {
      expect(Object.keys(line)).toEqual(['actor', 'key', 'at', 'xid', 'commitLsn', 'committedAt']);
    }
  });

  it('repeats no write that its client has done again, and no key without its write', async () => {
    const { review } = await setup.salvage('--ledger', '--ledger-answers');
    const [orders, keys] = ['"public"."orders"', '"regionkit"."ledger"'].map((table) =>
      [...review.matchAll(new RegExp(`^INSERT INTO ${table} .*'(key \\d+)'`, 'gm'))].map((match) => match[1]),
    );
    expect(orders?.filter((key) => redone.has(key ?? ''))).toEqual([]);
    expect(keys).toEqual(orders);
    expect(review.match(/repeat no statement of this transaction/g)).toHaveLength(redone.size);
    await setup.lab.region('eu').query(review);
  });

  it.each([[[]], [['--ledger']], [['--redact', 'orders.item']]])(
    'shows no answer in any file with %j, and repeats no write without its key',
    async (args) => {
      const salvaged = await setup.salvage(...args);
      const names = await readdir(salvaged.out);
      expect(names).toEqual(expect.arrayContaining(['lost-writes.ndjson', 'review.sql', 'report.md', 'summary.json']));
      const texts = await Promise.all(names.map((name) => readFile(join(salvaged.out, name), 'utf8')));
      expect(texts.join()).not.toContain('secret answer');
      const statements = [...salvaged.review.matchAll(/^INSERT INTO "(\w+)"\."(\w+)".*$/gm)];
      const hidesItems = args.includes('orders.item');
      expect(statements.map(([text]) => text.includes('without a key'))).toEqual(hidesItems ? [] : [true]);
      expect(salvaged.review).toContain('--ledger-answers shows it');
      await setup.lab.region('eu').query(salvaged.review);
    },
  );

  it('shows answers only if they are asked for, and nothing that is redacted', async () => {
    const withAnswers = await setup.salvage('--ledger', '--ledger-answers');
    const lines = await linesOf(withAnswers);
    expect(lines).toHaveLength(21);
    for (const { key, answer } of lines) expect(JSON.parse(answer as string)).toBe(acknowledged.get(key as string));
    const redacted = await setup.salvage(
      '--ledger',
      '--ledger-answers',
      '--redact',
      'ledger.actor',
      '--redact',
      'regionkit.ledger.answer',
    );
    for (const line of await linesOf(redacted))
      expect(line).toMatchObject({ actor: '[redacted]', answer: '[redacted]' });
    const texts = await Promise.all(
      ['lost-keys.ndjson', 'lost-writes.ndjson', 'review.sql', 'report.md', 'summary.json'].map((name) =>
        readFile(join(redacted.out, name), 'utf8'),
      ),
    );
    expect(texts.join()).not.toContain('secret answer');
    expect(texts.join()).not.toContain('brien');
  });

  it('lists the same without a slot', async () => {
    await setup.lab
      .region('us')
      .query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_type = 'logical'");
    const salvaged = await setup.salvage('--ledger', '--first-xid', firstXid);
    expect(salvaged.ran.exit, salvaged.ran.stdout).toBe(3);
    expect(salvaged.summary.method).toBe('rows');
    await expectExact(salvaged);
    const lines = await linesOf(salvaged);
    for (const line of lines) expect(Object.keys(line)).toEqual(['actor', 'key', 'at', 'xid']);
  });

  describe('with a first transaction that is known only roughly', () => {
    /** A run file that says so. Before the fork there are writes with numbers between the two, and after it as well. */
    async function roughly(): Promise<string> {
      const first = BigInt(firstXid);
      const plan = { mode: 'failover', adapter: 'postgres', from: 'us', target: 'eu/0' };
      const fork = { fork: forkedAt, firstXid: String(first + 25n), firstXidAtLeast: String(first - 25n) };
      const lines = [
        { step: 'plan', state: 'done', atMs: 1, evidence: { says: '', plan } },
        { step: 'fork', state: 'done', atMs: 2, evidence: { says: '', ...fork } },
      ];
      const path = join(setup.directory, '20261130-055303-f75d.ndjson');
      await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      return path;
    }

    it('is exact by the WAL of the old primary', async () => {
      const salvaged = await setup.salvage('--ledger', '--run', await roughly());
      expect(salvaged.summary.method).toBe('rows');
      await expectExact(salvaged);
    });

    it('claims of no key that it was done again if it may not be', async () => {
      const us = setup.lab.region('us');
      await us.query('DROP EXTENSION pg_walinspect');
      try {
        const salvaged = await setup.salvage('--ledger', '--run', await roughly());
        const lines = await linesOf(salvaged);
        const listed = salvaged.lines.flatMap(({ table, operation, after }) =>
          table?.name === 'ledger' && operation !== 'DELETE' ? [after?.['key']] : [],
        );
        const told = new Set(lines.map(({ key }) => key));
        expect(listed.filter((key) => !told.has(key)).filter((key) => !redone.has(key ?? ''))).toEqual([]);
        // Its row on the new primary is from before the fork, and only the WAL would show that.
        expect(lines.find(({ key }) => key === 'key 100')).toMatchObject({ redone: 'not-decided' });
        expect(salvaged.summary.ledger.notDecided).toBe(lines.filter((line) => line['redone'] !== undefined).length);
        expect(salvaged.report).toContain('it is not decided whether they were done again');
        expect(salvaged.review).not.toMatch(/key 100.*was done again/);
      } finally {
        await us.query('CREATE EXTENSION pg_walinspect');
      }
    });
  });

  it('says that every key is to be told if the new primary has lost the table', async () => {
    const eu = setup.lab.region('eu');
    await eu.query('ALTER TABLE regionkit.ledger RENAME TO elsewhere');
    try {
      const salvaged = await setup.salvage('--ledger', '--first-xid', firstXid);
      expect(salvaged.summary.ledger).toEqual({ lost: 31, redone: 0, notDecided: 0, toTell: 31 });
    } finally {
      await eu.query('ALTER TABLE regionkit.elsewhere RENAME TO ledger');
    }
  });

  it('refuses to list the keys of a ledger that is not there', async () => {
    const us = setup.lab.region('us');
    await us.query('ALTER TABLE regionkit.ledger RENAME TO elsewhere');
    const { ran } = await setup.salvage('--ledger', '--first-xid', firstXid);
    expect(ran.exit).toBe(2);
    expect(ran.stdout + ran.stderr).toContain('no table regionkit.ledger');
  });
});
