import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import type { SessionVerifier } from '@regionkit/session';
import { honoSessions } from '@regionkit/session/hono';
import { Hono } from 'hono';
import type { Regional } from './regional.js';

/** What it has to do with sessions is compiled: the variable of the context has the type of the claims. */
export const profile = (sessions: SessionVerifier<{ readonly tenant: number }>) =>
  new Hono()
    .get('/me', honoSessions(sessions).require(), (context) =>
      context.text(context.var.session.claims.tenant.toFixed()),
    )
    .get('/', honoSessions(sessions).optional(), (context) => context.text(context.var.session?.sub ?? 'stranger'));

export function start({ doors, place, list }: Regional): Server {
  const app = new Hono();
  app.use(doors.hono());
  app.post('/orders', async (context) => context.json(await place(), 201));
  app.get('/orders', async (context) => context.json(await list()));
  return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
}
