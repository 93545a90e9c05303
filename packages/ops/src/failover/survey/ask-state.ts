import type { NodeTarget, Operations } from '../../config/check-config.ts';
import { type Answer, ask } from '../../postgres/ask.ts';
import { appRolesOf } from './app-roles.ts';
import { type NodeState, STATE_SQL } from './node-state.ts';

const TIMEOUT_MS = 3_000;

export function askState(config: Operations, { url }: NodeTarget, signal: AbortSignal): Promise<Answer<NodeState>> {
  return ask({ url, timeoutMs: TIMEOUT_MS, signal }, async (client) => {
    const { rows } = await client.query<{ state: NodeState }>(STATE_SQL, [appRolesOf(config)]);
    return (rows[0] as { state: NodeState }).state;
  });
}
