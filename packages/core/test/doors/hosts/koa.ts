import http from 'node:http';
import http2 from 'node:http2';
import { PassThrough } from 'node:stream';
import Koa from 'koa';
import mounted from 'koa-mount';
import type { Decider, WithDoors } from '../../../src/index.ts';
import { overHttp, overHttp2 } from './clients.ts';
import { collect, type Host, handling, ORIGIN, refusal, store } from './host.ts';

function koaApp(door: WithDoors<Decider>, mount: Host['mount']): Koa {
  const api = new Koa();
  api.use(door.koa());
  api.use(async (context) => {
    handling(context);
    if (context.path === '/hello') {
      context.cookies.set('app', '1');
      context.body = 'hello';
    } else if (context.path === '/echo') {
      // What a naive parser does: the rest of the request runs from an event.
      context.body = await new Promise((resolve) =>
        collect(context.req, (body) => resolve(`${store.getStore()} ${body}`)),
      );
    } else if (context.path === '/refuse') throw refusal();
    else if (context.path === '/hang') await new Promise(() => {});
    else if (context.path === '/part') {
      const body = new PassThrough();
      body.write('part');
      context.body = body;
    }
  });
  const app = new Koa();
  app.silent = true;
  app.use((context, next) => {
    context.set('Access-Control-Allow-Origin', ORIGIN);
    context.set('Access-Control-Expose-Headers', 'X-Own');
    context.vary('Origin');
    return next();
  });
  app.use(mounted(mount || '/', api));
  return app;
}

export const koaHosts: readonly Host[] = [
  ...(['', '/api'] as const).map(
    (mount): Host => ({
      name: `Koa 3${mount && ` below ${mount}`}`,
      mount,
      transport: 'http',
      start: (door) => overHttp(http.createServer(koaApp(door, mount).callback())),
    }),
  ),
  {
    name: 'Koa 3 over HTTP/2',
    mount: '',
    transport: 'http2',
    start: (door) => overHttp2(http2.createServer(koaApp(door, '').callback())),
  },
];
