import type { Server } from 'node:http';
import Fastify from 'fastify';
import type { Regional } from './regional.js';

export async function start({ doors, place, list }: Regional): Promise<Server> {
  const app = Fastify();
  await app.register(doors.fastify());
  app.post('/orders', async (_request, reply) => {
    const id = await place();
    return reply.code(201).type('application/json').send(JSON.stringify(id));
  });
  app.get('/orders', () => list());
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server;
}
