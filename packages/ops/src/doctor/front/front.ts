import { isIP } from 'node:net';
import type { Operations } from '../../config/check-config.ts';
import { type Addresses, resolveHost } from './addresses.ts';
import { type AppWarnings, readWarnings } from './app-detail.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { type Look, look, type Seen } from './request.ts';

/** What was seen of the app from outside. */
export interface Front {
  /** The health path of each region with an origin. */
  readonly regions: readonly ExaminedRegion[];
  /** One for each region and each name that its clients ask for. */
  readonly certificates: readonly ExaminedCertificate[];
  /** The global hosts, then the hosts of the origins. */
  readonly hosts: readonly ExaminedHost[];
}

export interface ExaminedRegion {
  readonly region: string;
  readonly host: string;
  readonly health: Look<Seen>;
  /** Undefined without a token, and where the app does not tell. */
  readonly warnings: AppWarnings | undefined;
}

export interface ExaminedCertificate {
  readonly region: string;
  readonly name: string;
  readonly certificate: Look<Certificate>;
}

export interface ExaminedHost {
  readonly host: string;
  readonly isGlobal: boolean;
  readonly addresses: Look<Addresses>;
}

export const NO_FRONT: Front = { regions: [], certificates: [], hosts: [] };

/** Looks at every region and every host, all at the same time. */
export async function examineFront(
  config: Operations,
  ca: string | undefined,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Front> {
  const origins = config.regions.flatMap(({ name, origin }) =>
    origin === undefined ? [] : [{ region: name, url: new URL(origin) }],
  );
  const health = (url: URL): string => new URL(config.front.path, url).href;

  const regions = origins.map(async ({ region, url }): Promise<ExaminedRegion> => {
    const [seen, warnings] = await Promise.all([
      look({ url: health(url), timeoutMs, signal }),
      config.healthToken === undefined
        ? undefined
        : readWarnings({ url: health(url), token: config.healthToken, ca, timeoutMs, signal }),
    ]);
    return { region, host: url.hostname, health: seen, warnings };
  });

  const certificates = origins
    .filter(({ url }) => url.protocol === 'https:')
    .flatMap(({ region, url }) =>
      [...new Set([url.hostname, ...config.hosts])].map(async (name): Promise<ExaminedCertificate> => {
        const port = url.port === '' ? 443 : Number(url.port);
        const certificate = await readCertificate({ host: url.hostname, port, name, ca, timeoutMs, signal });
        return { region, name, certificate };
      }),
    );

  const named = origins.map(({ url }) => url.hostname).filter((host) => isIP(host) === 0 && host !== 'localhost');
  const hosts = [...new Set([...config.hosts, ...named])].map(
    async (host): Promise<ExaminedHost> => ({
      host,
      isGlobal: config.hosts.includes(host),
      addresses: await resolveHost(host, config.front.dnsServers, signal),
    }),
  );

  return {
    regions: await Promise.all(regions),
    certificates: await Promise.all(certificates),
    hosts: await Promise.all(hosts),
  };
}
