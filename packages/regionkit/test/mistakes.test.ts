import { defineRegions, live } from '@regionkit/core';
import { fakeRouter } from '@regionkit/db-router/testing';
import { createHealth } from '@regionkit/health';
import { createSessionIssuer, generateSigningKeys } from '@regionkit/session';
import express from 'express';
import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRegionKit, type RegionKitOptions } from '../src/index.ts';
import { type Name, options, REGIONS, SECRET, URL_HERE, watchWarnings } from './support.ts';

const warnings = watchWarnings();
afterEach(() => warnings.clear());
const pool = new Pool({ connectionString: URL_HERE });
const keys = await generateSigningKeys({ algorithm: 'ES256' });
const SESSIONS = { keys: keys.jwks, algorithms: ['ES256'], issuer: 'https://auth.example.com', audience: 'api' };
const other = defineRegions({ self: 'us-east-1', all: { 'us-east-1': { origin: 'https://us.example.com' } } });

/** `undefined` removes an option. */
const make = (more: object) => createRegionKit({ ...options, ...more } as unknown as RegionKitOptions);
const databaseIs = (more: object) => ({ databaseUrl: undefined, ...more });

describe('a mistake of a newcomer that createRegionKit refuses', () => {
  it.each<[mistake: string, type: typeof TypeError | typeof RangeError, says: string, more: object]>([
    // The regions
    ['REGION is not set', TypeError, 'self must be one of us-east-1, eu-west-1; it is not set', { self: undefined }],
    ['REGION is empty', TypeError, 'self must be one of us-east-1, eu-west-1; it is not set', { self: '' }],
    ['REGION is misspelt', RangeError, 'self must be one of us-east-1, eu-west-1; got "eu-west"', { self: 'eu-west' }],
    ['regions is a list', TypeError, 'regions must be an object of origins by region, such as {', { regions: ['a'] }],
    ['regions is not set', TypeError, 'regions must be an object of origins by region', { regions: undefined }],
    ['there are no regions', RangeError, 'regions must name at least one region', { regions: {} }],
    [
      'an origin has a path',
      RangeError,
      "regions['eu-west-1'].origin must be an origin such as https://app.example.com: no path, query or credentials",
      { regions: { ...REGIONS, 'eu-west-1': 'https://eu.example.com/app' } },
    ],
    [
      'an origin is a host name',
      RangeError,
      "regions['eu-west-1'].origin must be an origin such as",
      { regions: { ...REGIONS, 'eu-west-1': 'eu.example.com' } },
    ],
    [
      'an origin is plain http',
      RangeError,
      "regions['eu-west-1'].origin must use https (http only with development: true)",
      { regions: { ...REGIONS, 'eu-west-1': 'http://eu.example.com' } },
    ],
    [
      'two regions have one origin',
      RangeError,
      "regions['eu-west-1'].origin is also the origin of another region",
      { regions: { ...REGIONS, 'eu-west-1': REGIONS['us-east-1'] } },
    ],
    [
      'a host is written as a URL with a password',
      TypeError,
      'hosts[0] must be a host name such as app.example.com: no scheme, path or credentials',
      { hosts: ['https://admin:hunter2@app.example.com'] },
    ],
    [
      'the name for all clients is the origin of a region',
      RangeError,
      "regions['eu-west-1'].origin must not be under one of the global hosts",
      { hosts: ['app-eu-west-1.example.com'] },
    ],
    [
      'self beside a map that has it',
      TypeError,
      'self must be left out: regions comes from defineRegions, which takes it',
      { regions: other },
    ],
    // The secret
    ['the secret is not set', TypeError, 'secret must be set; it is not set. `openssl rand', { secret: undefined }],
    ['the secret is empty', TypeError, 'secret must be set; it is not set. `openssl rand', { secret: '' }],
    ['the secret is short', RangeError, 'secret must be at least 32 bytes long; got 6', { secret: 'secret' }],
    ['one secret of a rotation is short', RangeError, 'secret must be at least 32 bytes', { secret: [SECRET, 'old'] }],
    ['there is no secret in a rotation', TypeError, 'secret must be a secret or a list of secrets', { secret: [] }],
    ['the secret of config is not there', TypeError, 'secret must be set; it is not set', { secret: live(undefined) }],
    [
      'several regions have no secret on a machine of a developer',
      TypeError,
      'secret must be set; it is not set',
      { secret: undefined, development: true },
    ],
    // The databases
    ['DATABASE_URL is not set', TypeError, 'databaseUrl must be set; it is not set', databaseIs({})],
    ['DATABASE_URL is empty', RangeError, 'databaseUrl must not be empty', databaseIs({ databaseUrl: '' })],
    [
      'DATABASE_URL has a password that breaks the URL',
      RangeError,
      'databaseUrl must be a URL such as postgres://user:password@host:5432/database, with the special characters',
      { databaseUrl: 'postgres://app:hunter2/x@db:5432/app' },
    ],
    [
      'DATABASE_URL is of another database',
      RangeError,
      'databaseUrl must be a URL such as postgres://',
      { databaseUrl: 'mysql://app:hunter2@db/app' },
    ],
    [
      'databaseUrl holds several',
      TypeError,
      'databaseUrl must be one URL; databaseUrls takes URLs by region, pools takes pools',
      { databaseUrl: { 'eu-west-1': URL_HERE } },
    ],
    [
      'a URL and pools',
      TypeError,
      'databaseUrl, databaseUrls, pools: give one of them; got databaseUrl and pools',
      { pools: { 'eu-west-1': pool } },
    ],
    [
      'a URL of one region is not set',
      TypeError,
      "databaseUrls['us-east-1'] must be set; it is not set",
      databaseIs({ databaseUrls: { 'us-east-1': undefined, 'eu-west-1': URL_HERE } }),
    ],
    [
      'a URL stands under a region that there is not',
      RangeError,
      "databaseUrls['eu'] must be under the name of a region: us-east-1, eu-west-1",
      databaseIs({ databaseUrls: { eu: URL_HERE } }),
    ],
    [
      'two regions have one URL',
      RangeError,
      "databaseUrls['us-east-1'] must lead to a server of its own; it is also databaseUrls['eu-west-1']",
      databaseIs({ databaseUrls: { 'eu-west-1': URL_HERE, 'us-east-1': URL_HERE } }),
    ],
    [
      'databaseUrls is one URL',
      TypeError,
      'databaseUrls must be an object of URLs by region',
      databaseIs({ databaseUrls: URL_HERE }),
    ],
    ['no URL in databaseUrls', RangeError, 'pools must hold at least one pool', databaseIs({ databaseUrls: {} })],
    [
      'pools is a pool',
      TypeError,
      'pools must be an object of pools by region, such as {',
      databaseIs({ pools: pool }),
    ],
    [
      'pools are URLs',
      TypeError,
      'pools must be pools of pg by region; databaseUrls takes URLs',
      databaseIs({ pools: { 'eu-west-1': URL_HERE } }),
    ],
    [
      'a pool stands under a region that there is not',
      RangeError,
      "pools['eu'] must be a region of the map",
      databaseIs({ pools: { eu: pool } }),
    ],
    [
      'one pool for two regions',
      RangeError,
      "pools['us-east-1'] must be a pool of its own",
      databaseIs({ pools: { 'eu-west-1': pool, 'us-east-1': pool } }),
    ],
    [
      'more than 30 pools',
      RangeError,
      'pools must hold at most 30 pools',
      databaseIs({ pools: { 'eu-west-1': Array.from({ length: 31 }, () => new Pool()) } }),
    ],
    [
      'what pg exports in place of a pool',
      TypeError,
      "pools['eu-west-1'] must be a pg Pool",
      databaseIs({ pools: { 'eu-west-1': {} } }),
    ],
    [
      'writes over the network without a pool there',
      RangeError,
      'router.writes must be "forward" or "reject" while pools holds none of another region; got "remote-pool"',
      { router: { writes: 'remote-pool' } },
    ],
    // The cookies
    [
      'no domain for the cookies',
      RangeError,
      "cookieDomain must be set to a domain that covers every region's origin; it is not set",
      { cookieDomain: undefined },
    ],
    [
      'a domain that does not cover a region',
      RangeError,
      'cookieDomain must cover the origin of every region; it does not cover that of us-east-1',
      { cookieDomain: 'app-eu-west-1.example.com' },
    ],
    ['a domain without a dot', RangeError, 'cookieDomain must have a dot in it', { cookieDomain: 'com' }],
    [
      'a domain that does not cover the name for all clients',
      RangeError,
      'cookieDomain must cover every global host; it does not cover app.example.org',
      { hosts: ['app.example.org'] },
    ],
    // The parts
    [
      'an option is misspelt',
      TypeError,
      'createRegionKit has no option "regoins"; it takes self, regions,',
      { regoins: {} },
    ],
    [
      'an option of a part stands outside it',
      TypeError,
      'createRegionKit has no option "maxLagMs"; write router: { maxLagMs: … }',
      { maxLagMs: 1 },
    ],
    [
      'the policy for writes stands outside the router',
      TypeError,
      'write router: { writes: … }',
      { writes: 'forward' },
    ],
    ['isWrite stands outside the gate', TypeError, 'write gate: { isWrite: … }', { isWrite: () => true }],
    [
      'an option has the name of another library',
      TypeError,
      'has no option "url"; write databaseUrl',
      { url: URL_HERE },
    ],
    [
      'an option has another name in a part',
      TypeError,
      'createRegionKit has no option "all"; write regions',
      { all: REGIONS },
    ],
    [
      'session, and not sessions',
      TypeError,
      'createRegionKit has no option "session"; write sessions',
      { session: SESSIONS },
    ],
    [
      'an option of a part is misspelt',
      TypeError,
      'router has no option "maxLag"; it takes regions,',
      { router: { maxLag: 1 } },
    ],
    [
      'a number of a part is out of range',
      RangeError,
      'router.hold.timeoutMs must be an integer from 0',
      { router: { hold: { timeoutMs: -1 } } },
    ],
    [
      'a name of the environment with a space',
      RangeError,
      'router.token.environment must be 1 to 64 letters',
      { environment: 'my app' },
    ],
    ['a part that is no object', TypeError, 'health must be an object; got boolean', { health: true }],
    [
      'a check of health is out of range',
      RangeError,
      'health.defaults.intervalMs must be an integer',
      { health: { defaults: { intervalMs: 1 } } },
    ],
    [
      'an agent without certificates',
      RangeError,
      'gate.forward.ca must be certificates in PEM',
      { gate: { forward: { ca: 'ca.pem' } } },
    ],
    ['isWrite that is not known at once', TypeError, 'gate.isWrite must', { gate: { isWrite: async () => true } }],
    [
      'redirects without a name for all clients',
      RangeError,
      "affinity.mode 'redirect' needs a global host",
      { affinity: { mode: 'redirect' } },
    ],
    [
      'sessions without algorithms',
      TypeError,
      'sessions.algorithms must be a list of',
      { sessions: { ...SESSIONS, algorithms: undefined } },
    ],
    [
      'sessions without an issuer',
      TypeError,
      'sessions.issuer (null switches the check off) must be',
      { sessions: { ...SESSIONS, issuer: undefined } },
    ],
    [
      'an option of the issuer of sessions',
      TypeError,
      'sessions has no option "key"; it takes keys,',
      { sessions: { ...SESSIONS, key: 1 } },
    ],
    ['the options of loadConfig', TypeError, 'config.status must be a function', { config: { sources: {} } }],
    ['a logger that is none', TypeError, 'logger.info must be a function', { logger: {} }],
    // Parts of the app
    [
      'a router of other regions',
      RangeError,
      'regions must be those of the router that was given: regions: router.regions',
      databaseIs({ router: fakeRouter({ self: 'us-east-1', regions: other }) }),
    ],
    [
      'a URL beside a router that has its pools',
      TypeError,
      'databaseUrl must be left out: the router that was given has its own pools',
      { regions: other, self: undefined, router: fakeRouter({ self: 'us-east-1', regions: other }) },
    ],
    [
      'health of another region',
      RangeError,
      'health must be that of this region; its self is another',
      { health: createHealth({ regions: other }) },
    ],
  ])('%s', (_mistake, type, says, more) => {
    const act = () => make(more);
    expect(act).toThrow(type);
    expect(act).toThrow(says);
    // As the app wrote it, and nothing that is secret.
    expect(act).toThrow(/^createRegionKit/);
    expect(act).not.toThrow(/createHealth|createRegionRouter|createWriteGate|createAffinity|defineRegions: |hunter2/);
  });

  it('health that follows a router already', () => {
    const regions = defineRegions({ self: 'us-east-1', all: { 'us-east-1': { origin: 'https://us.example.com' } } });
    const health = createHealth({ regions });
    const router = fakeRouter({ self: 'us-east-1', regions });
    health.follow(router);
    expect(() => createRegionKit({ regions, secret: SECRET, health, router })).toThrow(
      'createRegionKit: health follows a router already: leave health.follow() to the kit',
    );
  });

  it.each<[string, unknown]>([
    ['the app', express()],
    ['nothing', undefined],
    ['a port', 3000],
  ])('kit.drain(…) of %s', async (_name, given) => {
    await using kit = createRegionKit(options);
    kit.express();
    expect(() => kit.drain(given as never)).toThrow(
      /^kit\.drain: server must be a server of .* what app\.listen\(\) of Express and Koa returns, or app\.server of Fastify$/,
    );
  });

  it('an option of kit.drain that there is not', async () => {
    await using kit = createRegionKit(options);
    kit.express();
    const server = express().listen(0, '127.0.0.1');
    expect(() => kit.drain(server, { grace: 1 } as never)).toThrow('kit.drain: options has no option "grace"');
    server.close();
  });
});

