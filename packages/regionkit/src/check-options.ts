import { check } from '@regionkit/core/kit';
import type { RegionKitOptions } from './options.ts';

const KNOWN = [
  'self',
  'regions',
  'hosts',
  'development',
  'secret',
  'databaseUrl',
  'databaseUrls',
  'pools',
  'poolConfig',
  'cookieDomain',
  'environment',
  'logger',
  'health',
  'router',
  'gate',
  'affinity',
  'sessions',
  'config',
] as const satisfies readonly (keyof RegionKitOptions)[];

/** Options of parts that people write beside the others, by the part that has them. */
const OF_PARTS = {
  health: ['version', 'peers', 'defaults', 'paths'],
  router: [
    'writes',
    'coldStart',
    'epoch',
    'readings',
    'maxLagMs',
    'tokenWaitMs',
    'onBehind',
    'hold',
    'maxViewAgeMs',
    'probe',
    'monotonicReads',
    'leakAfterMs',
  ],
  gate: ['forward', 'isWrite', 'retryAfterSeconds'],
  affinity: ['trustUnknown', 'failover', 'settleSeconds', 'mode', 'redirectStatus', 'host', 'pin'],
  sessions: ['keys', 'algorithms', 'issuer', 'audience', 'claims', 'roles', 'notBefore', 'isRevoked'],
} as const satisfies { readonly [Part in keyof RegionKitOptions]?: readonly string[] };

/** What people call an option elsewhere. */
const OTHER_NAMES: Readonly<Record<string, (typeof KNOWN)[number]>> = {
  all: 'regions',
  connectionString: 'databaseUrl',
  database: 'databaseUrl',
  domain: 'cookieDomain',
  pool: 'pools',
  region: 'self',
  secrets: 'secret',
  session: 'sessions',
  url: 'databaseUrl',
};

/** @throws {TypeError} There is an option that the kit does not have. The message names the one that was meant, if it can. */
export function checkNames(given: object): void {
  check.object('createRegionKit: options', given);
  for (const name of Object.keys(given)) {
    if ((KNOWN as readonly string[]).includes(name)) continue;
    const part = Object.entries(OF_PARTS).find(([, names]) => (names as readonly string[]).includes(name))?.[0];
    const other = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : undefined;
    const meant =
      part !== undefined
        ? `write ${part}: { ${name}: … }`
        : other !== undefined
          ? `write ${other}`
          : `it takes ${KNOWN.join(', ')}`;
    throw new TypeError(`createRegionKit has no option ${JSON.stringify(name)}; ${meant}`);
  }
}
