import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** What one resolver says of a host. */
export interface HostAnswer {
  readonly host: string;
  /** Undefined: the resolvers of this machine. */
  readonly server: string | undefined;
  /** Undefined: it did not answer. Empty: it knows no address. */
  readonly addresses: readonly string[] | undefined;
}

const TIMEOUT_MS = 2_000;
const NO_ADDRESS = new Set(['ENOTFOUND', 'ENODATA']);

/** Asks each resolver of its own: one of them may still have an old answer. Never rejects. */
export function resolveEverywhere(
  host: string,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<readonly HostAnswer[]> {
  if (isIP(host) !== 0) return Promise.resolve([{ host, server: undefined, addresses: [host] }]);
  const all = servers.length === 0 ? [undefined] : servers;
  return Promise.all(all.map(async (server) => ({ host, server, addresses: await resolveAt(host, server, signal) })));
}

async function resolveAt(
  host: string,
  server: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 });
  if (server !== undefined) resolver.setServers([server]);
  const stop = (): void => resolver.cancel();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const settled = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const found = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (found.length > 0) return found;
    const codes = settled.map((one) =>
      one.status === 'rejected' ? String((one.reason as { code?: string }).code) : '',
    );
    // A name of /etc/hosts, or one that only the resolver of the system knows.
    if (server === undefined) return (await lookup(host, { all: true })).map(({ address }) => address);
    return codes.every((code) => NO_ADDRESS.has(code)) ? [] : undefined;
  } catch (error) {
    return NO_ADDRESS.has(String((error as NodeJS.ErrnoException).code)) ? [] : undefined;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
