import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { live } from '@regionkit/core';
import { fakeClock } from '@regionkit/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeySource, SessionVerifier, SessionVerifierOptions } from '../src/index.ts';
import { claims, craft, ec, NOW_MS, otherRsa, reasonOf, rsa, until, verifier } from './support.ts';

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;
const serve =
  (...keys: readonly { publicJwk: object }[]): Behaviour =>
  (_, response) => {
    response.end(JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }));
  };

let server: http.Server;
let url: string;
let behave: Behaviour;
let requests: IncomingMessage[];
let made: SessionVerifier<never>[];

beforeEach(async () => {
  requests = [];
  made = [];
  behave = serve(rsa);
  server = http.createServer((request, response) => {
    requests.push(request);
    behave(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
});
afterEach(async () => {
  await Promise.all(made.map((sessions) => sessions.close()));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function remote(options: Partial<SessionVerifierOptions<never>> = {}) {
  const sessions = verifier<never>({ keys: url, ...options });
  made.push(sessions);
  const rejected: string[] = [];
  sessions.on('keys-rejected', ({ reason }) => rejected.push(reason));
  return Object.assign(sessions, { rejected });
}

const token = craft(claims());

describe('keys from a URL', () => {
  it('are fetched once at the start, and waited for', async () => {
    const sessions = remote();
    expect(await Promise.all([token, token, token].map((t) => reasonOf(sessions.verify(t))))).toEqual(
      Array(3).fill('accepted'),
    );
    await sessions.ready();
    expect(requests).toHaveLength(1);
    expect(requests[0]?.headers.accept).toContain('application/jwk-set+json');
    expect(requests[0]?.headers.authorization).toBeUndefined();
    expect(sessions.stats().fetchedMsAgo).toBe(0);
  });

  it('may be named by a URL object, or by a live value of one', async () => {
    const keys = live<KeySource>(new URL(url));
    const sessions = remote({ keys });
    expect(await reasonOf(sessions.verify(token))).toBe('accepted');
    keys.set(ec.publicJwk);
    expect(await reasonOf(sessions.verify(token))).toBe('unknown-key');
    keys.set(url);
    await until(() => sessions.stats().keys[0]?.kid === 'rsa-1');
    expect(await reasonOf(sessions.verify(token))).toBe('accepted');
  });

  it('are fetched again in the background, and an unchanged set costs no remembered token', async () => {
    const sessions = remote();
    await sessions.verify(token);
    await sessions.clock.advance(660_000);
    await until(() => requests.length === 2);
    await until(() => (sessions.stats().fetchedMsAgo ?? 0) < 660_000);
    await sessions.verify(token);
    expect(sessions.stats()).toMatchObject({ verified: 1, cache: { hits: 1 } });
  });

  it('that are gone at the next fetch verify nothing from then on', async () => {
    const sessions = remote();
    await sessions.verify(token);
    behave = serve(ec);
    await sessions.refresh();
    expect(await reasonOf(sessions.verify(token))).toBe('unknown-key');
  });

  it('are fetched for an unknown kid, once in 30 seconds', async () => {
    const sessions = remote();
    await sessions.ready();
    behave = serve(rsa, otherRsa);
    expect(await reasonOf(sessions.verify(craft(claims(), { key: otherRsa })))).toBe('accepted');
    expect(requests).toHaveLength(2);
    const unknown = Array.from({ length: 50 }, (_, i) => craft(claims(), { key: ec, header: { kid: `k${i}` } }));
    expect(new Set(await Promise.all(unknown.map((t) => reasonOf(sessions.verify(t)))))).toEqual(
      new Set(['unknown-key']),
    );
    expect(requests).toHaveLength(2);
  });
});

describe('an outage of the URL', () => {
  const outages: [string, Behaviour, string][] = [
    ['answers 500', (_, response) => response.writeHead(500).end(), 'status'],
    ['answers 404', (_, response) => response.writeHead(404).end('not here'), 'status'],
    ['drops the connection', (request) => request.socket.destroy(), 'unreachable'],
    [
      'ends in the middle',
      (_, response) => {
        response.writeHead(200, { 'content-length': 999 });
        response.write('{');
        setImmediate(() => response.destroy());
      },
      'unreachable',
    ],
    ['redirects', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(), 'redirect'],
    [
      'redirects for good',
      (_, response) => response.writeHead(308, { location: 'https://evil.test/jwks' }).end(),
      'redirect',
    ],
    ['sends too much', (_, response) => response.end(`{"keys":[],"pad":"${'x'.repeat(300_000)}"}`), 'too-large'],
    ['sends no JSON', (_, response) => response.end('<html>'), 'not-a-key'],
    ['sends broken JSON', (_, response) => response.end('{"keys":['), 'not-json'],
    ['sends invalid UTF-8', (_, response) => response.end(Buffer.from([0x7b, 0xff, 0x7d])), 'not-json'],
    ['sends an empty set', (_, response) => response.end('{"keys":[]}'), 'empty'],
    [
      'sends a private key',
      (_, response) => response.end(JSON.stringify({ keys: [rsa.privateKey.export({ format: 'jwk' })] })),
      'private',
    ],
  ];

  it.each(outages)('that %s leaves the last good keys', async (_, behaviour, reason) => {
    const sessions = remote();
    await sessions.verify(token);
    behave = behaviour;
    await sessions.refresh();
    expect(sessions.rejected).toEqual([reason]);
    expect(await reasonOf(sessions.verify(token))).toBe('accepted');
    expect(await reasonOf(sessions.verify(craft(claims({ sub: 'bob' }))))).toBe('accepted');
  });

  it.each(outages)('at the start, that %s, is 503 and not 401, until it is over', async (_, behaviour) => {
    behave = behaviour;
    const sessions = remote();
    expect(await reasonOf(sessions.verify(token))).toBe('ERR_SESSION_UNAVAILABLE');
    await expect(sessions.ready()).rejects.toMatchObject({ status: 503 });
    const before = requests.length;
    await Promise.all(Array.from({ length: 20 }, () => reasonOf(sessions.verify(token))));
    expect(requests.length).toBe(before);
    behave = serve(rsa);
    await sessions.clock.advance(11_000);
    await until(() => sessions.stats().keys.length > 0);
    expect(await reasonOf(sessions.verify(token))).toBe('accepted');
  });

  it.each<[string, Behaviour]>([
    ['says nothing', () => {}],
    [
      'sends its body a byte now and then',
      (_, response) => {
        response.write('{');
      },
    ],
  ])('that %s ends at the deadline', async (_, behaviour) => {
    behave = behaviour;
    const sessions = remote({ remote: { timeoutMs: 2_000 } });
    await until(() => requests.length === 1);
    const outcome = reasonOf(sessions.verify(token));
    await until(() => sessions.clock.pending === 2);
    await sessions.clock.advance(1_000);
    expect(await outcome).toBe('ERR_SESSION_UNAVAILABLE');
    await sessions.clock.advance(1_000);
    await until(() => sessions.rejected.length === 1);
    expect(sessions.rejected).toEqual(['unreachable']);
  });

  it('of days takes nobody down: every hour of it is served with the last good keys', async () => {
    const sessions = remote({ remote: { retry: { backoff: { baseMs: 600_000 } } } });
    await sessions.verify(token);
    await new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    });
    for (let hour = 0; hour < 48; hour += 1) {
      await sessions.clock.advance(3_600_000);
      const now = NOW_MS / 1_000 + (hour + 1) * 3_600;
      expect(await reasonOf(sessions.verify(craft(claims({ iat: now, exp: now + 60 }), { key: rsa })))).toBe(
        'accepted',
      );
    }
    expect(new Set(sessions.rejected)).toEqual(new Set(['unreachable']));
    expect(sessions.stats().fetchedMsAgo).toBe(48 * 3_600_000);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
});

describe('a URL', () => {
  it.each([
    'http://auth.example.com/jwks',
    'https://user:secret@auth.example.com/jwks',
    'http://127.0.0.1.evil.test/jwks',
    'http://localhost.evil.test/jwks',
    'http:/jwks',
    'https://',
  ])('%s is refused', (given) => {
    expect(() => verifier({ keys: given })).toThrow(expect.objectContaining({ reason: 'insecure-url' }));
    expect(() => verifier({ keys: given })).toThrow(/^(?!.*secret)/);
  });

  it('of plain http is allowed on loopback, and anywhere in development', async () => {
    const fetch = vi.fn<typeof globalThis.fetch>(async () => Response.json({ keys: [rsa.publicJwk] }));
    const cases: [string, boolean][] = [
      ['http://localhost:9/jwks', false],
      ['http://[::1]:9/jwks', false],
      ['http://auth.internal/jwks', true],
      ['https://auth.example.com/jwks', false],
    ];
    for (const [keys, development] of cases) {
      const sessions = verifier<never>({ keys, development, remote: { fetch } });
      made.push(sessions);
      expect(await reasonOf(sessions.verify(token))).toBe('accepted');
      expect(String(fetch.mock.lastCall?.[0])).toBe(keys);
      expect(fetch.mock.lastCall?.[1]).toMatchObject({ redirect: 'manual' });
    }
  });

  it('that a live value turns into a bad one is not followed', async () => {
    const keys = live<KeySource>(url);
    const sessions = remote({ keys });
    await sessions.verify(token);
    keys.set('http://evil.test/jwks');
    expect(await reasonOf(sessions.verify(token))).toBe('accepted');
    keys.set(rsa.publicJwk);
    keys.set(new URL('http://evil.test/jwks'));
    expect(await reasonOf(sessions.verify(token))).toBe('accepted');
    expect(sessions.rejected).toEqual(['insecure-url', 'insecure-url']);
  });
});

describe('close()', () => {
  it('ends the fetch that is under way, and leaves no timer', async () => {
    behave = () => {};
    const clock = fakeClock({ wallMs: NOW_MS });
    const sessions = remote({ clock });
    await until(() => requests.length === 1);
    const gone = new Promise((resolve) => requests[0]?.socket.on('close', resolve));
    await sessions.close();
    await gone;
    await until(() => clock.pending === 0);
    expect(sessions.rejected).toEqual([]);
    await clock.advance(3_600_000);
    expect(requests).toHaveLength(1);
  });
});
