import type { NodeTarget, Operations } from '../../config/check-config.ts';
import { type Answer, ask } from '../../postgres/ask.ts';
import { shaped } from '../../postgres/shaped.ts';
import { appRolesOf } from './app-roles.ts';
import { ASKED_SHAPE, type NodeState, STATE_SQL } from './node-state.ts';

const TIMEOUT_MS = 3_000;

/**
 * Asks a server for its state. Never rejects. To a role without `pg_monitor` a server hides its replication and the
 * sessions of others: a standby that streams would look cut off, so such an answer is none.
 */
export async function askState(
  config: Operations,
  { url }: NodeTarget,
  signal: AbortSignal,
): Promise<Answer<NodeState>> {
  const answer = await ask({ url, timeoutMs: TIMEOUT_MS, signal }, async (client) => {
    const { rows } = await client.query<{ state: unknown }>(STATE_SQL, [appRolesOf(config)]);
    return rows[0]?.state;
  });
  const asked = shaped(answer, ASKED_SHAPE);
  if (!asked.ok) return asked;
  const { monitor, ...state } = asked.value;
  return monitor ? { ...asked, value: state } : { ok: false, why: 'no-permission', code: undefined };
}
