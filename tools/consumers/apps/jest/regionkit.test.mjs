import * as affinity from '@regionkit/affinity';
import * as config from '@regionkit/config';
import { defineRegions } from '@regionkit/core';
import * as router from '@regionkit/db-router';
import * as gate from '@regionkit/db-router/http';
import * as health from '@regionkit/health';
import * as lab from '@regionkit/lab';
import { createSessionIssuer, createSessionVerifier, generateSigningKeys } from '@regionkit/session';
import * as kit from 'regionkit';

test('every package loads', () => {
  for (const loaded of [affinity, config, router, gate, health, lab, kit])
    expect(Object.keys(loaded)).not.toHaveLength(0);
});

test('a session is issued and verified', async () => {
  const names = { issuer: 'https://auth.example.com', audience: 'api' };
  const keys = await generateSigningKeys({ algorithm: 'ES256' });
  const issuer = createSessionIssuer({ ...names, key: keys.privatePem, lifetimeMs: 60_000 });
  const sessions = createSessionVerifier({ ...names, keys: keys.jwks, algorithms: ['ES256'] });
  expect(await sessions.verify(await issuer.issue({ sub: 'alice' }))).toMatchObject({ sub: 'alice' });
  await Promise.all([sessions.close(), issuer.close()]);
});

test('what is wrong is an error that the test knows', () => {
  expect(() => defineRegions({ self: 'a', all: {} })).toThrow(RangeError);
});