describe('a mistake of a newcomer that gets one clear warning', () => {
  it('development: true in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    await using _kit = make({ development: true });
    vi.unstubAllEnvs();
    expect(warnings.codes()).toEqual(['REGIONKIT_DEVELOPMENT']);
  });

  it('affinity that is asked for without hosts', async () => {
    await using _kit = make({ affinity: {} });
    expect(warnings.codes()).toEqual(['REGIONKIT_NO_HOSTS']);
  });

  it('a drain of a kit that is mounted nowhere', async () => {
    await using kit = createRegionKit(options);
    const server = express().listen(0, '127.0.0.1');
    kit.drain(server);
    expect(warnings.codes()).toEqual(['REGIONKIT_NOT_MOUNTED']);
    server.close();
  });
});

describe('a mistake of a newcomer that shows only between regions', () => {
  const kitOf = (self: Name, secret: string, ask: (request: Request) => Promise<Response>) =>
    createRegionKit<Name, Name>({
      ...options,
      self,
      secret,
      health: {
        peers: {
          intervalMs: 10,
          urgentIntervalMs: 10,
          fetch: (url, init) => ask(new Request(url, init as RequestInit)),
        },
      },
    });
  const silent = async (): Promise<Response> => new Response(null, { status: 599 });

  it('another secret than in the other region', async () => {
    await using us = kitOf('us-east-1', `${SECRET}, another`, silent);
    const answer = us.fetch(() => new Response(null, { status: 404 }));
    await using _eu = kitOf('eu-west-1', SECRET, async (request) => answer(request));
    await vi.waitUntil(() => warnings.codes().includes('REGIONKIT_PEER_SECRET'), 20_000);
  });

  it('a kit that is not mounted in the other region', async () => {
    await using _eu = kitOf('eu-west-1', SECRET, async () => new Response('Cannot GET', { status: 404 }));
    await vi.waitUntil(() => warnings.codes().includes('REGIONKIT_PEER_NOT_MOUNTED'), 20_000);
  });

  it('an origin that leads to another region', async () => {
    let handler: ((request: Request) => Response | Promise<Response>) | undefined;
    await using eu = kitOf('eu-west-1', SECRET, async (request) => (await handler?.(request)) ?? silent());
    handler = eu.fetch(() => new Response(null, { status: 404 }));
    await vi.waitUntil(() => warnings.codes().includes('REGIONKIT_PEER_WRONG_REGION'), 20_000);
  });

  it('nothing, where both have one secret and are mounted', async () => {
    const handlers: Partial<Record<Name, (request: Request) => Response | Promise<Response>>> = {};
    let answered = 0;
    const ask = async (request: Request): Promise<Response> => {
      const name = request.url.includes('us-east-1') ? 'us-east-1' : 'eu-west-1';
      const answer = (await handlers[name]?.(request)) ?? (await silent());
      if (answer.status === 200) answered += 1;
      return answer;
    };
    await using us = kitOf('us-east-1', SECRET, ask);
    await using eu = kitOf('eu-west-1', SECRET, ask);
    handlers['us-east-1'] = us.fetch(() => new Response(null, { status: 404 }));
    handlers['eu-west-1'] = eu.fetch(() => new Response(null, { status: 404 }));
    await vi.waitUntil(() => answered > 40, 20_000);
    // No database answers there, and that is told.
    expect(warnings.codes().filter((code) => code !== 'REGIONKIT_UNHEALTHY')).toEqual([]);
  });
});

