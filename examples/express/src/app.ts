import { join } from 'node:path';
import { createAffinity } from '@regionkit/affinity';
import { env, file, loadConfig } from '@regionkit/config';
import { compose, defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import { checks, createHealth } from '@regionkit/health';
import { bearer, cookie, createSessionCookie, createSessionIssuer, createSessionVerifier } from '@regionkit/session';
import cors from 'cors';
import express from 'express';
import { Pool } from 'pg';
import { z } from 'zod';

const Environment = z.object({
  REGION: z.string(),
  DATABASE_URL: z.url(),
  US_ORIGIN: z.url().default('http://127.0.0.1:3001'),
  EU_ORIGIN: z.url().default('http://127.0.0.1:3002'),
});
const Note = z.object({ text: z.string().max(200) });
const SESSION = { issuer: 'https://notes.example.com', audience: 'notes' };

/** Notes in two regions, on Express, with all five packages. */
export async function createApp(secretsDir: string) {
  const config = await loadConfig({
    sources: {
      env: env({ schema: Environment }),
      // Mounted by an orchestrator; looked at again every 15 minutes, so a rotation needs no restart.
      secret: file(join(secretsDir, 'region-secret')),
      sessionKey: file(join(secretsDir, 'session-key.pem')),
      sessionJwks: file(join(secretsDir, 'session-jwks.json')),
    },
  });
  const { REGION, DATABASE_URL, US_ORIGIN, EU_ORIGIN } = config.get('env');
  const secret = config.ref('secret');
  const regions = defineRegions({
    self: REGION,
    all: { 'us-east-1': { origin: US_ORIGIN }, 'eu-west-1': { origin: EU_ORIGIN } },
    hosts: ['app.localhost'], // the name behind the latency DNS
    development: true, // one machine, plain http; not in production
  });

  const health = createHealth({ regions, peers: { secret } });
  const router = createRegionRouter({
    regions,
    pools: { [regions.self]: new Pool({ connectionString: DATABASE_URL }) },
    writes: 'forward',
    token: { secret },
    view: health.view,
  });
  health.follow(router);
  health.check(
    'config',
    checks.config(() => config),
    { severity: 'degraded' },
  );

  const affinity = createAffinity({ regions, view: health.view });
  const sessions = createSessionVerifier({
    ...SESSION,
    keys: config.ref('sessionJwks'),
    algorithms: ['ES256'],
    from: [bearer(), cookie('session')],
  });
  const issuer = createSessionIssuer({ ...SESSION, key: config.ref('sessionKey'), lifetimeMs: 3_600_000 });
  const sessionCookie = createSessionCookie({ name: 'session', regions, secure: false });
  const gate = createWriteGate({
    router,
    view: health.view,
    forward: { secret },
    // Signing in writes nothing, so it need not travel.
    isWrite: ({ path }) => (path === '/sign-in' ? false : undefined),
  });

  // CORS first: also a forwarded answer and an error need it. Body parsers last: a write is forwarded as it came.
  const app = express();
  app.use(
    cors({
      origin: 'https://www.example.com',
      credentials: true,
      // Once there is a list, the field with which a script sends its token must be in it.
      allowedHeaders: ['Content-Type', 'Authorization', 'X-Region-Token'],
    }),
  );
  app.use(compose(health, affinity, sessions, gate).express());
  app.use(express.json());

  app.post('/sign-in', async (request, response) => {
    const { name } = z.object({ name: z.string().max(64) }).parse(request.body); // a real app asks for more than a name
    response.append('set-cookie', sessionCookie.set(await issuer.issue({ sub: name })));
    response.json({ region: regions.self, name });
  });
  app.get('/me', (request, response) => {
    response.json({ region: regions.self, name: sessions.of(request).sub });
  });
  app.get('/notes', async (_request, response) => {
    const { rows } = await router.read<{ text: string }>('select text from notes order by id');
    response.json({ region: regions.self, notes: rows.map(({ text }) => text) });
  });
  app.post('/notes', async (request, response) => {
    const note = Note.safeParse(request.body);
    if (!note.success) return void response.status(400).json({ error: 'a note is { "text": "…" }' });
    const { text } = note.data;
    await router.write('insert into notes (text, written_in) values ($1, $2)', [text, regions.self]);
    response.status(201).json({ region: regions.self, text });
  });
  return { app, config, health, router, gate, sessions, issuer };
}
