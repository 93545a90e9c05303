import type { Server } from 'node:http';
import Koa from 'koa';
import type { Regional } from './regional.js';

export function start({ doors, place, list }: Regional): Server {
  const app = new Koa();
  app.use(doors.koa());
  app.use(async (context) => {
    const isPost = context.method === 'POST';
    context.status = isPost ? 201 : 200;
    context.type = 'json';
    context.body = JSON.stringify(await (isPost ? place() : list()));
  });
  return app.listen(0, '127.0.0.1');
}
