import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { Regional } from './regional.js';

export function start({ doors, place, list }: Regional): Server {
  const app = new Hono();
  app.use(doors.hono());
  app.post('/orders', async (context) => context.json(await place(), 201));
  app.get('/orders', async (context) => context.json(await list()));
  return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
}
