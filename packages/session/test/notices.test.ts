import { live } from '@regionkit/core';
import { afterEach, expect, it, vi } from 'vitest';
import { createSessionCookie, type KeySource, type RevocationEpochs } from '../src/index.ts';
import { claims, craft, jwks, NOW, rsa, verifier } from './support.ts';

const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
afterEach(() => void warned.mockClear());
const codes = (): unknown[] => warned.mock.calls.map(([, more]) => (more as { code: string }).code);

it('an issuer whose sessions live longer than the verifier allows is told of, once', async () => {
  const sessions = verifier();
  const long = craft(claims({ exp: NOW + 86_401 }));
  for (let at = 0; at < 2; at += 1) await expect(sessions.verify(long)).rejects.toMatchObject({ reason: 'lifetime' });
  expect(codes()).toEqual(['REGIONKIT_LIFETIME']);
});

it('a forged token says nothing of the issuer', async () => {
  const long = craft(claims({ exp: NOW + 86_401 }));
  const forged = `${long.slice(0, -8)}AAAAAAAA`;
  await expect(verifier().verify(forged)).rejects.toMatchObject({ reason: 'signature' });
  expect(codes()).toEqual([]);
});

it('keys and epochs that were refused are told of, while the last good ones stay', async () => {
  const keys = live<KeySource>(jwks);
  const notBefore = live<RevocationEpochs>({});
  const sessions = verifier({ keys, notBefore });
  keys.set('no key' as never);
  await expect(sessions.verify(craft(claims()))).resolves.toMatchObject({ sub: 'alice' });
  notBefore.set({ all: 'yesterday' } as never);
  await expect(sessions.verify(craft(claims()))).resolves.toMatchObject({ sub: 'alice' });
  expect(codes()).toEqual(['REGIONKIT_KEYS_REJECTED', 'REGIONKIT_EPOCHS_REJECTED']);
});

it('members of a JWKS that are not used, and keys that nothing confirmed for too long, are told of, each once', async () => {
  let answer = (): Response => Response.json({ keys: [rsa.publicJwk, { kty: 'oct', k: 'AAAA' }] });
  const sessions = verifier({ keys: 'https://auth.example.com/jwks', remote: { fetch: async () => answer() } });
  await sessions.ready();
  expect(codes()).toEqual(['REGIONKIT_KEYS_UNUSABLE']);
  expect(String(warned.mock.calls[0]?.[0])).toContain('symmetric at position 1');
  answer = () => new Response(null, { status: 500 });
  await sessions.clock.advance(604_800_001);
  await expect(sessions.verify(craft(claims()))).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
  expect(codes()).toEqual(['REGIONKIT_KEYS_UNUSABLE', 'REGIONKIT_KEYS_REJECTED', 'REGIONKIT_KEYS_EXPIRED']);
  await sessions.close();
});

it('an option of a cookie that is undefined was not given', () => {
  const none = { name: undefined, path: undefined, sameSite: undefined, secure: undefined, maxAgeSeconds: undefined };
  expect(() => createSessionCookie(none as never)).not.toThrow();
});
