const { defineRegions } = require('@regionkit/core');
const { createSessionIssuer, createSessionVerifier, generateSigningKeys } = require('@regionkit/session');

const others = ['affinity', 'config', 'db-router', 'db-router/http', 'health', 'lab'].map(
  (name) => `@regionkit/${name}`,
);

test.each([...others, 'regionkit', 'regionkit/db-router/testing'])('%s loads', (name) => {
  expect(Object.keys(require(name))).not.toHaveLength(0);
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
