import type { Operations } from '../config/check-config.ts';
import { askOldServers } from './old-servers.ts';

/** What the old primary had flushed when its app could write no more. */
export interface Flushed {
  readonly flushed: { readonly timeline: number; readonly position: string } | undefined;
}

/** Undefined unless exactly one server of `region` takes writes. */
export async function flushedBy(
  config: Operations,
  region: string,
  target: string | undefined,
  signal: AbortSignal,
): Promise<Flushed> {
  const servers = await askOldServers(config, region, target, signal);
  const [first, ...others] = servers.flatMap(({ answer }) =>
    answer.ok && !answer.value.inRecovery ? [answer.value] : [],
  );
  if (first === undefined || others.length > 0) return { flushed: undefined };
  return { flushed: { timeline: first.timeline, position: first.position } };
}
