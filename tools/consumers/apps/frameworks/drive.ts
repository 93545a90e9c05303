import { deepStrictEqual, match, strictEqual } from 'node:assert';
import { once } from 'node:events';
import { type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { createLab } from '@regionkit/lab';
import { start as express } from './express.js';
import { start as express4 } from './express-4.js';
import { start as fastify } from './fastify.js';
import { start as hono } from './hono.js';
import { start as koa } from './koa.js';
import { start as node } from './node.js';
import { createRegional, ELSEWHERE, type Regional } from './regional.js';

const APPS: Readonly<Record<string, (regional: Regional) => Server | Promise<Server>>> = {
  'Express 5': express,
  'Express 4': express4,
  Koa: koa,
  Fastify: fastify,
  Hono: hono,
  'node:http': node,
};

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Starts an app of each framework over real PostgreSQL, and asks each of the packages something that it alone answers. */
async function drive(): Promise<void> {
  const lab = await createLab({ regions: ['us-east-1', 'eu-west-1'] });
  const database = (name: 'us-east-1' | 'eu-west-1') => lab.region(name).connectionStringFrom('us-east-1');
  const regional = createRegional({ 'us-east-1': database('us-east-1'), 'eu-west-1': database('eu-west-1') });
  try {
    await lab.region('us-east-1').pool().query('create table orders (id int generated always as identity)');
    const orders: string[] = [];
    for (const [name, start] of Object.entries(APPS)) {
      const server = await start(regional);
      if (!server.listening) await once(server, 'listening');
      try {
        orders.push(await check(server, orders));
        process.stdout.write(`${name} `);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    }
  } finally {
    await regional.close();
    await lab.close();
  }
}

async function check(server: Server, before: readonly string[]): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const ask = (method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (response) => {
        const { statusCode: status, headers } = response;
        text(response).then((body) => resolve({ status, headers, body }), reject);
      })
        .on('error', reject)
        .end();
    });

  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', cookie: 'region=eu-west-1' };
  const home = await ask('GET', '/orders?page=2', navigation);
  deepStrictEqual([home.status, home.headers.location], [307, `${ELSEWHERE}/orders?page=2`]);

  const placed = await ask('POST', '/orders');
  strictEqual(placed.status, 201, placed.body);
  const id = JSON.parse(placed.body) as string;
  const cookies = placed.headers['set-cookie']?.join('\n') ?? '';
  match(cookies, /^region=us-east-1;/m);
  const token = /^(region-token=[^;]+);/m.exec(cookies)?.[1];
  match(String(token), /=./);

  const listed = await ask('GET', '/orders', { cookie: String(token) });
  deepStrictEqual([listed.status, JSON.parse(listed.body)], [200, [...before, id]]);

  // Its first look may have come before the database was known.
  while ((await ask('GET', '/health')).status !== 200) await setTimeout(50);
  return id;
}

drive().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