describe('a mistake of a newcomer that shows at a request', () => {
  it('an issuer whose sessions live longer than the verifier allows', async () => {
    const whose = { issuer: 'https://auth.example.com', audience: 'api' };
    const issuer = createSessionIssuer({ ...whose, key: keys.privatePem, lifetimeMs: 90_000_000 });
    await using kit = createRegionKit({ ...options, sessions: { ...whose, keys: keys.jwks, algorithms: ['ES256'] } });
    await expect(kit.sessions.verify(await issuer.issue({ sub: 'alice' }))).rejects.toThrow();
    expect(warnings.codes()).toEqual(['REGIONKIT_LIFETIME']);
    await issuer.close();
  });

  it('the parts mounted apart, in a wrong order', async () => {
    await using kit = createRegionKit(options);
    const handler = kit.gate.fetch(kit.health.fetch(() => new Response('ok')));
    expect(await (await handler(new Request('https://app-eu-west-1.example.com/'))).text()).toBe('ok');
    expect(warnings.codes()).toEqual(['REGIONKIT_ORDER']);
  });
});

describe('a process that is frozen between its requests', () => {
  const all = { 'us-east-1': URL_HERE, 'eu-west-1': 'postgres://app:hunter2@127.0.0.1:2/app' };
  const pools = { 'us-east-1': pool, 'eu-west-1': new Pool({ connectionString: all['eu-west-1'] }) };
  beforeEach(() => void vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'app'));
  afterEach(() => void vi.unstubAllEnvs());

  it('is refused on Lambda unless it reaches the servers of every region', () => {
    const missing = 'createRegionKit: databaseUrls must name the servers of every region on AWS Lambda; those of';
    expect(() => make({})).toThrow(`${missing} us-east-1 are missing`);
    const own = { 'us-east-1': URL_HERE };
    expect(() => make(databaseIs({ databaseUrls: own }))).toThrow(`${missing} eu-west-1 are missing`);
    expect(() => make(databaseIs({ pools: { 'eu-west-1': pool } }))).toThrow(`${missing} us-east-1 are missing`);
  });

  it('is allowed with all of them, with a router of the app, in one region, and elsewhere', async () => {
    const router = fakeRouter<Name>({ self: 'eu-west-1', primary: 'us-east-1' });
    const regions = { 'eu-west-1': 'https://app-eu-west-1.example.com' };
    for (const more of [
      databaseIs({ databaseUrls: all }),
      databaseIs({ pools }),
      databaseIs({ self: undefined, regions: router.regions, router, cookieDomain: undefined }),
      { regions },
    ]) {
      await using kit = make(more);
      expect(kit.regions.self).toBe('eu-west-1');
    }
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', undefined);
    await using kit = make({});
    expect(kit.regions.self).toBe('eu-west-1');
  });
});

describe('a mistake of a newcomer that the kit makes impossible', () => {
  it.each(['REGIONKIT_NO_FOLLOW', 'REGIONKIT_NO_VIEW', 'REGIONKIT_NO_PEERS', 'REGIONKIT_NO_TOKEN', 'REGIONKIT_ORDER'])(
    '%s',
    async (code) => {
      await using kit = createRegionKit({
        ...options,
        hosts: ['app.example.com'],
        sessions: { ...SESSIONS, algorithms: ['ES256'] },
      });
      expect(kit.health.view.get('us-east-1')).toMatchObject({ name: 'us-east-1' });
      expect(kit.explain().doors).toEqual(['health', 'affinity', 'sessions', 'gate']);
      await (await kit.fetch(() => new Response('ok'))(new Request('https://app.example.com/'))).text();
      expect(warnings.codes()).not.toContain(code);
    },
  );
});
