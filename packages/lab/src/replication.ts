import type { InnerRegion, LabContext } from './create-region.ts';
import { LabError } from './errors.ts';
import { formatLsn, shutdownPosition } from './postgres/control-file.ts';
import type { Promotion } from './region.ts';
import { until } from './until.ts';

/**
 * Use the flushed position, not the inserted one. After a promotion there is a record that is not flushed soon, and
 * before the first record of a page or segment the insert position already lies after the page header. Without writes,
 * standbys reach neither position.
 */
const WRITTEN = `
  SELECT pg_current_wal_flush_lsn()::text AS lsn,
         ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int AS timeline`;

const REPLAYED = `
  SELECT coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false)
     AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE received_tli = $2) AS done`;

/** Waits until every running standby has replayed what the primary has written, on its timeline. */
export async function caughtUp<Name extends string>(lab: LabContext<Name>, timeoutMs: number): Promise<void> {
  const primary = lab.region(lab.primary);
  const [written] = await primary.query<{ lsn: string; timeline: number }>(WRITTEN);
  const standbys = lab
    .names()
    .map(lab.region)
    .filter(({ role, status }) => role === 'standby' && status === 'up');
  await Promise.all(
    standbys.map((standby) =>
      until(
        async () => (await standby.query<{ done: boolean }>(REPLAYED, [written?.lsn, written?.timeline]))[0]?.done,
        {
          timeoutMs,
          orThrow: () =>
            new LabError(
              'ERR_LAB_TIMEOUT',
              `${standby.name} did not catch up with ${primary.name} within ${timeoutMs} ms`,
              {
                logs: standby.logs(10),
              },
            ),
        },
      ),
    ),
  );
}

/** Changes roles without losing a write, or restores the old roles. */
export async function switchOver<Name extends string>(
  lab: LabContext<Name>,
  to: InnerRegion<Name>,
  timeoutMs: number,
): Promise<Promotion> {
  const old = lab.region(lab.primary);
  if (to.role !== 'standby' || to.status !== 'up') {
    throw new LabError('ERR_LAB_STATE', `${to.name} is not a standby that is up: it cannot take over`);
  }
  if (old.status !== 'up') {
    throw new LabError('ERR_LAB_STATE', `${old.name} is ${old.status}: use failover({ to: '${to.name}' })`);
  }
  await until(async () => await streams(old, to), {
    timeoutMs,
    orThrow: () =>
      new LabError('ERR_LAB_TIMEOUT', `${to.name} does not stream from ${old.name}: nothing was changed`, {
        logs: to.logs(10),
      }),
  });
  await old.stop();
  const end = shutdownPosition(old.node.dataDirectory);
  try {
    if (end === undefined) throw new LabError('ERR_LAB_SERVER', `${old.name} did not shut down cleanly`);
    await until(
      async () =>
        (await to.query<{ done: boolean }>('SELECT pg_last_wal_replay_lsn() > $1::pg_lsn AS done', [formatLsn(end)]))[0]
          ?.done,
      {
        timeoutMs,
        orThrow: () =>
          new LabError(
            'ERR_LAB_TIMEOUT',
            `${to.name} has not replayed all that ${old.name} wrote: ${old.name} is the primary again`,
            { logs: to.logs(10) },
          ),
      },
    );
  } catch (error) {
    await old.start();
    throw error;
  }
  const promotion = await to.promote();
  await old.demote(to.name);
  return promotion;
}

async function streams<Name extends string>(from: InnerRegion<Name>, to: InnerRegion<Name>): Promise<boolean> {
  const rows = await from.query(`SELECT FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming'`, [
    to.name,
  ]);
  return rows.length > 0;
}
