import { createServer } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { defineRegions } from '@regionkit/core';
import { requestView } from '@regionkit/core/testing';
import { createWriteGate } from '@regionkit/db-router/http';
import { fakeRouter } from '@regionkit/db-router/testing';
import { createHealth } from '@regionkit/health';
import { createSessionIssuer, createSessionVerifier, generateSigningKeys } from '@regionkit/session';
import express from 'express';
import { Pool } from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRegionKit, deriveSecret } from '../src/index.ts';
import { type Name, options, REGIONS, SECRET, URL_HERE, watchWarnings } from './support.ts';

const warnings = watchWarnings();
afterEach(() => warnings.clear());
const WHOSE = { issuer: 'https://auth.example.com', audience: 'api' };
const keys = await generateSigningKeys({ algorithm: 'ES256' });
const SESSIONS = { ...WHOSE, algorithms: ['ES256'], keys: keys.jwks } as const;

describe('createRegionKit', () => {
  it('wires the parts without a warning: nothing that an app may forget is missing', async () => {
    await using kit = createRegionKit({
      ...options,
      hosts: ['app.example.com'],
      sessions: SESSIONS,
    });
    expect(kit.regions.self).toBe('eu-west-1');
    expect(kit.router.writes).toBe('forward');
    expect(kit.router.regions).toBe(kit.regions);
    expect(kit.affinity?.kind).toBe('affinity');
    expect(warnings.codes()).toEqual([]);
  });

  it('takes an option of a part that is not set as one that was left out', async () => {
    const health = { version: undefined };
    await using kit = createRegionKit({
      ...options,
      router: { writes: undefined } as object,
      health: health as object,
    });
    expect(kit.router.writes).toBe('forward');
  });

  it('refuses options that would do nothing beside the pools or the router of the app', async () => {
    const { databaseUrl: _, ...others } = options;
    const pools = { 'eu-west-1': new Pool({ connectionString: URL_HERE }) };
    expect(() => createRegionKit({ ...others, pools, poolConfig: { max: 3 } })).toThrow(
      'createRegionKit: poolConfig must be left out: the pools that were given have options of their own',
    );
    const regions = defineRegions({ self: 'eu-west-1', all: { 'eu-west-1': { origin: REGIONS['eu-west-1'] } } });
    const router = fakeRouter({ self: 'eu-west-1', regions });
    for (const more of [{ poolConfig: { max: 3 } }, { environment: 'test' }]) {
      expect(() => createRegionKit({ regions, secret: SECRET, router, ...more })).toThrow(
        `createRegionKit: ${Object.keys(more)[0]} must be left out: the router that was given has its own`,
      );
    }
  });

  it('signs with one key for each use, the same in every region', async () => {
    await using kit = createRegionKit(options);
    const health = createHealth({ regions: kit.regions, peers: { secret: deriveSecret(SECRET, 'peers') } });
    await using byHand = createRegionKit({ ...options, health });
    expect(byHand.router.secrets('us-east-1')).toEqual(kit.router.secrets('us-east-1'));
    const { token, forward } = kit.router.secrets('us-east-1');
    expect(token).not.toEqual(forward);
    await using other = createRegionKit({ ...options, secret: `${SECRET}, another` });
    expect(other.router.secrets('us-east-1')).not.toEqual(kit.router.secrets('us-east-1'));
  });

  it('is one decider with the doors: health answers in it, and a handler gets the session', async () => {
    const issuer = createSessionIssuer({ ...WHOSE, key: keys.privatePem });
    await using kit = createRegionKit({ ...options, sessions: SESSIONS });
    const { action, ...live } = await kit.decide(requestView({ target: '/livez' }));
    expect([action, (live as { status?: number }).status]).toEqual(['respond', 200]);

    const handler = kit.fetch((request) => Response.json(kit.sessions.of(request).sub));
    const request = new Request('https://app-eu-west-1.example.com/me', {
      headers: { authorization: `Bearer ${await issuer.issue({ sub: 'alice' })}` },
    });
    expect(await (await handler(request)).json()).toBe('alice');
    await issuer.close();
  });

  it.each(['express', 'koa', 'hono', 'node'] as const)('has a door for %s', async (door) => {
    await using kit = createRegionKit(options);
    expect(kit[door]()).toBeTypeOf('function');
  });

  it('passes the options of a part to the part, under its name', async () => {
    await using kit = createRegionKit({
      ...options,
      health: { paths: { live: '/alive' }, defaults: { intervalMs: 100 } },
      router: { writes: 'reject', token: { maxAgeMs: 90_000 } },
      gate: { retryAfterSeconds: 7, token: { cookie: { name: 'position' } } },
      affinity: { pin: true, mode: 'hint' },
    });
    expect(kit.router.writes).toBe('reject');
    expect(await kit.decide(requestView({ target: '/alive' }))).toMatchObject({ action: 'respond', status: 200 });
    expect(await kit.decide(requestView({ target: '/livez' }))).toMatchObject({ action: 'next' });
    expect(() => kit.affinity?.pin('us-east-1')).toThrow('while a request is handled');
  });

  it('takes parts of the app, and gives them to the others', async () => {
    const regions = defineRegions({ self: 'eu-west-1', all: { 'eu-west-1': { origin: REGIONS['eu-west-1'] } } });
    const health = createHealth({ regions });
    const router = fakeRouter({ self: 'eu-west-1', regions, answer: () => [{ id: 1 }] });
    const gate = createWriteGate({ router });
    const sessions = createSessionVerifier(SESSIONS);
    await using kit = createRegionKit({ regions, secret: SECRET, health, router, gate, sessions });
    expect([kit.health, kit.router, kit.gate, kit.sessions, kit.regions]).toEqual([
      health,
      router,
      gate,
      sessions,
      regions,
    ]);
    await health.ready();
    // Health follows the router that was given.
    expect(health.verdict()).toMatchObject({ reads: 'pass', writes: 'pass' });
    expect((await kit.router.read('select 1')).rows).toEqual([{ id: 1 }]);
  });

  it('has health check config and the keys of the sessions, and stays in service without them', async () => {
    const config = { status: () => ({ verdict: 'fail', keys: {} }) as const, close: async () => {} };
    await using kit = createRegionKit({ ...options, config, sessions: SESSIONS });
    expect(kit.explain().checks).toEqual(['reads', 'writes', 'config', 'session-keys']);
    expect(() => kit.health.check('config', () => {})).toThrow("there is a check 'config' already");
    expect(() => kit.health.check('session-keys', () => {})).toThrow('already');
  });

  it('leaves no pool and no probe behind when a part refuses its options, and ends nothing of the app', async () => {
    const ends = vi.spyOn(Pool.prototype, 'end');
    const config = { status: () => ({ verdict: 'pass', keys: {} }) as const, close: vi.fn(async () => {}) };
    expect(() => createRegionKit({ ...options, config, gate: { retryAfterSeconds: -1 } })).toThrow(
      'createRegionKit: gate.retryAfterSeconds',
    );
    await vi.waitUntil(() => ends.mock.calls.length === 1, 20_000);
    expect(config.close).not.toHaveBeenCalled();
    ends.mockRestore();
  });

  it('in development needs neither a domain nor a secret, and asks no other region', async () => {
    await using kit = createRegionKit({
      self: 'local',
      regions: { local: 'http://localhost:3000' },
      development: true,
      databaseUrl: URL_HERE,
      secret: undefined,
    });
    expect(kit.explain()).toMatchObject({ development: true, secrets: { peers: 'none', token: 'random' } });
    expect(warnings.codes()).toEqual([]);
  });
});

