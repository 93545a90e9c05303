import type { Operations } from '../../config/check-config.ts';
import type { Front } from './front.ts';

/** How long clients go on asking for a region that is lost, by DNS alone, in seconds. */
export interface FailoverTime {
  readonly seconds: number;
  /** `150 s: 3 checks, one every 30 s, then a TTL of 60 s`. */
  readonly sentence: string;
}

/** Undefined without a global host: then DNS moves no client. */
export function failoverTime(config: Operations, front: Front): FailoverTime | undefined {
  if (config.hosts.length === 0) return undefined;
  const { ttlSeconds, intervalSeconds, failures } = config.front;
  const ttl = Math.max(ttlSeconds, ...measuredTtls(front));
  const seconds = intervalSeconds * failures + ttl;
  return {
    seconds,
    sentence: `${seconds} s: ${failures} checks, one every ${intervalSeconds} s, then a TTL of ${ttl} s`,
  };
}

const measuredTtls = ({ hosts }: Front): readonly number[] =>
  hosts.flatMap(({ isGlobal, addresses }) =>
    isGlobal && addresses.ok && addresses.value.ttlSeconds !== undefined ? [addresses.value.ttlSeconds] : [],
  );
