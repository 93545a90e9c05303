// What a user's app looks like to the compiler: every package, every entry point, the real frameworks' types.
import { createAffinity } from '@regionkit/affinity';
import { env, loadConfig, values } from '@regionkit/config';
import { compose, defineRegions, isRegionKitError, live, type RegionView, staticView } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import { createDrain, createHealth } from '@regionkit/health';
import { bearer, cookie, createSessionIssuer, createSessionVerifier } from '@regionkit/session';
import express from 'express';
import { Pool } from 'pg';

export const regions = defineRegions({
  self: process.env['REGION'],
  all: {
    'us-east-1': { origin: 'https://app-us-east-1.example.com' },
    'eu-west-1': { origin: 'https://app-eu-west-1.example.com' },
  },
  hosts: ['app.example.com'],
});

export async function createApp(): Promise<express.Express> {
  const secret = live('a secret that is long enough to sign with');
  const config = await loadConfig({ regions, sources: { local: values({ greeting: 'hello' }), env: env() } });
  const greeting: string = config.get('local').greeting;
  const health = createHealth({ regions, version: '1', peers: { secret } });
  const router = createRegionRouter({
    regions,
    pools: { 'us-east-1': new Pool(), 'eu-west-1': new Pool() },
    writes: 'forward',
    token: { secret },
    view: health.view,
  });
  health.follow(router);
  const view: RegionView<(typeof regions)['self']> = staticView(regions);
  const affinity = createAffinity({ regions, view: health.view, cookie: { domain: 'example.com' } });
  const sessions = createSessionVerifier({
    keys: { kty: 'EC' },
    algorithms: ['ES256'],
    issuer: 'https://auth.example.com',
    audience: null,
    from: [bearer(), cookie('__Secure-session')],
  });
  const issuer = createSessionIssuer({
    key: 'pem',
    issuer: 'https://auth.example.com',
    audience: 'api',
    lifetimeMs: 60_000,
  });
  const gate = createWriteGate({ router, view, forward: { secret }, token: { cookie: { domain: 'example.com' } } });

  const app = express();
  app.use(compose(health, affinity, sessions.optional(), gate).express());
  app.get('/me', sessions.require('admin').express(), (request, response) => {
    response.json({ sub: sessions.of(request).sub, greeting });
  });
  app.post('/orders', async (_request, response) => {
    try {
      const { rows } = await router.write<{ id: string }>('insert into orders default values returning id');
      response.json(rows[0]?.id satisfies string | undefined);
    } catch (error) {
      response.status(500).json(isRegionKitError(error) ? error.code : await issuer.issue({ sub: 'nobody' }));
    }
  });
  createDrain({ health, servers: [] });
  return app;
}
