import type { Context, Outcome } from '../command.ts';
import type { Operations } from '../config/check-config.ts';
import { EXIT } from '../exit-codes.ts';
import { ask } from '../postgres/ask.ts';
import { survey } from '../status/survey.ts';

const TIMEOUT_MS = 30_000;

const NO_SLOT_YET =
  'No keeper can make its slot yet: set wal_level = logical on every server (Amazon RDS: rds.logical_replication = 1), and restart.';

/**
 * Applies the SQL on the only server that takes writes. With two of them, one is an old primary, and its slot may have lost
 * writes: nothing is done then.
 */
export async function applySql(
  { emit, signal }: Context,
  config: Operations,
  name: 'install' | 'drop',
  sql: string,
): Promise<Outcome> {
  const { servers } = await survey(config, undefined, signal);
  signal.throwIfAborted();
  const writers = servers.filter(({ facts }) => facts?.inRecovery === false);
  const silent = servers.filter(({ facts }) => facts === undefined);
  const [writer] = writers;
  if (writers.length > 1) {
    const names = writers.map(({ id }) => id).join(' and ');
    return {
      exit: EXIT.refused,
      summary: `Refused: ${names} take writes. One of them may be an old primary, whose slot lists lost writes: salvage and rebuild it first. Nothing was changed.`,
    };
  }
  if (name === 'drop' && silent.length > 0) {
    const names = silent.map(({ id }) => id).join(', ');
    return {
      exit: EXIT.refused,
      summary: `Refused: ${names} does not answer. If writes are lost with it, only the slot lists them. Start it, or take it out of the configuration if it is gone for good. Nothing was changed.`,
    };
  }
  if (writer === undefined)
    return {
      exit: EXIT.unknown,
      summary: 'No server takes writes, and only a primary takes the SQL (regionkit status). Nothing was changed.',
    };
  const { url } = config.nodes.find(({ id }) => id === writer.id) as { readonly url: string };
  const answer = await ask({ url, timeoutMs: TIMEOUT_MS, signal }, async (client) => {
    await client.query(sql);
    const { rows } = await client.query<{ level: string }>(`SELECT current_setting('wal_level') AS level`);
    return rows[0]?.level;
  });
  const why = answer.ok ? '' : [answer.why, answer.code].filter((text) => text !== undefined).join(', ');
  emit({
    type: 'step',
    name,
    where: writer.id,
    state: answer.ok ? 'done' : 'failed',
    evidence: answer.ok ? 'the SQL was applied' : `the SQL was not applied (${why})`,
  });
  if (answer.ok) {
    const lacks = name === 'install' && answer.value !== 'logical' ? ` ${NO_SLOT_YET}` : '';
    return { exit: EXIT.ok, summary: `${name}: done on ${writer.id}.${lacks}` };
  }
  return {
    exit: EXIT.fault,
    summary: `${name}: not done. It needs a superuser, or a role with REPLICATION (Amazon RDS: rds_replication) and pg_monitor. If another role owns the schema regionkit, it also needs GRANT USAGE, CREATE ON SCHEMA regionkit TO the role WITH GRANT OPTION.`,
  };
}
