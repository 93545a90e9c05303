import { file, loadConfig } from '@regionkit/config';
import { outcomeOf } from '@regionkit/db-router';
import { createOperatorDoor } from '@regionkit/health/operator';
import { bearer, cookie, createSessionCookie, createSessionIssuer } from '@regionkit/session';
import express, { type ErrorRequestHandler } from 'express';
import { DatabaseError, Pool } from 'pg';
import { createRegionKit, isRegionKitError } from 'regionkit';
import { z } from 'zod';
import { GLOBAL_HOST, hostOf, REGIONS, type RegionName } from './names.ts';
import { addRelease } from './rollout/add-release.ts';
import type { Settings } from './settings.ts';

const Secrets = z.array(z.string().min(32)).nonempty();
const SESSION = { issuer: 'https://auth.app.localhost', audience: 'orders' };

/** The app of one region: sign in, place an order, list mine. All that makes it region-aware is above the routes. */
export async function createOrdersApp({ region, ports, databases, secretsDir, operatorToken, release }: Settings) {
  const config = await loadConfig({
    refresh: { everyMs: 500 },
    sources: {
      tokens: file(`${secretsDir}/tokens.json`, { schema: Secrets }),
      peers: file(`${secretsDir}/peers.json`, { schema: Secrets }),
      jwt: file(`${secretsDir}/jwt-public.json`),
      jwtSigning: file(`${secretsDir}/jwt-signing.json`),
    },
  });
  const pools = mapRegions(
    (name) => new Pool({ connectionString: databases[name], max: 10, connectionTimeoutMillis: 2_000 }),
  );

  const kit = createRegionKit({
    self: region,
    regions: mapRegions((name) => `http://${hostOf(name)}:${ports[name]}`),
    hosts: [GLOBAL_HOST],
    development: true,
    secret: config.ref('tokens'),
    pools,
    cookieDomain: GLOBAL_HOST,
    config,
    health: {
      version: release?.version ?? '1.0.0',
      ...(release !== undefined && { token: release.healthToken }),
      peers: {
        secret: config.ref('peers'),
        intervalMs: 500,
        urgentIntervalMs: 100,
        timeoutMs: 300,
        unknownAfterMs: 1_500,
      },
      // Ten times quicker than the defaults: a demo has less time than a region.
      defaults: { intervalMs: 200, timeoutMs: 500, failAfter: 2, passAfter: 2 },
    },
    sessions: { ...SESSION, keys: config.ref('jwt'), algorithms: ['ES256'], from: [bearer(), cookie('session')] },
    // Signing in writes nothing, so it need not travel.
    gate: { isWrite: ({ path }) => (path === '/sign-in' ? false : undefined) },
  });
  const { router, regions, sessions } = kit;
  const issuer = createSessionIssuer({ ...SESSION, key: config.ref('jwtSigning'), lifetimeMs: 3_600_000 });
  const sessionCookie = createSessionCookie({ name: 'session', domain: GLOBAL_HOST, regions, secure: false });

  const operator = createOperatorDoor({ regions, token: operatorToken, router, pools: kit.pools, health: kit.health });

  const app = express();
  app.disable('x-powered-by');
  // Before all others: an operator asks this region, wherever the clients are led.
  app.use(operator.express());
  app.use(kit.express());
  if (release !== undefined) addRelease(app, kit.health, release);
  app.use(express.json());

  app.post('/sign-in', async (request, response) => {
    const { name } = z.object({ name: z.string().max(64) }).parse(request.body);
    const token = await issuer.issue({ sub: name });
    response.append('set-cookie', sessionCookie.set(token));
    response.json({ region, name });
  });

  app.post('/orders', sessions.require().express(), async (request, response) => {
    const { ref, item } = z.object({ ref: z.uuid(), item: z.string().max(64) }).parse(request.body);
    const { sub } = sessions.of(request);
    await router.write('insert into orders (ref, customer, item, placed_in) values ($1, $2, $3, $4)', [
      ref,
      sub,
      item,
      region,
    ]);
    response.status(201).json({ ref, placedIn: region });
  });

  app.get('/orders', sessions.require().express(), async (request, response) => {
    const { sub } = sessions.of(request);
    const { rows } = await router.read<{ ref: string }>('select ref from orders where customer = $1 order by id', [
      sub,
    ]);
    response.json({ region, refs: rows.map(({ ref }) => ref) });
  });

  // What an app without a token would get: whatever the replica next door happens to hold.
  app.get('/orders/plain', sessions.require().express(), async (request, response) => {
    const { sub } = sessions.of(request);
    const { rows } = await pools[region].query<{ ref: string }>('select ref from orders where customer = $1', [sub]);
    response.json({ region, refs: rows.map(({ ref }) => ref) });
  });

  // For `regionkit smoke-test --path /smoke`: it uses the same table, and so the same migrations, as the orders.
  app.post('/smoke', async (request, response) => {
    const { id } = z.object({ id: z.string().max(64) }).parse(request.body);
    await router.write('insert into orders (ref, customer, item, placed_in) values (gen_random_uuid(), $1, $2, $3)', [
      id,
      'smoke',
      region,
    ]);
    response.status(201).end();
  });
  app.get('/smoke', async (request, response) => {
    const { rows } = await router.read('select customer from orders where customer = $1', [
      String(request.query['id']),
    ]);
    response.json(rows);
  });

  app.get('/', (_request, response) => {
    response.type('html').send(`<!doctype html><title>Orders</title><h1>Served in ${region}</h1>`);
  });

  // Says what became of the statement, so that a client knows whether it may try again.
  const answerErrors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (isRegionKitError(error)) response.status(error.status).set(error.headers);
    else if (error instanceof DatabaseError) response.status(500);
    else return next(error);
    response.json({ outcome: outcomeOf(error) });
  };
  app.use(answerErrors);

  return { app, kit, operator };
}

function mapRegions<T>(make: (name: RegionName) => T): Record<RegionName, T> {
  return Object.fromEntries(REGIONS.map((name) => [name, make(name)])) as Record<RegionName, T>;
}