describe('kit.close', () => {
  const order = (): { readonly ended: string[]; readonly part: (name: string) => { close(): Promise<void> } } => {
    const ended: string[] = [];
    return { ended, part: (name) => ({ close: async () => void ended.push(name) }) };
  };

  it('ends sessions, gate, router, config and health, in this order, once', async () => {
    const { ended, part } = order();
    const config = { status: () => ({ verdict: 'pass', keys: {} }) as const, ...part('config') };
    const kit = createRegionKit({ ...options, config, sessions: SESSIONS });
    for (const name of ['sessions', 'gate', 'router', 'health'] as const) {
      const { close } = kit[name];
      vi.spyOn(kit[name], 'close').mockImplementation(async (...given: []) => {
        ended.push(name);
        await close.apply(kit[name], given);
      });
    }
    await Promise.all([kit.close(), kit.close()]);
    expect(ended).toEqual(['sessions', 'gate', 'router', 'config', 'health']);
    expect(kit.explain().closes).toEqual(ended);
  });

  it('ends the other parts although one fails, and throws that error', async () => {
    const config = {
      status: () => ({ verdict: 'pass', keys: {} }) as const,
      close: () => Promise.reject(new Error('of the config')),
    };
    const kit = createRegionKit({ ...options, config });
    await expect(kit.close()).rejects.toThrow('of the config');
    expect(kit.health.verdict().phase).toBe('stopped');
  });

  it('ends the other parts although one throws at once', async () => {
    const config = {
      status: () => ({ verdict: 'pass', keys: {} }) as const,
      close: () => {
        throw new Error('of the config');
      },
    };
    const kit = createRegionKit({ ...options, config });
    await expect(kit.close()).rejects.toThrow('of the config');
    expect(kit.health.verdict().phase).toBe('stopped');
  });

  it('ends the pools of the app for a later call that asks for it', async () => {
    const pool = new Pool({ connectionString: URL_HERE });
    const { databaseUrl: _, ...others } = options;
    const kit = createRegionKit({ ...others, pools: { 'eu-west-1': pool } });
    await kit.close();
    await kit.close({ pools: true });
    expect(pool.ended).toBe(true);
  });

  it('ends the pools that it made, and those of the app only when asked', async () => {
    const pool = new Pool({ connectionString: URL_HERE });
    const { databaseUrl: _, ...others } = options;
    const kit = createRegionKit({ ...others, pools: { 'eu-west-1': pool } });
    await kit.close();
    expect(pool.ending).toBe(false);
    const another = createRegionKit({ ...others, pools: { 'eu-west-1': pool } });
    await another.close({ pools: true });
    expect(pool.ended).toBe(true);

    const ends = vi.spyOn(Pool.prototype, 'end');
    await createRegionKit(options).close();
    expect(ends).toHaveBeenCalledTimes(1);
    ends.mockRestore();
  });
});

