import { defineRegions, live } from '@regionkit/core';
import { z } from 'zod';
import {
  bearer,
  cookie,
  createSessionCookie,
  createSessionIssuer,
  createSessionVerifier,
  type FrozenJson,
  type InvalidTokenReason,
  type RevocationEpochs,
  type Session,
  signOut,
} from '../src/index.ts';

const keys = 'PEM';
const algorithms = ['RS256'] as const;
const issuer = 'https://auth.example.com';
const audience = 'api';

// Every check is asked for, or switched off by a null that somebody wrote.
const sessions = createSessionVerifier({ keys, algorithms, issuer, audience });
createSessionVerifier({ keys, algorithms, issuer: null, audience: null });
createSessionVerifier({ keys, algorithms, issuer: [issuer], audience: [audience, 'admin'] });
// @ts-expect-error no issuer
createSessionVerifier({ keys, algorithms, audience });
// @ts-expect-error no audience
createSessionVerifier({ keys, algorithms, issuer });
// @ts-expect-error no algorithms
createSessionVerifier({ keys, issuer, audience });
// @ts-expect-error no keys
createSessionVerifier({ algorithms, issuer, audience });
// @ts-expect-error undefined is not null
createSessionVerifier({ keys, algorithms, issuer: undefined, audience });
// @ts-expect-error undefined is not null
createSessionVerifier({ keys, algorithms, issuer, audience: undefined });
// @ts-expect-error an environment variable may be unset
createSessionVerifier({ keys, algorithms, issuer: process.env['ISSUER'], audience });
// @ts-expect-error symmetric
createSessionVerifier({ keys, algorithms: ['HS256'], issuer, audience });
// @ts-expect-error none
createSessionVerifier({ keys, algorithms: ['none'], issuer, audience });
// @ts-expect-error misspelt
createSessionVerifier({ keys, algorithms, issuer, audience, audiance: 'api' });
// @ts-expect-error isRevoked must answer
createSessionVerifier({ keys, algorithms, issuer, audience, isRevoked: async () => {} });

// Keys in every form, and live values of each.
const jwk = { kty: 'RSA', n: 'AA', e: 'AQAB', kid: 'a' };
createSessionVerifier({ keys: [keys, jwk], algorithms, issuer, audience });
createSessionVerifier({ keys: jwk, algorithms, issuer, audience });
createSessionVerifier({ keys: { keys: [jwk] }, algorithms, issuer, audience });
createSessionVerifier({ keys: { a: keys, b: jwk }, algorithms, issuer, audience });
createSessionVerifier({ keys: new URL('https://auth.example.com/jwks'), algorithms, issuer, audience });
createSessionVerifier({ keys: live({ keys: [jwk] }), algorithms, issuer, audience });
createSessionVerifier({ keys: live('PEM'), algorithms, issuer, audience });
createSessionVerifier({ keys: live({ a: 'PEM' } as Record<string, string>), algorithms, issuer, audience });
createSessionVerifier({ keys, algorithms, issuer, audience, notBefore: live<RevocationEpochs>({ all: 1 }) });
// What a schema makes of optional members, and what config makes of that.
const Epochs = z.object({ all: z.number().optional(), sub: z.record(z.string(), z.number()).optional() });
declare const revocations: z.infer<typeof Epochs>;
createSessionVerifier({ keys, algorithms, issuer, audience, notBefore: revocations });
createSessionVerifier({ keys, algorithms, issuer, audience, notBefore: live(revocations) });
signOut(revocations, { sub: 'alice' });
// @ts-expect-error ends nothing
signOut(revocations, {});
// @ts-expect-error ends everything, or is left out
signOut(revocations, { all: false });
createSessionVerifier({ keys, algorithms, issuer, audience, remote: { maxStaleMs: null } });
// @ts-expect-error a number is no key
createSessionVerifier({ keys: 7, algorithms, issuer, audience });

// A session cannot be written to; its claims are JSON unless a schema says more.
export const untyped = async (): Promise<FrozenJson | undefined> => (await sessions.verify('a.b.c')).claims['tenant'];
export const frozen = async (): Promise<void> => {
  const session = await sessions.verify('a.b.c');
  // @ts-expect-error read-only
  session.sub = 'mallory';
  // @ts-expect-error read-only
  session.roles.add('admin');
  // @ts-expect-error read-only
  session.claims['roles'] = [];
};
const typed = createSessionVerifier({
  keys,
  algorithms,
  issuer,
  audience,
  claims: z.object({ tenant: z.object({ id: z.number() }) }),
  isRevoked: (session, { signal }) => session.claims.tenant.id === 7 || signal.aborted,
});
export const tenant = async (): Promise<number> => (await typed.verify('a.b.c')).claims.tenant.id;
export const ofRequest = (request: unknown): Session<{ tenant: { id: number } }> => typed.of(request);
// @ts-expect-error not in the schema
export const nothing = async (): Promise<unknown> => (await typed.verify('a.b.c')).claims.other;

sessions.require();
sessions.require('admin', 'ops');
sessions.require({ anyOf: ['admin', 'ops'] });
// @ts-expect-error all of these, or any of those
sessions.require('admin', { anyOf: ['ops'] });
sessions.on(
  'rejected',
  ({ reason }) => reason satisfies InvalidTokenReason | 'missing' | 'ambiguous' | 'role' | 'unavailable',
);
// @ts-expect-error no such event
sessions.on('reject', () => {});
createSessionVerifier({ keys, algorithms, issuer, audience, from: [bearer(), cookie('__Secure-session')] });

// An issuer has no opt-out.
createSessionIssuer({ key: 'PEM', issuer, audience });
// @ts-expect-error no audience
createSessionIssuer({ key: 'PEM', issuer });
// @ts-expect-error null
createSessionIssuer({ key: 'PEM', issuer: null, audience });

const regions = defineRegions({ self: 'a', all: { a: { origin: 'https://a.example.com' } } });
createSessionCookie({ regions, domain: 'example.com' });
// @ts-expect-error not a value of SameSite
createSessionCookie({ sameSite: 'Lax' });
