import type pg from 'pg';

/** Rows older than this are removed by the next write. */
const KEEP = '1 day';

/** Commits one row. The table is made if it is missing: a role that may not do so needs it made before. */
export async function writeRow(client: pg.Client, id: string, region: string): Promise<void> {
  if (!(await hasTable(client))) await makeTable(client);
  await client.query('DELETE FROM regionkit.smoke WHERE at < clock_timestamp() - $1::interval', [KEEP]);
  await client.query('INSERT INTO regionkit.smoke (id, region) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING', [
    id,
    region,
  ]);
}

/** Whether the row is there. A server without the table has none. */
export async function hasRow(client: pg.Client, id: string): Promise<boolean> {
  if (!(await hasTable(client))) return false;
  return (await client.query('SELECT FROM regionkit.smoke WHERE id = $1', [id])).rowCount === 1;
}

async function hasTable(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>(
    `SELECT to_regclass('regionkit.smoke') IS NOT NULL AS exists`,
  );
  return rows[0]?.exists === true;
}

async function makeTable(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ exists: boolean }>(`SELECT to_regnamespace('regionkit') IS NOT NULL AS exists`);
  // The tail keeper and the ledger have it, too. IF NOT EXISTS asks for the right to make one also where there is one.
  if (rows[0]?.exists !== true) await client.query('CREATE SCHEMA regionkit');
  await client.query(
    'CREATE TABLE IF NOT EXISTS regionkit.smoke (id text PRIMARY KEY, region text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())',
  );
}

export async function removeRow(client: pg.Client, id: string): Promise<void> {
  await client.query('DELETE FROM regionkit.smoke WHERE id = $1', [id]);
}
