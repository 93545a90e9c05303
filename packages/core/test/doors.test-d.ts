/**
 * Compiled, never run: the doors fit the real types of every framework. The lines marked `@ts-expect-error` must not
 * compile.
 */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { serve } from '@hono/node-server';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import {
  compose,
  type Decider,
  type Decision,
  type Doors,
  defineRegions,
  live,
  type RegionView,
  staticView,
  withDoors,
} from '../src/index.ts';

const decider = {
  kind: 'gate',
  extra: 1,
  decide: (request): Decision => ({ action: 'next', reason: request.path }),
} satisfies Decider & { extra: number };
const door = withDoors(decider);

// What was there stays: withDoors adds.
const _extra: number = door.extra;
const _doors: Doors = compose(door, { decide: decider.decide });

// Express
const app = express();
app.use(door.express());
app.use('/api', door.express(), door.node());
app.get('/one', door.express(), (_request, response) => void response.send('x'));
express.Router().use(door.express());

// http, https, http2: the listener has the types of its server
http.createServer(door.node((request, response) => response.setHeader('x', request.complete ? '1' : '0').end()));
https.createServer(
  {},
  door.node((_request, response) => response.writeHead(200, { a: 'b' }).end()),
);
http2.createServer(
  door.node((request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
    response.stream.respond({ ':status': request.stream.id });
  }),
);
http.createServer(door.node(app));
http.createServer(door.node(new Koa().callback()));

// Koa, also with a state and a context of the app's own
new Koa().use(door.koa());
new Koa<{ user: string }, { tenant: string }>().use(door.koa()).use((context) => {
  context.body = context.state.user + context.tenant;
});

// Fastify, with and without options, on every kind of server
const fastify = Fastify();
fastify.register(door.fastify());
fastify.register(door.fastify({ prefix: '/api' }));
fastify.register(door.fastify(), { prefix: '/api' });
await fastify.register(door.fastify());
Fastify({ http2: true }).register(door.fastify());
Fastify({ https: {} }).register(door.fastify());

// Hono, with bindings and variables, and what comes after it keeps its types
const hono = new Hono<{ Bindings: { KEY: string }; Variables: { user: string } }>();
hono.use(door.hono());
hono.use('/api/*', door.hono());
hono.get('/one', door.hono(), (context) => context.text(context.var.user + context.env.KEY));
serve({ fetch: hono.fetch });

// A fetch handler; what its runtime passes besides goes through
const handler = door.fetch((request: Request) => new Response(request.url));
const _response: Response | Promise<Response> = handler(new Request('https://app.example.com'));
serve({ fetch: door.fetch(hono.fetch) });
const worker = door.fetch(async (request: Request, env: { KEY: string }) => new Response(request.url + env.KEY));
worker(new Request('https://app.example.com'), { KEY: 'x' });
// @ts-expect-error what the handler needs besides must be given
worker(new Request('https://app.example.com'));

// @ts-expect-error a decision says why
const _unreasoned: Decision = { action: 'next' };
// @ts-expect-error there are four kinds
const _unkind: Decider = { kind: 'cache', decide: decider.decide };

// The literal names of the regions type everything
const regions = defineRegions({
  self: process.env['REGION'],
  all: {
    'us-east-1': { origin: 'https://app-us-east-1.example.com' },
    'eu-west-1': { origin: 'https://app-eu-west-1.example.com' },
  },
});
const self: 'us-east-1' | 'eu-west-1' = regions.self;
regions.list.map(({ name }): 'us-east-1' | 'eu-west-1' => name);
// @ts-expect-error misspelt
const _misspelt: 'us-east-2' = regions.self;
defineRegions({ self: 'a', all: { a: { origin: 'https://a.example' }, b: { origin: 'https://b.example' } } });
defineRegions({
  // @ts-expect-error a literal self is a name of the map
  self: 'c',
  all: { a: { origin: 'https://a.example' }, b: { origin: 'https://b.example' } },
});
const view: RegionView<'us-east-1' | 'eu-west-1'> = staticView(regions);
// Any string may be looked up: cookies are strings.
view.get('anything')?.name satisfies typeof self | undefined;

live('secret').set('next');
// @ts-expect-error a live value keeps its type
live('secret').set(1);
