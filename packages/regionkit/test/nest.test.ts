import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { fakeRouter } from '@regionkit/db-router/testing';
import { createSessionIssuer, generateSigningKeys } from '@regionkit/session';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRegionKit, type RegionKitOptions } from '../src/index.ts';
import { createNestApp, type NestAppOptions } from './fixtures/nest-app.ts';
import { type Name, SECRET } from './support.ts';

const keys = await generateSigningKeys({ algorithm: 'ES256' });
const issuer = createSessionIssuer({ key: keys.privatePem, issuer: 'anyone', audience: 'anything' });
const apps: INestApplication[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

const router = (self: Name = 'us-east-1') =>
  fakeRouter<Name>({
    self,
    primary: 'us-east-1',
    writes: 'reject',
    answer: ({ text }) => (text.startsWith('select') ? [{ text: 'a note' }] : []),
  });
const given = (self?: Name) => {
  const fake = router(self);
  return {
    regions: fake.regions,
    secret: SECRET,
    router: fake,
    sessions: { keys: keys.publicPem, algorithms: ['ES256'], issuer: null, audience: null },
  } as const satisfies RegionKitOptions<Name, string>;
};

async function start(options: Omit<NestAppOptions, 'given'> & Partial<NestAppOptions>): Promise<string> {
  const { app } = await createNestApp({ drain: { drain: false }, given: given(), ...options });
  apps.push(app);
  return listen(app);
}
/** @returns its origin */
async function listen(app: INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  return `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
}
const asked = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { ...init, headers: { connection: 'close', ...init.headers } });
const bearer = async (roles: readonly string[]): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await issuer.issue({ sub: 'alice', roles })}`,
});

describe.each(['express', 'fastify'] as const)('Nest on %s', (adapter) => {
  it('answers the probes, and keeps the scope of a request in providers that are made for it', async () => {
    const fake = given('eu-west-1');
    const origin = await start({ adapter, given: fake });
    expect((await asked(`${origin}/livez`)).status).toBe(200);
    const listed = await asked(`${origin}/notes`);
    expect(await listed.json()).toEqual({ region: 'eu-west-1', notes: ['a note'] });
    // `router.pool` is a replica in the scope of a GET, and outside a scope it is the primary, which is not here.
    expect(fake.router.statements.map(({ intent }) => intent)).toEqual(['read']);
  });

  it('sees a request before its body is read, and refuses the write of another region with CORS', async () => {
    const origin = await start({ adapter, given: given('eu-west-1') });
    const refused = await asked(`${origin}/notes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://www.example.com' },
      body: '{ "text": ',
    });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('x-region-hint')).toBe('us-east-1');
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://www.example.com');
  });

  it('answers our errors as they say, wrapped ones too, and leaves the others to Nest', async () => {
    const origin = await start({ adapter });
    for (const path of ['ours', 'wrapped']) {
      const answer = await asked(`${origin}/${path}`);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('x-region-hint')).toBe('us-east-1');
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(await answer.json()).toMatchObject({ status: 503, code: 'ERR_NOT_PRIMARY_REGION' });
    }
    const own = await asked(`${origin}/own`);
    expect([own.status, await own.json()]).toEqual([418, { statusCode: 418, message: 'a teapot' }]);
    const decided = await asked(`${origin}/decided`);
    expect([decided.status, await decided.json()]).toEqual([404, { statusCode: 404, message: 'no such note' }]);
    const unknown = await asked(`${origin}/unknown`);
    expect([unknown.status, await unknown.text()]).toEqual([500, expect.not.stringContaining('hunter2')]);
  });

  it('guards a handler by session and role, and hands it the session', async () => {
    const origin = await start({ adapter });
    const clear = (headers: Record<string, string> = {}) => asked(`${origin}/notes`, { method: 'DELETE', headers });
    const stranger = await clear();
    expect(stranger.status).toBe(401);
    expect(stranger.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect((await clear({ authorization: 'Bearer nonsense' })).status).toBe(401);
    const user = await clear(await bearer(['user']));
    expect([user.status, await user.json()]).toEqual([403, expect.objectContaining({ code: 'ERR_SESSION_ROLE' })]);
    const admin = await clear(await bearer(['user', 'admin']));
    expect([admin.status, await admin.json()]).toEqual([200, { by: 'alice' }]);
  });

  it('drains before Nest ends the modules, and ends the kit last', async () => {
    const log: string[] = [];
    const kit = createRegionKit(given());
    const exit = vi.fn<(code: number) => void>();
    const { app, drain } = await createNestApp({
      adapter,
      given: kit,
      log,
      drain: { signals: [], notReadyForMs: 0, idleMs: 0, exit },
    });
    const origin = await listen(app);
    drain?.on('drain-step', ({ step }) => void log.push(step));
    expect((await asked(`${origin}/notes`)).status).toBe(200);
    await drain?.start();
    expect(log).toEqual(['not-ready', 'closing', 'hooks', 'onModuleDestroy', 'onApplicationShutdown', 'done']);
    expect(exit.mock.calls).toEqual([[0]]);
    await expect(asked(origin)).rejects.toThrow();
  });

  it('refuses at the start: sessions that are guarded and not configured, and CORS in the wrong place', async () => {
    const { sessions: _, ...without } = given();
    await expect(start({ adapter, given: without })).rejects.toThrow(
      'RequireSession and CurrentSession need the option sessions of createRegionKit; it is not set',
    );
    await expect(start({ adapter, cors: true })).rejects.toThrow('call app.enableCors() before it');
    await expect(start({ adapter, given: { ...given(), secret: 'short' } })).rejects.toThrow(
      'createRegionKit: secret must be at least 32 bytes long',
    );
  });
});
