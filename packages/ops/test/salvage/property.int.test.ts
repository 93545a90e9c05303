import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { expectedUnion, keyId, movesOf, type PartLog, partMovesOf, type Rows } from './expected-union.ts';
import { createSetup, type Setup } from './lab-setup.ts';
import { commitSome, createRandom, KEYS, LARGE, MIGRATION, MOVE, SCHEMA, TOUCH } from './random-history.ts';

const SEEDS = process.env['REGIONKIT_WHOLE'] === '1' ? Array.from({ length: 20 }, (_, at) => at + 1) : [1, 2];

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  await client.query("SET TimeZone = 'UTC'; SET extra_float_digits = 1");
  return client;
}

const AS_TEXT = { getTypeParser: () => (value: string) => value };

async function rowsOf(client: pg.Client, table: string): Promise<Rows> {
  const { rows } = await client.query({
    text: `SELECT xmin, * FROM ${table === 'parts' ? '' : 'ONLY'} "${table.replaceAll('"', '""')}"`,
    types: AS_TEXT as unknown as pg.CustomTypesConfig,
  });
  return new Map(
    rows.map(({ xmin, ...row }) => [
      keyId(table, row),
      { xmin, values: JSON.stringify(row), unique: row[KEYS[table]?.unique ?? ''] ?? null },
    ]),
  );
}

async function statesOf(client: pg.Client): Promise<ReadonlyMap<string, Rows>> {
  const states = new Map<string, Rows>();
  for (const table of Object.keys(KEYS)) states.set(table, await rowsOf(client, table));
  return states;
}

/** The sequences of the old primary that have given numbers which the new one would give again. */
async function sequencesAhead(old: pg.Client, now: pg.Client) {
  const read = async (client: pg.Client) =>
    (await client.query('SELECT sequencename AS name, last_value AS last FROM pg_sequences ORDER BY 1')).rows;
  const there = new Map((await read(now)).map(({ name, last }) => [name, last]));
  return (await read(old))
    .filter(({ name, last }) => Number(last) > Number(there.get(name)))
    .map(({ name, last }) => ({
      schema: 'public',
      name: name as string,
      old: last as string,
      new: there.get(name) ?? undefined,
    }));
}

/** Partitions of one table are one table. */
const rootOf = (name = ''): string => name.replace(/^parts_[ab]$/, 'parts');

