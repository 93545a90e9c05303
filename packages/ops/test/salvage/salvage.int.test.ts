import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../run.ts';
import { createSetup, type Line, modeOf, type Salvaged, type Setup } from './lab-setup.ts';

let setup: Setup;
let found: Salvaged;
let fork: string;

beforeAll(async () => {
  setup = await createSetup();
  const [us, eu] = [setup.lab.region('us'), setup.lab.region('eu')];
  await us.query(`
    CREATE EXTENSION pg_walinspect;
    CREATE TABLE orders (id bigserial PRIMARY KEY, ref text UNIQUE, customer text, total numeric(12, 2), at timestamptz);
    INSERT INTO orders (ref, customer, total) SELECT 'r' || g, 'c' || g, g FROM generate_series(1, 10) g;`);
  await us.query(
    `CREATE TABLE names (k int PRIMARY KEY, name text UNIQUE); INSERT INTO names VALUES (1, 'x'), (2, 'z')`,
  );
  await setup.keepTail();
  fork = await setup.fork(async () => {
    await us.query(`INSERT INTO orders (ref, customer, total) VALUES ('lost-1', 'it''s', 1.5)`);
    await us.query(`UPDATE orders SET total = 20 WHERE id = 1`);
    await us.query(`UPDATE orders SET total = 21 WHERE id = 2`);
    await us.query(`UPDATE orders SET total = 22 WHERE id = 3`);
    await us.query(`DELETE FROM orders WHERE id IN (4, 5, 6)`);
    await us.query(`UPDATE orders SET id = 1007 WHERE id = 7`);
    await us.query(`UPDATE names SET name = 'y' WHERE k = 1`);
    await us.query(`INSERT INTO names VALUES (3, 'x')`);
    await us.query(`UPDATE names SET name = 'w' WHERE k = 2`);
    await us.query(`INSERT INTO names VALUES (4, 'z')`);
  });
  await eu.query(`UPDATE orders SET total = 21 WHERE id = 2`);
  await eu.query(`UPDATE orders SET total = 99 WHERE id = 3`);
  await eu.query(`UPDATE orders SET total = 99 WHERE id = 5`);
  await eu.query(`DELETE FROM orders WHERE id = 6`);
  await eu.query(`INSERT INTO names VALUES (9, 'y')`);
  found = await setup.salvage();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

const byId = (id: string): Line | undefined => found.lines.find(({ key }) => key?.['id'] === id);

describe('regionkit salvage', () => {
  it('finds what the new primary lacks, and says so by its exit code', () => {
    expect(found.ran.stderr).toBe('');
    expect(found.ran.exit, found.ran.stdout).toBe(10);
    expect(found.summary).toMatchObject({
      fork,
      method: 'slot',
      lost: { transactions: 10, changes: 12 },
      completeness: { isComplete: true, reasons: [], decoded: 10, inWal: 10 },
    });
  });

  it.each([
    ['11', 'INSERT', 'missing'],
    ['1', 'UPDATE', 'stale'],
    ['2', 'UPDATE', 'identical'],
    ['3', 'UPDATE', 'conflict'],
    ['4', 'DELETE', 'would-delete'],
    ['5', 'DELETE', 'conflict'],
    ['6', 'DELETE', 'already-absent'],
    ['7', 'DELETE', 'would-delete'],
    ['1007', 'INSERT', 'missing'],
  ])('order %s: its %s is %s', (id, operation, expected) => {
    expect(byId(id)).toMatchObject({ operation, class: expected });
  });

  it('repeats what needs a unique value only if the row that holds it gives it up', () => {
    const classes = ['1', '3', '2', '4'].map((k) => found.lines.find(({ key }) => key?.['k'] === k)?.class);
    // 1 cannot become y, which the new primary has given to 9. So 1 stays x, and 3 cannot be x.
    expect(classes).toEqual(['conflict', 'conflict', 'stale', 'missing']);
  });

  it('writes files that only their owner can read', async () => {
    expect(await modeOf(found.out)).toBe(0o700);
    const names = await readdir(found.out);
    expect(names.sort()).toEqual(['lost-writes.ndjson', 'report.md', 'review.sql', 'summary.json']);
    for (const name of names) expect(await modeOf(join(found.out, name))).toBe(0o600);
    expect((await readdir(setup.directory)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('shows a redacted column nowhere, and leaves out the statements that need it', async () => {
    const { ran, out, lines, review } = await setup.salvage('--redact', 'orders.customer', '--redact', 'orders.id');
    expect(ran.exit).toBe(10);
    for (const name of await readdir(out)) {
      const content = await readFile(join(out, name), 'utf8');
      expect(content).not.toContain("it's");
      expect(content).not.toContain("it''s");
      expect(content).not.toContain('1007');
    }
    expect(lines.find(({ after }) => after?.['ref'] === 'lost-1')?.after).toMatchObject({
      id: '[redacted]',
      customer: '[redacted]',
      total: '1.50',
    });
    expect(review).toContain('-- missing: INSERT "public"."orders" {"id":"[redacted]"} lost {');
    expect(review).not.toMatch(/^(?:INSERT INTO|UPDATE ONLY|DELETE FROM ONLY) "public"\."orders"/m);
  });

  it('says that it is incomplete when it may not list everything', async () => {
    const { ran, summary, lines } = await setup.salvage('--max-bytes', '1kB');
    expect(ran.exit).toBe(3);
    expect(summary.completeness).toMatchObject({ isComplete: false, listed: false, decoded: 10 });
    expect(summary.lost.transactions).toBe(10);
    expect(lines.filter(({ type }) => type === 'transaction').length).toBeLessThan(10);
  });

  it.each([
    [['--old', 'eu', '--new', 'us'], 4, /swapped/],
    [['--slot', 'no_such_slot'], 4, /has no slot no_such_slot/],
    [['--fork', '0/28'], 2, /fork is not certain/],
    [['--old', 'us', '--new', 'us/0'], 2, /two servers/],
    [['--new', 'ap'], 2, /--new must be a server of the configuration: us\/0, eu\/0/],
    [['--redact', 'orders.custommer'], 2, /neither server has the column "orders\.custommer"/],
    [['--max-bytes', '1'], 2, /--max-bytes must be/],
    [['--slot', 'A; DROP'], 2, /--slot must be/],
    [['--fork', "0/1'"], 2, /--fork must be/],
    [['--run', 'no-such-file'], 2, /run file cannot be read/],
    [['--out', '.'], 2, /not empty; nothing is overwritten/],
    [['more'], 2, /options only/],
  ])('refuses %j', async (args, exit, message) => {
    const { ran, out } = await setup.salvage(...args);
    expect(ran.exit, ran.stdout + ran.stderr).toBe(exit);
    expect(ran.stdout + ran.stderr).toMatch(message);
    await expect(readdir(out)).rejects.toThrow(/ENOENT/);
  });

  it('says which right the role lacks, leaves nothing behind, and shows no message of the server', async () => {
    const regions = Object.fromEntries(
      setup.lab.regions.map(({ name, connectionString }) => [name, { databases: [connectionString] }]),
    );
    await writeFile(join(setup.directory, 'app.json'), JSON.stringify({ regions }));
    const { ran, out } = await setup.salvage('--config', 'app.json', '--fork', fork);
    expect(ran.exit, ran.stderr).toBe(3);
    expect(ran.stderr).toBe('');
    expect(ran.records).toContainEqual({
      type: 'finding',
      id: 'salvage-failed',
      level: 'unknown',
      where: 'us/0',
      evidence: 'The role lacks a right (42501).',
      fix: expect.stringContaining('REPLICATION'),
    });
    await expect(readdir(out)).rejects.toThrow(/ENOENT/);
    expect((await readdir(setup.directory)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('ends with 130 when it is interrupted, and leaves nothing behind', async () => {
    const out = join(setup.directory, 'interrupted');
    const args = ['salvage', '--old', 'us', '--new', 'eu', '--out', out, '--json'];
    const { exit } = await run(args, { directory: setup.directory, signal: AbortSignal.abort() });
    expect(exit).toBe(130);
    await expect(readdir(out)).rejects.toThrow(/ENOENT/);
  });

  it('makes a file for review that changes nothing as it stands, and repeats the writes when it is committed', async () => {
    const eu = setup.lab.region('eu');
    const rows = () => eu.query(`SELECT id::int, customer, total::float8 FROM orders ORDER BY id`);
    const before = await rows();
    await eu.query(found.review);
    expect(await rows()).toEqual(before);
    await eu.query(found.review.replace(/ROLLBACK;\s*$/, 'COMMIT;'));
    const after = new Map((await rows()).map((row) => [row['id'], row]));
    expect(after.get(1)).toMatchObject({ total: 20 });
    expect(after.get(3)).toMatchObject({ total: 99 });
    expect(after.get(11)).toMatchObject({ customer: "it's", total: 1.5 });
    expect(after.get(1007)).toMatchObject({ customer: 'c7' });
    expect([4, 6, 7].map((id) => after.has(id))).toEqual([false, false, false]);
  });
});
