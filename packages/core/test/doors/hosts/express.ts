import http from 'node:http';
import cors from 'cors';
import express5 from 'express';
import express4 from 'express-4';
import { overHttp } from './clients.ts';
import { collect, type Host, handling, ORIGIN, refusal, store } from './host.ts';

function expressHost(name: string, create: typeof express5, mount: Host['mount']): Host {
  return {
    name: `${name}${mount && ` below ${mount}`}`,
    mount,
    transport: 'http',
    start: (door) => {
      const app = create();
      app.set('env', 'production');
      app.use(cors({ origin: ORIGIN, exposedHeaders: ['X-Own'] }));
      const api = create.Router();
      api.use(door.express());
      api.use((request, _response, next) => {
        if (request.method === 'POST') collect(request, (body) => next(void Object.assign(request, { body })));
        else next();
      });
      api.use((request, _response, next) => {
        handling(request);
        next();
      });
      api.get('/hello', (_request, response) => void response.cookie('app', '1').type('text').send('hello'));
      api.post('/echo', (request, response) => void response.send(`${store.getStore()} ${request.body}`));
      api.get('/refuse', () => {
        throw refusal();
      });
      api.get('/hang', () => {});
      api.get('/part', (_request, response) => void response.write('part'));
      app.use(mount || '/', api);
      return overHttp(http.createServer(app));
    },
  };
}

export const expressHosts: readonly Host[] = [
  expressHost('Express 5', express5, ''),
  expressHost('Express 5', express5, '/api'),
  expressHost('Express 4', express4 as unknown as typeof express5, ''),
  expressHost('Express 4', express4 as unknown as typeof express5, '/api'),
];
