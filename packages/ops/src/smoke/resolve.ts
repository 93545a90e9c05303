import { isIP, type LookupFunction } from 'node:net';
import { OpsError } from '../errors.ts';

/** Addresses to use instead of the DNS, by `host:port`. */
export type Resolved = ReadonlyMap<string, string>;

/** Reads `--resolve HOST:PORT:ADDRESS`, as curl does. @throws {OpsError} `ERR_OPS_USAGE` */
export function readResolve(given: readonly string[] = []): Resolved {
  return new Map(
    given.map((text) => {
      const match = /^([^:]+):(\d{1,5}):\[?([^\]]+)\]?$/.exec(text);
      const [, host = '', port = '', address = ''] = match ?? [];
      if (isIP(address) === 0) {
        throw new OpsError(
          'ERR_OPS_USAGE',
          '--resolve must be HOST:PORT:ADDRESS, as for curl: app.example.com:443:192.0.2.7',
        );
      }
      return [`${host.toLowerCase()}:${port}`, address];
    }),
  );
}

/** `host:port` of an origin, as `--resolve` names it. */
export const hostOf = (origin: string): string => {
  const { hostname, port, protocol } = new URL(origin);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
};

export const addressFor = (resolved: Resolved, origin: string): string | undefined => resolved.get(hostOf(origin));

/** Leads every connection to `address`. */
export const lookupOf =
  (address: string): LookupFunction =>
  (_, options, callback) => {
    const family = isIP(address);
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
