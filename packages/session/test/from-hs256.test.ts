import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { jwtVerify, SignJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import {
  cookie,
  createSessionCookie,
  createSessionIssuer,
  createSessionVerifier,
  generateSigningKeys,
  signOut,
} from '../src/index.ts';

// The exchange of docs/moving.md. Its words are checked by the compiler there; here it meets requests.
const names = { issuer: 'https://auth.example.com', audience: 'api' };
const oldSecret = new TextEncoder().encode('the secret of the sessions before, 32 bytes');
const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

const oldToken = (iat: number, secret = oldSecret): Promise<string> =>
  new SignJWT({ sub: 'alice', roles: ['admin'] })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(names.issuer)
    .setAudience(names.audience)
    .setIssuedAt(iat)
    .setExpirationTime(iat + 7_200)
    .sign(secret);

async function startApp(notBefore = {}) {
  const keys = await generateSigningKeys({ algorithm: 'ES256' });
  const issuer = createSessionIssuer({ key: keys.privatePem, ...names });
  const sessionCookie = createSessionCookie({ domain: 'example.com' });
  const sessions = createSessionVerifier({
    keys: keys.jwks,
    algorithms: ['ES256'],
    ...names,
    notBefore,
    from: [cookie('__Secure-session')],
  });
  const app = express();
  app.get('/session/exchange', async (request, response) => {
    const [, old = ''] = /(?:^|; )old-session=([^;]*)/.exec(request.headers.cookie ?? '') ?? [];
    const verified = await jwtVerify(old, oldSecret, { algorithms: ['HS256'], ...names }).catch(() => undefined);
    if (verified?.payload.sub === undefined) return void response.sendStatus(401);
    const { sub, roles, iat = 0 } = verified.payload;
    const session = { sub, roles: Array.isArray(roles) ? roles : [], signedInAt: iat };
    response.append('set-cookie', sessionCookie.set(await issuer.issue(session)));
    response.append('set-cookie', 'old-session=; Max-Age=0; Path=/; Secure; HttpOnly');
    response.sendStatus(204);
  });
  app.use('/account', sessions.require().express());
  app.get('/account', (request, response) => {
    const { sub, roles, iat } = sessions.of(request);
    response.json({ sub, roles: [...roles], iat });
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await issuer.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const get = (path: string, cookies: string) => fetch(`${origin}${path}`, { headers: { cookie: cookies } });
  /** The cookies that a browser has after the exchange, which it sends to the host of the app. */
  const exchanged = async (old: string): Promise<string> => {
    const answer = await get('/session/exchange', `theme=dark; old-session=${old}`);
    expect(answer.status).toBe(204);
    const jar = new Map(
      answer.headers.getSetCookie().map((line) => line.slice(0, line.indexOf(';')).split('=') as [string, string]),
    );
    return [...jar].flatMap(([name, value]) => (value === '' ? [] : `${name}=${value}`)).join('; ');
  };
  return { get, exchanged };
}

test('an HS256 session is refused by itself, and exchanged for one with a public key', async () => {
  const { get, exchanged } = await startApp();
  const iat = nowSeconds() - 3_600;
  const old = await oldToken(iat);
  expect((await get('/account', `__Secure-session=${old}`)).status).toBe(401);

  const cookies = await exchanged(old);
  expect(cookies).toMatch(/^__Secure-session=[^;]+$/);
  const answer = await get('/account', cookies);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ sub: 'alice', roles: ['admin'], iat });
});

test('without an old session, or with one of another secret, there is no exchange', async () => {
  const { get } = await startApp();
  const forged = await oldToken(nowSeconds(), new TextEncoder().encode('a secret of someone else, of 32 bytes'));
  for (const cookies of ['theme=dark', 'old-session=', `old-session=${forged}`]) {
    const answer = await get('/session/exchange', cookies);
    expect(answer.status).toBe(401);
    expect(answer.headers.getSetCookie()).toEqual([]);
  }
});

test('a sign-out between the sign-in and the exchange ends the exchanged session', async () => {
  const { get, exchanged } = await startApp(signOut({}, { sub: 'alice' }));
  const cookies = await exchanged(await oldToken(nowSeconds() - 3_600));
  expect((await get('/account', cookies)).status).toBe(401);
});
