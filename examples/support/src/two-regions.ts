import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLab, type Lab, reservePorts } from '@regionkit/lab';
import { createSessionIssuer, generateSigningKeys, type SessionIssuer } from '@regionkit/session';

const REGIONS = ['us-east-1', 'eu-west-1'] as const;
export type RegionName = (typeof REGIONS)[number];

/** Two regions on this machine: real PostgreSQL with replication, secrets in files, and an issuer that signs sessions. */
export interface TwoRegions {
  readonly lab: Lab<RegionName>;
  readonly origins: Readonly<Record<RegionName, string>>;
  /** Signs sessions whose keys are at the `JWKS_URL` of the environment. */
  readonly issuer: SessionIssuer;
  /** What the server of an example in `region` is told by its environment. */
  environment(region: RegionName): Record<string, string>;
  close(): Promise<void>;
}

/** Virginia is the primary, Ireland its standby; both have an empty table of notes. */
export async function startTwoRegions(): Promise<TwoRegions> {
  const secretsDir = mkdtempSync(join(tmpdir(), 'regionkit-example-'));
  const [lab, [usPort, euPort], keys] = await Promise.all([
    createLab({ regions: REGIONS }),
    twoFreePorts(),
    generateSigningKeys({ algorithm: 'ES256' }),
  ]);
  await lab.primary.query(
    'create table notes (id bigint generated always as identity primary key, text text not null, written_in text not null)',
  );
  await lab.caughtUp();

  const secret = randomBytes(32).toString('hex');
  writeFileSync(join(secretsDir, 'region-secret'), secret);
  writeFileSync(join(secretsDir, 'session-key.pem'), keys.privatePem);
  writeFileSync(join(secretsDir, 'session-jwks.json'), JSON.stringify(keys.jwks));
  const jwks = await serveJson(keys.jwks);
  const issuer = createSessionIssuer({
    key: keys.privatePem,
    issuer: 'https://auth.example.com',
    audience: 'notes',
    lifetimeMs: 3_600_000,
  });

  const ports = { 'us-east-1': usPort, 'eu-west-1': euPort };
  const origins = { 'us-east-1': `http://127.0.0.1:${usPort}`, 'eu-west-1': `http://127.0.0.1:${euPort}` };
  return {
    lab,
    origins,
    issuer,
    environment: (region) => ({
      REGION: region,
      PORT: String(ports[region]),
      US_ORIGIN: origins['us-east-1'],
      EU_ORIGIN: origins['eu-west-1'],
      DATABASE_URL: lab.region(region).connectionString,
      US_DATABASE_URL: lab.region('us-east-1').connectionStringFrom(region),
      EU_DATABASE_URL: lab.region('eu-west-1').connectionStringFrom(region),
      REGION_SECRET: secret,
      SECRETS_DIR: secretsDir,
      JWKS_URL: jwks.url,
      NOT_READY_FOR_MS: '1000',
    }),
    close: async () => {
      jwks.server.close();
      await Promise.all([lab.close(), issuer.close()]);
      rmSync(secretsDir, { recursive: true, force: true });
    },
  };
}

/** Two ports that are free, and stay reserved as long as this process lives. */
export async function twoFreePorts(): Promise<[number, number]> {
  return (await reservePorts(2)).ports as [number, number];
}

async function serveJson(value: object): Promise<{ readonly url: string; readonly server: Server }> {
  const server = await listening(
    createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    }),
  );
  return { url: `http://127.0.0.1:${portOf(server)}/jwks.json`, server };
}

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
