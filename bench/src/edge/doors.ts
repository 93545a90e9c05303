import { generateKeyPairSync } from 'node:crypto';
import { type Affinity, createAffinity } from '@regionkit/affinity';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import { createLab } from '@regionkit/lab';
import { createSessionIssuer } from '@regionkit/session';
import pg from 'pg';
import { direct, knowing, SECRET } from '../router/setting.ts';
import { type EdgeRegion, edgeRegions, edgeView } from './setting.ts';

export const HERE = 'us-east-1' satisfies EdgeRegion;
export const ISSUER = 'https://auth.example.com';
export const AUDIENCE = 'api';

export function edgeAffinity(): Affinity<EdgeRegion> {
  return createAffinity({ regions: edgeRegions(HERE), view: edgeView(HERE), cookie: { domain: 'example.com' } });
}

/** A router in the primary's region, which knows its primary. */
export async function edgeRouter(database: string): Promise<RegionRouter<EdgeRegion>> {
  const pool = new pg.Pool({ connectionString: database, max: 4 });
  pool.on('error', () => {});
  const router = createRegionRouter<EdgeRegion>({
    regions: edgeRegions(HERE),
    pools: { [HERE]: pool } as never,
    view: edgeView(HERE),
    writes: 'forward',
    // It reaches no other region.
    coldStart: 'trust',
    token: { secret: SECRET },
  });
  return knowing(router);
}

/** A database behind the doors, and a request of a signed-in client that has written. */
export interface Behind extends AsyncDisposable {
  /** What a server needs to know as arguments: the database, and the public key of the sessions. */
  readonly args: readonly [database: string, publicKey: string];
  readonly request: string;
}

export async function openBehind(): Promise<Behind> {
  const lab = await createLab({ regions: [HERE], onProgress: () => {} });
  const database = direct(lab.region(HERE) as never);
  await lab.primary.query('create table log (v text)');
  const router = await edgeRouter(database);
  const token = await router.run({ access: 'write' }, async () => {
    await router.write('insert into log values ($1)', ['written']);
    return router.token();
  });
  await router.close({ pools: true });
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const issuer = createSessionIssuer({
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    issuer: ISSUER,
    audience: AUDIENCE,
    lifetimeMs: 3_600_000,
  });
  const session = await issuer.issue({ sub: 'user-1', roles: ['reader'] });
  await issuer.close();
  return {
    args: [database, publicKey.export({ type: 'spki', format: 'pem' }) as string],
    request: [
      'GET /orders HTTP/1.1',
      'Host: app.example.com',
      `Cookie: theme=dark; region=${HERE}; sid=abcdef; region-token=${token}`,
      `Authorization: Bearer ${session}`,
      'Accept: application/json',
      '\r\n',
    ].join('\r\n'),
    [Symbol.asyncDispose]: () => lab.close(),
  };
}
