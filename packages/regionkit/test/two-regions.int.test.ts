import type { Server } from 'node:http';
import { createLab, type Lab, type ReservedPorts, reservePorts } from '@regionkit/lab';
import express from 'express';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRegionKit, type RegionKit } from '../src/index.ts';
import { createNestApp } from './fixtures/nest-app.ts';
import { type Name, SECRET } from './support.ts';

const NAMES = ['us-east-1', 'eu-west-1'] as const;
type Kit = RegionKit<Name, undefined, undefined>;

/** An app as a user writes it: nothing of it knows where the primary is. */
const APPS: Readonly<Record<string, (kit: Kit, port: number) => Promise<Server>>> = {
  Express: async (kit, port) => {
    const app = express();
    app.use(kit.express());
    app.use(express.json());
    app.get('/notes', async (_request, response) => void response.json(await list(kit)));
    app.post('/notes', async (request, response) => void response.status(201).json(await add(kit, request.body.text)));
    return app.listen(port, '127.0.0.1');
  },
  Fastify: async (kit, port) => {
    const app = fastify();
    await app.register(kit.fastify());
    app.get('/notes', () => list(kit));
    app.post<{ Body: { text: string } }>('/notes', async (request, reply) =>
      reply.code(201).send(await add(kit, request.body.text)),
    );
    await app.listen({ port, host: '127.0.0.1' });
    return app.server;
  },
  'Nest on Express': (kit, port) => startNest('express', kit, port),
  'Nest on Fastify': (kit, port) => startNest('fastify', kit, port),
};

async function startNest(adapter: 'express' | 'fastify', kit: Kit, port: number): Promise<Server> {
  const { app } = await createNestApp({ adapter, given: kit, guarded: false, drain: { drain: false } });
  await app.listen(port, '127.0.0.1');
  return app.getHttpServer();
}

interface Answer {
  readonly region: Name;
  readonly notes: readonly string[];
}

async function list({ router, regions }: Kit): Promise<Answer> {
  const { rows } = await router.read<{ text: string }>('select text from notes order by id');
  return { region: regions.self, notes: rows.map(({ text }) => text) };
}

async function add({ router, regions }: Kit, text: string) {
  await router.write('insert into notes (text) values ($1)', [text]);
  return { region: regions.self };
}

describe.each(Object.keys(APPS))('an app on %s in two regions, with a kit in each', (framework) => {
  let lab: Lab<Name>;
  let reserved: ReservedPorts | undefined;
  const kits = {} as Record<Name, Kit>;
  const origins = {} as Record<Name, string>;
  const servers: Server[] = [];

  beforeAll(async () => {
    lab = await createLab({ regions: NAMES });
    await lab.primary.query(
      'create table notes (id bigint generated always as identity primary key, text text not null)',
    );
    await lab.caughtUp();
    reserved = await reservePorts(NAMES.length);
    const { ports } = reserved;
    for (const [at, name] of NAMES.entries()) origins[name] = `http://127.0.0.1:${ports[at]}`;
    for (const [at, self] of NAMES.entries()) {
      kits[self] = createRegionKit({
        self,
        regions: origins,
        databaseUrl: lab.region(self).connectionString,
        secret: SECRET,
        development: true,
        health: { peers: { intervalMs: 500 } },
      });
      const start = APPS[framework] as (kit: Kit, port: number) => Promise<Server>;
      servers.push(await start(kits[self], ports[at] as number));
    }
    for (const name of NAMES) await vi.waitUntil(async () => (await ask(name, 'GET', '/readyz')).status === 200, WAIT);
  });
  afterAll(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    await Promise.all(Object.values(kits).map((kit) => kit.close()));
    await lab?.close();
    reserved?.release();
  });

  const ask = (at: Name, method: string, path: string, headers: Record<string, string> = {}, body?: object) =>
    fetch(origins[at] + path, {
      method,
      headers: { connection: 'close', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const write = (at: Name, text: string): Promise<Response> => ask(at, 'POST', '/notes', {}, { text });
  const read = async (at: Name, token: string | null): Promise<Answer> =>
    (await ask(at, 'GET', '/notes', token === null ? {} : { 'x-region-token': token })).json() as Promise<Answer>;

  it('forwards a write that arrives in the region of a standby, and lets its client read it while the standby lags', async () => {
    await lab.region('eu-west-1').pauseReplay();
    const written = await write('eu-west-1', 'from Ireland');
    expect([written.status, await written.json()]).toEqual([201, { region: 'us-east-1' }]);
    const token = written.headers.get('x-region-token');
    expect(token).toMatch(/./);

    expect(await read('eu-west-1', token)).toEqual({ region: 'us-east-1', notes: ['from Ireland'] });
    expect(await lab.region('eu-west-1').query('select from notes')).toEqual([]);
    await lab.region('eu-west-1').resumeReplay();
    await vi.waitUntil(async () => (await read('eu-west-1', token)).region === 'eu-west-1', WAIT);
  });

  it('continues after a failover, in both regions', async () => {
    await lab.region('us-east-1').kill();
    await lab.failover({ to: 'eu-west-1' });
    for (const at of NAMES) {
      const written = await vi.waitUntil(async () => {
        const answer = await write(at, `after the failover, at ${at}`);
        return answer.status === 201 && answer;
      }, WAIT);
      expect(await written.json()).toEqual({ region: 'eu-west-1' });
    }
    const { notes } = await read('eu-west-1', null);
    expect(notes).toEqual(['from Ireland', ...NAMES.map((at) => `after the failover, at ${at}`)]);
  });
});

const WAIT = { timeout: 30_000, interval: 50 };
