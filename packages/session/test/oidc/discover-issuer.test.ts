import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fakeClock } from '@regionkit/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSessionVerifier } from '../../src/index.ts';
import { discoverIssuer } from '../../src/oidc/index.ts';
import { claims, craft, jwks, otherRsa, reasonOf, rsa, until } from '../support.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let base: string;
let document: Record<string, unknown>;
let answer: Answer | undefined;
const asked: string[] = [];
const json = (response: ServerResponse, body: unknown): void => {
  response.setHeader('content-type', 'application/json');
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

beforeEach(async () => {
  answer = undefined;
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/jwks') json(response, jwks);
    else if (request.url === '/other-jwks') json(response, { keys: [otherRsa.publicJwk] });
    else if (answer !== undefined) answer(request, response);
    else json(response, document);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  document = {
    issuer: base,
    jwks_uri: `${base}/jwks`,
    id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
  };
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const reason = (options?: Parameters<typeof discoverIssuer>[1], url: string | URL = base) =>
  discoverIssuer(url, { startTimeoutMs: 0, ...options }).then(
    async (provider) => {
      await provider.close();
      return 'accepted';
    },
    (error: { code: string; reason: string }) => (error.code === 'ERR_SESSION_DISCOVERY' ? error.reason : error),
  );
const now = () => {
  const iat = Math.floor(Date.now() / 1_000);
  return { iss: base, iat, exp: iat + 600 };
};

describe('discoverIssuer()', () => {
  it('gives a verifier the issuer and the keys of the document', async () => {
    await using provider = await discoverIssuer(base);
    expect(asked).toEqual(['/.well-known/openid-configuration']);
    await using sessions = createSessionVerifier({ ...provider.options, audience: 'api' });
    await sessions.ready();
    expect((await sessions.verify(craft(claims(now())))).sub).toBe('alice');
    expect(await reasonOf(sessions.verify(craft(claims({ ...now(), iss: 'https://mallory.example.com' }))))).toBe(
      'issuer',
    );
  });

  it('keeps the path of the issuer, and the slash with which tokens name it', async () => {
    document['issuer'] = `${base}/realms/app/`;
    await using provider = await discoverIssuer(`${base}/realms/app`);
    expect(asked).toEqual(['/realms/app/.well-known/openid-configuration']);
    expect(provider.options.issuer).toBe(`${base}/realms/app/`);
  });

  it.each<[string, (body: Record<string, unknown>) => unknown, string]>([
    ['another issuer', (body) => ({ ...body, issuer: 'https://mallory.example.com' }), 'issuer'],
    [
      'an issuer that only begins with ours',
      (body) => ({ ...body, issuer: `${body['issuer']}.example.com` }),
      'issuer',
    ],
    ['another path', (body) => ({ ...body, issuer: `${body['issuer']}/other` }), 'issuer'],
    ['no issuer', (body) => ({ ...body, issuer: undefined }), 'issuer'],
    ['several issuers', (body) => ({ ...body, issuer: [body['issuer']] }), 'issuer'],
    ['no keys', (body) => ({ ...body, jwks_uri: undefined }), 'keys-url'],
    ['keys over plain http', (body) => ({ ...body, jwks_uri: 'http://keys.example.com/jwks' }), 'keys-url'],
    ['keys in a file', (body) => ({ ...body, jwks_uri: 'file:///etc/passwd' }), 'keys-url'],
    ['keys with credentials', (body) => ({ ...body, jwks_uri: 'https://a:b@keys.example.com/jwks' }), 'keys-url'],
    ['keys on another host', (body) => ({ ...body, jwks_uri: 'https://keys.example.com/jwks' }), 'foreign-keys'],
    [
      'keys on another port of this machine',
      (body) => ({ ...body, jwks_uri: 'http://127.0.0.1:1/jwks' }),
      'foreign-keys',
    ],
    [
      'only weak algorithms',
      (body) => ({ ...body, id_token_signing_alg_values_supported: ['none', 'HS256'] }),
      'algorithm',
    ],
    [
      'a member twice',
      (body) => JSON.stringify(body).replace('{', '{"issuer":"https://mallory.example.com",'),
      'not-json',
    ],
    ['a list', () => [], 'not-json'],
    ['no JSON', () => '<html>', 'not-json'],
    ['a huge document', (body) => ({ ...body, filler: 'x'.repeat(70_000) }), 'too-large'],
  ])('refuses %s', async (_what, change, expected) => {
    answer = (_request, response) => json(response, change(document));
    expect(await reason()).toBe(expected);
  });

  describe('at the start', () => {
    /** A provider that is away for the first requests, by a clock of its own. */
    const start = (away: number, given: () => Response | Promise<Response>, options = {}) => {
      const clock = fakeClock();
      const atMs: number[] = [];
      const fetch = (async () => {
        atMs.push(clock.now());
        return atMs.length <= away ? given() : Response.json(document);
      }) as unknown as typeof globalThis.fetch;
      const found = discoverIssuer(base, { clock, fetch, ...options });
      const settled = found.then(
        (provider) => ({ provider }),
        (error: { reason: string }) => error.reason,
      );
      return { clock, atMs, settled };
    };
    const away = () => new Response('down', { status: 503 });

    it('waits for a provider that is away for a moment, and asks less and less often', async () => {
      const { clock, atMs, settled } = start(4, away);
      await clock.advance(15_000);
      const found = await settled;
      expect(found).toMatchObject({ provider: { options: { issuer: base } } });
      expect(atMs).toHaveLength(5);
      const waits = atMs.slice(1).map((one, at) => one - (atMs[at] ?? 0));
      for (const [at, wait] of waits.entries()) {
        expect(wait).toBeGreaterThanOrEqual(125 * 2 ** at);
        expect(wait).toBeLessThanOrEqual(250 * 2 ** at);
      }
      if (typeof found !== 'string') await found.provider.close();
      expect(clock.pending).toBe(0);
    });

    it.each<[string, () => Response | Promise<Response>]>([
      ['status', away],
      ['unreachable', () => Promise.reject(new Error('ECONNREFUSED'))],
    ])('gives up after startTimeoutMs: %s', async (reason, given) => {
      const { clock, atMs, settled } = start(Number.POSITIVE_INFINITY, given);
      const startedAtMs = clock.now();
      await clock.advance(15_000);
      expect(await settled).toBe(reason);
      expect(Math.max(...atMs) - startedAtMs).toBeLessThanOrEqual(15_000);
      expect(atMs.length).toBeGreaterThan(5);
      expect(atMs.length).toBeLessThan(20);
      expect(clock.pending).toBe(0);
    });

    it('tries once with 0, and once if a document must not be used', async () => {
      const once = start(1, away, { startTimeoutMs: 0 });
      expect(await once.settled).toBe('status');
      const wrong = start(1, () => Response.json({ ...document, issuer: 'https://mallory.example.com' }));
      expect(await wrong.settled).toBe('issuer');
      expect([once.atMs.length, wrong.atMs.length]).toEqual([1, 1]);
    });

    it('keeps the process alive while it waits', async () => {
      const script = `import { discoverIssuer } from '@regionkit/session/oidc';
        await discoverIssuer('http://127.0.0.1:9', { startTimeoutMs: 300 }).catch((error) => console.log(error.reason));`;
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', '-C', '@regionkit/source', '--input-type=module', '-e', script],
        { cwd: fileURLToPath(new URL('../..', import.meta.url)) },
      );
      expect(stdout.trim()).toBe('unreachable');
    });
  });

  it('follows no redirect, and takes no other status', async () => {
    answer = (_request, response) => response.writeHead(302, { location: `${base}/elsewhere` }).end();
    expect(await reason()).toBe('redirect');
    expect(asked).toHaveLength(1);
    answer = (_request, response) => response.writeHead(404).end('{}');
    expect(await reason()).toBe('status');
  });

  it('waits no longer than allowed, also for a document that never ends', async () => {
    answer = () => {};
    expect(await reason({ timeoutMs: 20 })).toBe('unreachable');
    answer = (_request, response) => void response.writeHead(200).write('{');
    expect(await reason({ timeoutMs: 20 })).toBe('unreachable');
    expect(await reason({ fetch: () => Promise.reject(new Error('no network')) })).toBe('unreachable');
  });

  it.each([
    'http://auth.example.com',
    'https://a:b@auth.example.com',
    'https://auth.example.com/?a=1',
    'https://auth.example.com/#a',
    'auth.example.com',
    'file:///etc',
  ])('asks nothing of %s', async (url) => {
    let fetched = 0;
    const fetch = (() => {
      fetched += 1;
      return Promise.reject(new Error());
    }) as typeof globalThis.fetch;
    expect(await reason({ fetch }, url)).toBe('insecure-url');
    expect(fetched).toBe(0);
  });

  it('never takes an algorithm from the document', async () => {
    document['id_token_signing_alg_values_supported'] = ['RS256', 'ES256', 'HS256', 'none'];
    await using provider = await discoverIssuer(base);
    expect(provider.options.algorithms).toEqual(['RS256']);
  });

  it('takes keys from a host that the app names', async () => {
    document['jwks_uri'] = 'https://keys.example.com/jwks';
    expect(await reason({ keysFrom: ['keys.example.com'] })).toBe('accepted');
    document['jwks_uri'] = 'https://keys.example.com.mallory.example/jwks';
    expect(await reason({ keysFrom: ['keys.example.com'] })).toBe('foreign-keys');
  });

  it('follows keys that move, and keeps the last good document when one is refused', async () => {
    const clock = fakeClock();
    await using provider = await discoverIssuer(base, { clock });
    await using sessions = createSessionVerifier({ ...provider.options, audience: 'api' });
    await sessions.ready();
    document['issuer'] = 'https://mallory.example.com';
    document['jwks_uri'] = `${base}/other-jwks`;
    await provider.refresh();
    expect(provider.problem).toBe('issuer');
    expect((await sessions.verify(craft(claims(now())))).kid).toBe(rsa.kid);
    document['issuer'] = base;
    await clock.advance(4_000_000);
    await until(() => provider.problem === undefined);
    await until(() => sessions.stats().keys.some(({ kid }) => kid === otherRsa.kid));
    expect((await sessions.verify(craft(claims(now()), { key: otherRsa }))).kid).toBe(otherRsa.kid);
  });

  it('reads once for callers at the same time, and no more after close', async () => {
    const provider = await discoverIssuer(base);
    await Promise.all([provider.refresh(), provider.refresh(), provider.refresh()]);
    expect(asked).toHaveLength(2);
    await provider.close();
    await provider.refresh();
    expect(asked).toHaveLength(2);
  });

  it('refuses wrong options', async () => {
    expect(await reason({ algorithms: ['HS256' as never] })).toBeInstanceOf(RangeError);
    expect(await reason({ algorithms: [] })).toBeInstanceOf(RangeError);
    expect(await reason({ keysFrom: 'a' as never })).toBeInstanceOf(TypeError);
    expect(await reason({ nothing: 1 } as never)).toBeInstanceOf(TypeError);
  });
});