describe('kit.drain', () => {
  const quick = { notReadyForMs: 0, graceMs: 0, idleMs: 0, signals: ['SIGUSR2'] } as const;
  const listening = () =>
    new Promise<ReturnType<typeof createServer>>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    });

  it('runs the hooks of the app first, then ends the parts and the pools, also those of the app, and health last', async () => {
    const pool = new Pool({ connectionString: URL_HERE });
    const { databaseUrl: _, ...others } = options;
    const ended: string[] = [];
    const config = {
      status: () => ({ verdict: 'pass', keys: {} }) as const,
      close: async () => void ended.push(`config, the pool ${pool.ending ? 'ended' : 'open'}`),
    };
    const kit = createRegionKit({ ...others, pools: { 'eu-west-1': pool }, config });
    kit.express();
    kit.health.on('drain', ({ phase }) => void ended.push(`health ${phase}`));
    const codes: number[] = [];
    const drain = kit.drain(await listening(), {
      ...quick,
      hooks: [
        { name: 'first', run: () => ended.push('first of the app') },
        { name: 'last', run: () => ended.push('last of the app') },
      ],
      exit: (code) => void codes.push(code),
    });
    await drain.start();
    expect(ended).toEqual([
      'health draining',
      'last of the app',
      'first of the app',
      'config, the pool ended',
      'health stopped',
    ]);
    expect(codes).toEqual([0]);
    expect(warnings.codes()).toEqual([]);
  });

  it('called again adds the server to the same drain', async () => {
    await using kit = createRegionKit(options);
    kit.express();
    const [first, second] = [await listening(), await listening()];
    const drain = kit.drain(first, { ...quick, exit: () => {} });
    expect(kit.drain(second)).toBe(drain);
    expect(() => kit.drain(second, quick)).toThrow('the options belong to the first call');
    await drain.start();
    expect([first.listening, second.listening]).toEqual([false, false]);
  });

  it('of a kit that is closed listens to no signal any more', async () => {
    const kit = createRegionKit(options);
    kit.express();
    const before = process.listenerCount('SIGUSR2');
    const server = await listening();
    kit.drain(server, quick);
    expect(process.listenerCount('SIGUSR2')).toBe(before + 1);
    await kit.close();
    expect(process.listenerCount('SIGUSR2')).toBe(before);
    server.close();
  });

  it('keeps every part open for kit.close() during a drain: the process still serves', async () => {
    const ended: string[] = [];
    const config = {
      status: () => ({ verdict: 'pass', keys: {} }) as const,
      close: async () => void ended.push('config'),
    };
    const kit = createRegionKit({ ...options, config });
    kit.express();
    kit.health.on('drain', ({ phase }) => void ended.push(`health ${phase}`));
    const drain = kit.drain(await listening(), {
      ...quick,
      notReadyForMs: 200,
      hooks: [{ name: 'app', run: () => ended.push('hook of the app') }],
      exit: () => ended.push('exit'),
    });
    drain.on('drain-step', ({ step }) => void ended.push(step));
    const left = drain.start();
    await kit.close();
    await left;
    expect(ended.filter((each) => each !== 'config')).toEqual([
      'not-ready',
      'health draining',
      'closing',
      'hooks',
      'hook of the app',
      'health stopped',
      'done',
      'exit',
    ]);
    expect(ended.indexOf('config')).toBeGreaterThan(ended.indexOf('hook of the app'));
  });

  it('of a kit that is closed is a mistake: it would take the signals for a kit that serves no more', async () => {
    const kit = createRegionKit(options);
    kit.express();
    const server = await listening();
    const before = process.listenerCount('SIGUSR2');
    const closed = kit.close();
    expect(() => kit.drain(server, quick)).toThrow('kit.drain: the kit is closed');
    await closed;
    expect(() => kit.drain(server, quick)).toThrow(TypeError);
    expect(process.listenerCount('SIGUSR2')).toBe(before);
    server.close();
  });

  it('warns once if the kit is mounted nowhere, and not if the app mounts the parts itself', async () => {
    await using kit = createRegionKit(options);
    const server = await listening();
    kit.drain(server, quick);
    expect(warnings.codes()).toEqual(['REGIONKIT_NOT_MOUNTED']);
    warnings.clear();
    await using byHand = createRegionKit(options);
    express().use(byHand.health.express(), byHand.gate.express());
    byHand.drain(server, quick);
    expect(warnings.codes()).toEqual([]);
    server.close();
  });

  it('tells a logger of its steps, and of a hook that failed', async () => {
    const lines: string[] = [];
    const log = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
    await using kit = createRegionKit({
      ...options,
      logger: { info: log('info'), warn: log('warn'), error: log('error') },
    });
    kit.express();
    const hooks = [{ name: 'queue', run: () => Promise.reject(new Error('secret')) }];
    await kit.drain(await listening(), { ...quick, hooks, exit: () => {} }).start();
    await setImmediate();
    const own = lines.filter((line) => line.includes('regionkit: '));
    expect(own).toEqual(
      [
        'info regionkit: eu-west-1 passes requests through health, gate',
        'info regionkit: drain: closing',
        'info regionkit: drain: hooks',
        'error regionkit: drain: the hook queue failed (threw): the exit code is 1',
        'info regionkit: drain: done',
      ].toSpliced(1, 0, 'info regionkit: drain: not-ready'),
    );
  });
});

