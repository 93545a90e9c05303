import type { NodeState } from './node-state.ts';
import type { Situation } from './situation.ts';

/** A receiver asks its sender for an answer after half of its timeout: that long a healthy but idle one is silent. */
const ANSWER_WITHIN_MS = 5_000;

/** Whether a standby streams: its receiver runs, and its sender has answered when it was asked last. */
export function isStreaming({ receiver }: NodeState): boolean {
  if (receiver?.status !== 'streaming') return false;
  const { silentMs, timeoutMs } = receiver;
  return timeoutMs === 0 || silentMs === null || silentMs < timeoutMs / 2 + ANSWER_WITHIN_MS;
}

/** The server of another region than `region` from which a standby streams: a cascade, which tells nothing of the primary. */
export function cascadesFrom(situation: Situation, state: NodeState, region: string): string | undefined {
  const from = state.receiver?.from ?? undefined;
  return situation.nodes.find((node) => node.address === from && node.region !== region)?.id;
}