const valuesOf = (rows: Rows | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries([...(rows ?? [])].map(([key, { values }]) => [key, values]).sort());

async function play(setup: Setup, seed: number): Promise<void> {
  const random = createRandom(seed);
  const [us, eu] = [setup.lab.region('us'), setup.lab.region('eu')];
  await us.query(SCHEMA);
  const before = await connect(us.adminConnectionString);
  await setup.keepTail();
  await commitSome(before, random, 20);
  // It began before the fork, and is committed after it.
  const slow = await connect(us.adminConnectionString);
  await slow.query(`BEGIN; UPDATE parent SET v = 'early' WHERE k = 2; PREPARE TRANSACTION 'early'`);
  await slow.query(`BEGIN; UPDATE parent SET v = 'theirs' WHERE k = 3; PREPARE TRANSACTION 'theirs'`);
  await slow.query(`BEGIN; UPDATE parent SET v = 'slow' WHERE k = 1`);
  await setup.lab.caughtUp();
  const fork = await setup.fork(async () => {
    await commitSome(before, random, 60);
    await before.query('TRUNCATE emptied');
    await before.query(MIGRATION);
    await commitSome(before, random, 40);
    await slow.query('COMMIT');
    await slow.query(`COMMIT PREPARED 'early'`);
    await slow.query(`ROLLBACK PREPARED 'theirs'`);
    await slow.query(`UPDATE parent SET v = 'mine' WHERE k = 3`);
    await before.query(LARGE);
    await before.query(MOVE);
    // The WAL does not say which row it was.
    await before.query(
      `INSERT INTO unnamed VALUES (1000, 'inserted'); UPDATE unnamed SET v = 'updated' WHERE k = 1000`,
    );
    await commitSome(before, random, 20);
    for (const client of [before, slow]) await client.end();
  });
  const now = await connect(eu.adminConnectionString);
  const atFork = await statesOf(now);
  const [{ last: lastLogged }] = (await now.query('SELECT coalesce(max(n), 0) AS last FROM parts_log')).rows;
  await now.query(MIGRATION);
  await now.query(TOUCH);
  await commitSome(now, random, 80);
  // What the old primary did last is partly done again, as clients do that try again.
  await now.query(`INSERT INTO numbered (v) SELECT 'new ' || g FROM generate_series(1, 3) g`);
  const old = await connect(us.adminConnectionString);
  // They are prepared there since before the fork, and hold their rows until they are ended in one way or the other.
  expect((await setup.salvage()).summary.neverDecoded.preparedOnNew).toEqual(['early', 'theirs']);
  await now.query(`${seed % 2 === 0 ? 'COMMIT' : 'ROLLBACK'} PREPARED 'early'`);
  await now.query(`COMMIT PREPARED 'theirs'`);
  const [onOld, onNew] = [await statesOf(old), await statesOf(now)];

  const { ran: salvaged, lines, summary, review } = await setup.salvage();
  expect(salvaged.exit, salvaged.stdout + salvaged.stderr).toBe(10);
  expect(summary).toMatchObject({ fork, completeness: { isComplete: true, reasons: [] } });

  // Every row that differs from the fork is on the list.
  const listed = new Set(
    lines.map(({ table, key }) => `${rootOf(table?.name)} ${keyId(rootOf(table?.name), key ?? {})}`),
  );
  for (const table of Object.keys(KEYS)) {
    if (table === 'emptied') continue;
    const [then, later] = [atFork.get(table), onOld.get(table)];
    for (const key of new Set([...(then?.keys() ?? []), ...(later?.keys() ?? [])])) {
      if (then?.get(key)?.xmin !== later?.get(key)?.xmin) expect(listed).toContain(`${table} ${key}`);
    }
  }

  const unnamed = lines.filter(({ table, after }) => table?.name === 'unnamed' && after?.['k'] === '1000');
  expect(unnamed.map((line) => [line.operation, line.class])).toEqual([
    ['INSERT', 'no-key'],
    ['UPDATE', 'no-key'],
  ]);
  const ahead = await sequencesAhead(old, now);
  expect(summary.neverDecoded.sequences).toEqual(ahead);
  for (const { name, old: last } of ahead) expect(review).toContain(`setval('"public"."${name}"', ${last})`);

  const moves = new Map(movesOf(lines));
  const logged = await old.query<PartLog>({
    text: 'SELECT tx, op, part, k, day FROM parts_log WHERE n > $1 ORDER BY n',
    values: [lastLogged],
    types: AS_TEXT as unknown as pg.CustomTypesConfig,
  });
  moves.set('parts', [...(moves.get('parts_a') ?? []), ...(moves.get('parts_b') ?? []), ...partMovesOf(logged.rows)]);
  // Each statement finds the one row that was compared.
  const ran = (await now.query(review)) as unknown as readonly {
    readonly command: string;
    readonly rowCount: number;
  }[];
  const statements = ran.filter(({ command }) => ['INSERT', 'UPDATE', 'DELETE'].includes(command));
  expect(statements.length).toBeGreaterThan(0);
  expect(statements.filter(({ rowCount }) => rowCount !== 1)).toEqual([]);
  expect(await statesOf(now)).toEqual(onNew);
  await now.query(review.replace(/ROLLBACK;\s*$/, 'COMMIT;'));
  const after = await statesOf(now);
  for (const table of Object.keys(KEYS)) {
    const states = { fork: atFork.get(table) as Rows, old: onOld.get(table) as Rows, now: onNew.get(table) as Rows };
    const expected = expectedUnion(table, states, moves.get(table) ?? []);
    expect(valuesOf(after.get(table)), table).toEqual(Object.fromEntries([...expected].sort()));
  }
  for (const client of [old, now]) await client.end();
}

describe('salvage of random histories', () => {
  it.each(SEEDS)('seed %i: review.sql makes of the new primary what a reader of both histories would', async (seed) => {
    await using setup = await createSetup({ logical_decoding_work_mem: '64kB' });
    await play(setup, seed);
  });
});