describe('kit.explain', () => {
  it('says what was wired and why, as data and as text, with no secret and no URL', async () => {
    await using kit = createRegionKit({ ...options, gate: { forward: { secret: SECRET } } });
    const explanation = kit.explain();
    expect(explanation).toMatchObject({
      self: 'eu-west-1',
      doors: ['health', 'gate'],
      checks: ['reads', 'writes'],
      secrets: { peers: 'derived', token: 'derived', forward: 'app' },
      closes: ['gate', 'router', 'health'],
    });
    expect(explanation.parts.map(({ name, from }) => `${name} ${from}`)).toEqual([
      'pools kit',
      'health kit',
      'router kit',
      'gate kit',
      'affinity none',
      'sessions none',
      'config none',
    ]);
    for (const text of [String(explanation), JSON.stringify(explanation)]) {
      expect(text).toContain('there are no hosts');
      expect(text).not.toMatch(/hunter2|postgres:|thirty-two/);
    }
    expect(String(explanation)).toMatchInlineSnapshot(`
      "regionkit in eu-west-1, of 2 regions: us-east-1, eu-west-1
        pools     made   this region's own servers alone; a connect and a statement end after a time, also where the network is lost (poolConfig)
        health    made   answers the probes and asks the other regions; it follows the router, so the probes tell of reads and writes
        router    made   finds the primary; a write outside its region: forward
        gate      made   carries out what the router says of a request, and gives a client that wrote the token with which it reads its own write
        affinity  -      there are no hosts, so no redirect could start: name the hosts that all clients use
        sessions  -      not asked for
        config    -      not asked for
        a request passes health, gate
        health checks reads, writes
        secrets: peers derived, token derived, forward app
        closing ends gate, router, health
        note: a process that starts takes no write before the other regions have answered; for the first deployment of all: router: { coldStart: 'trust' }
        note: without a logger, only the first of each important event is reported, as a process warning"
    `);
  });

  it.each<[string, object]>([
    ['affinity is false', { affinity: false }],
    ['there is one region', { regions: { 'eu-west-1': REGIONS['eu-west-1'] } }],
  ])('says why there is no affinity: %s', async (why, more) => {
    await using kit = createRegionKit<Name, Name>({ ...options, ...more });
    expect(kit.explain().parts).toContainEqual({ name: 'affinity', from: 'none', why });
  });
});
