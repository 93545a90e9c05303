import crypto, { generatePrimeSync } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { live } from '@regionkit/core';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSessionIssuer, type KeySource } from '../../src/index.ts';
import { isFactorable, isFactorableAside } from '../../src/keys/vet-modulus.ts';
import { claims, craft, ec, makeKey, reasonOf, rsa, verifier } from '../support.ts';

// The test for a prime in this thread: with 4,096 bits it holds the event loop up for a twentieth of a second.
const here = vi.spyOn(crypto, 'checkPrimeSync');
syncBuiltinESMExports();
beforeEach(() => void here.mockClear());
afterAll(() => {
  here.mockRestore();
  syncBuiltinESMExports();
});

const prime = generatePrimeSync(2_048, { bigint: true });
const primeKey = {
  kty: 'RSA',
  n: Buffer.from(prime.toString(16), 'hex').toString('base64url'),
  e: 'AQAB',
  kid: 'prime',
  alg: 'RS256',
};

describe('keys that change while requests are served', () => {
  it('are vetted in another thread when they are a live value', async () => {
    const keys = live<KeySource>({ keys: [ec.publicJwk] });
    const sessions = verifier({ keys });
    const newcomer = makeKey('RS256', 'new');
    keys.set({ keys: [ec.publicJwk, newcomer.publicJwk] });
    expect(await reasonOf(sessions.verify(craft(claims(), { key: newcomer })))).toBe('accepted');
    expect(here).not.toHaveBeenCalled();
  });

  it('are vetted in another thread when they come from a URL, the first ones too', async () => {
    const newcomer = makeKey('RS256', 'new');
    const fetch = async (): Promise<Response> => Response.json({ keys: [newcomer.publicJwk, primeKey] });
    const sessions = verifier({ keys: 'https://auth.example.com/jwks', remote: { fetch } });
    await sessions.ready();
    expect(sessions.stats().keys.map(({ kid }) => kid)).toEqual(['new']);
    expect(here).not.toHaveBeenCalled();
    await sessions.close();
  });

  it('are in use, or refused, before any token is judged after the change', async () => {
    const keys = live<KeySource>({ keys: [ec.publicJwk, rsa.publicJwk] });
    const sessions = verifier({ keys });
    const token = craft(claims(), { key: ec });
    await sessions.verify(token);
    const refused: unknown[] = [];
    sessions.on('keys-rejected', ({ reason }) => refused.push(reason));
    keys.set({ keys: [makeKey('RS256', 'another').publicJwk] });
    const [afterwards, once] = [reasonOf(sessions.verify(token)), reasonOf(sessions.verify(token))];
    expect([await afterwards, await once]).toEqual(['unknown-key', 'unknown-key']);
    keys.set({ keys: [primeKey] });
    expect(await reasonOf(sessions.verify(token))).toBe('ERR_SESSION_UNAVAILABLE');
    expect(refused).toEqual(['factorable']);
    expect(sessions.stats().keys.map(({ kid }) => kid)).toEqual(['another']);
  });

  it('of which the newest counts, however fast they change', async () => {
    const keys = live<KeySource>(rsa.publicJwk);
    const sessions = verifier({ keys });
    const [first, second, last] = [makeKey('RS256', 'a'), makeKey('RS256', 'b'), makeKey('RS256', 'c')];
    for (const { publicJwk } of [first, second, last]) keys.set(publicJwk);
    expect(await reasonOf(sessions.verify(craft(claims(), { key: last })))).toBe('accepted');
    expect(await reasonOf(sessions.verify(craft(claims(), { key: first })))).toBe('unknown-key');
  });

  it('of an issuer are vetted in another thread, and sign what is issued from then on', async () => {
    const pem = (key: { privateKey: typeof rsa.privateKey }): string =>
      key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const key = live(pem(rsa));
    const issuer = createSessionIssuer({ key, issuer: 'https://auth.example.com', audience: 'api' });
    here.mockClear();
    const before = issuer.publicJwk()['kid'];
    const next = makeKey('RS256', 'next');
    key.set(pem(next));
    const token = await issuer.issue({ sub: 'alice' });
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()) as { kid: string };
    expect(kid).toBe(issuer.publicJwk()['kid']);
    expect(kid).not.toBe(before);
    expect(here).not.toHaveBeenCalled();
    await issuer.close();
  });
});

it('both ways of asking whether a modulus can be factored agree', async () => {
  const [p, q] = [1_024, 1_024].map((bits) => generatePrimeSync(bits, { bigint: true })) as [bigint, bigint];
  for (const [modulus, answer] of [
    [p * q, false],
    [prime, true],
    [p * p, true],
    [3n * prime, true],
  ] as const) {
    expect([isFactorable(modulus), await isFactorableAside(modulus)]).toEqual([answer, answer]);
  }
});
