import type { Server } from 'node:http';
import express from 'express';
import type { Regional } from './regional.js';

export function start({ doors, place, list }: Regional): Server {
  const app = express();
  app.use(doors.express());
  app.post('/orders', async (_request, response) => void response.status(201).json(await place()));
  app.get('/orders', async (_request, response) => void response.json(await list()));
  return app.listen(0, '127.0.0.1');
}
