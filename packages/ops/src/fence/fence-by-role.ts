import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Operations } from '../config/check-config.ts';
import { StepFailure } from '../failover/steps/step.ts';
import type { NodeState } from '../failover/survey/node-state.ts';
import { ask } from '../postgres/ask.ts';
import { holdSession } from './held-session.ts';
import { askOldServers } from './old-servers.ts';

const TIMEOUT_MS = 10_000;

/** The roles that `fenceByRole` would revoke, by server. */
export async function rolesToRevoke(
  config: Operations,
  region: string,
  target: string | undefined,
  signal: AbortSignal,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const servers = await askOldServers(config, region, target, signal);
  return Object.fromEntries(
    servers.flatMap(({ node, answer }) => {
      const roles = answer.ok && !answer.value.inRecovery ? answer.value.apps.filter(({ canLogin }) => canLogin) : [];
      return roles.length === 0 ? [] : [[node.id, roles.map(({ name }) => name)]];
    }),
  );
}

/**
 * Takes the logins of the app's roles on every server of `region` that takes writes, and ends their sessions. Returns
 * what it did, a sentence a server.
 *
 * @throws {StepFailure} a server takes writes and could not be fenced
 */
export async function fenceByRole(
  config: Operations,
  region: string,
  target: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const app = config.regions.find(({ name }) => name === region)?.app;
  const says: string[] = [];
  for (const { node, answer } of await askOldServers(config, region, target, signal)) {
    if (!answer.ok || answer.value.inRecovery) continue;
    mustNotBeOurs(node.id, answer.value);
    const held = app === undefined ? undefined : await holdSession(app, signal);
    try {
      const ended = await ask({ url: node.url, timeoutMs: TIMEOUT_MS, signal }, (client) =>
        revoke(client, answer.value),
      );
      if (!ended.ok)
        throw new StepFailure(`the logins on ${node.id} could not be revoked (${ended.code ?? ended.why})`);
      says.push(
        `${node.id}: logins revoked, ${ended.value} sessions ended${held === undefined ? '' : `, ${await held.tryWrite()}`}`,
      );
    } finally {
      await held?.close();
    }
  }
  return says;
}

async function revoke(client: pg.Client, { apps }: NodeState): Promise<number> {
  // No standby may be there to confirm it.
  await client.query('SET synchronous_commit = local');
  for (const { name } of apps) await client.query(`ALTER ROLE ${client.escapeIdentifier(name)} NOLOGIN`);
  const roles = [apps.map(({ name }) => name)];
  let ended = 0;
  // A login that was under way when the role was changed shows up a moment later.
  for (let left = 1; left > 0; ) {
    const { rows } = await client.query<{ ended: number; left: number }>(TERMINATE, roles);
    ended += rows[0]?.ended ?? 0;
    left = rows[0]?.left ?? 0;
    if (left > 0) await sleep(50);
  }
  return ended;
}

const TERMINATE = `SELECT (count(*) FILTER (WHERE pg_terminate_backend(pid, 1000)))::int AS ended, count(*)::int AS left
  FROM pg_stat_activity WHERE usename = ANY($1) AND backend_type = 'client backend' AND pid <> pg_backend_pid()`;

function mustNotBeOurs(node: string, { role, apps }: NodeState): void {
  if (apps.length === 0)
    throw new StepFailure(`${node} takes writes, and no role of the app is known (failover.appRoles)`);
  if (apps.some(({ name }) => name === role)) {
    throw new StepFailure('the role of the configuration is a role of the app: it would shut itself out');
  }
}
