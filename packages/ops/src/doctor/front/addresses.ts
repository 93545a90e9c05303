import { lookup, Resolver } from 'node:dns/promises';
import type { Look } from './request.ts';

/** What DNS says of a host. */
export interface Addresses {
  readonly ipv4: number;
  /** The highest TTL among the records, in seconds. A cache shows what is left of it. Undefined for a name of this machine. */
  readonly ttlSeconds: number | undefined;
}

const TIMEOUT_MS = 2_000;

/** Asks DNS for the IPv4 addresses of a host. Never rejects. */
export async function resolveHost(
  host: string,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<Look<Addresses>> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  const stop = (): void => resolver.cancel();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const records = await resolver.resolve4(host, { ttl: true });
    return { ok: true, value: { ipv4: records.length, ttlSeconds: Math.max(...records.map(({ ttl }) => ttl)) } };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTFOUND' && code !== 'ENODATA') return { ok: false, why: 'timed-out' };
    // A name of /etc/hosts, or one that only the resolver of the system knows.
    if (servers.length === 0 && (await isLocal(host))) return { ok: true, value: { ipv4: 1, ttlSeconds: undefined } };
    return { ok: false, why: code === 'ENODATA' ? 'no-ipv4' : 'no-such-host' };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const isLocal = (host: string): Promise<boolean> =>
  lookup(host, { family: 4 }).then(
    () => true,
    () => false,
  );
