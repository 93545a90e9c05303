import dns from 'node:dns';

/**
 * Lets every name under `.localhost` resolve to loopback, as RFC 6761 section 6.3 asks of resolvers and as browsers do.
 * Node leaves it to the system, which often does not; the demo needs names, since cookies live on names.
 */
export function resolveLocalhostNames(): void {
  const system = dns.lookup as (...args: unknown[]) => void;
  const lookup = (host: string, ...rest: unknown[]): void => {
    system(/\.localhost\.?$/i.test(host) ? '127.0.0.1' : host, ...rest);
  };
  (dns as { lookup: unknown }).lookup = lookup;
}
