import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { createSessionIssuer, createSessionVerifier } from '@regionkit/session';
import { JwtVerifier } from 'aws-jwt-verify';
import { createVerifier } from 'fast-jwt';
import { importSPKI, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { freshStrings } from '../fresh-strings.ts';
import type { Group } from '../group.ts';
import { awaitedCallsPerSecond, callsInFlight, type Sample } from '../sample.ts';
import { type Contender, runTrial, type TrialResult } from '../trial.ts';

const ISSUER = 'https://auth.example.com';
const AUDIENCE = 'api';
const TOKENS = 1_000;

type Algorithm = 'RS256' | 'ES256' | 'EdDSA';

export const group: Group = {
  name: 'session: verifying a token',
  run: async (tell) => {
    const results: TrialResult[] = [];
    for (const algorithm of ['RS256', 'ES256', 'EdDSA'] as const) {
      tell(algorithm);
      results.push(...(await verifying(algorithm)));
    }
    return results;
  },
};

async function verifying(algorithm: Algorithm): Promise<TrialResult[]> {
  const { publicKey, privateKey } = keyPair(algorithm);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const issuer = createSessionIssuer({ key: privatePem, issuer: ISSUER, audience: AUDIENCE, lifetimeMs: 3_600_000 });
  const tokens = await Promise.all(
    Array.from({ length: TOKENS }, (_, at) => issuer.issue({ sub: `user-${at}`, roles: ['reader'] })),
  );
  const next = freshStrings(tokens);

  const warm = createSessionVerifier({ keys: pem, algorithms: [algorithm], issuer: ISSUER, audience: AUDIENCE });
  const cold = createSessionVerifier({
    keys: pem,
    algorithms: [algorithm],
    issuer: ISSUER,
    audience: AUDIENCE,
    cache: { max: 0 },
  });
  const josePublic = await importSPKI(pem, algorithm);
  const keyObject = createPublicKey(pem);
  const claims = { allowedIss: ISSUER, allowedAud: AUDIENCE } as const;
  const fastCold = createVerifier({ key: pem, algorithms: [algorithm], ...claims });
  const fastWarm = createVerifier({ key: pem, algorithms: [algorithm], cache: 10_000, ...claims });
  const aws = JwtVerifier.create({ issuer: ISSUER, audience: AUDIENCE, jwksUri: 'https://auth.example.com/jwks.json' });
  aws.cacheJwks({ keys: [issuer.publicJwk()] } as Parameters<typeof aws.cacheJwks>[0]);

  const contender = (name: string, verify: (token: string) => unknown, inFlight = 1): Contender => ({
    name,
    measure: (durationMs) =>
      withLoopTime(() =>
        // One at a time it can be so little that two looks at the clock would be most of it.
        inFlight === 1
          ? awaitedCallsPerSecond(() => verify(next()), durationMs)
          : callsInFlight(async () => verify(next()), durationMs, inFlight),
      ),
  });
  const jose = (token: string): unknown =>
    jwtVerify(token, josePublic, { issuer: ISSUER, audience: AUDIENCE, algorithms: [algorithm] });
  const ways: readonly (readonly [name: string, verify: (token: string) => unknown])[] = [
    ['the string made, nothing verified', () => undefined],
    ['regionkit, seen before', (token) => warm.verify(token)],
    ['regionkit, first time', (token) => cold.verify(token)],
    ['jose', jose],
    ['fast-jwt, cache', fastWarm],
    ['fast-jwt', fastCold],
    ['aws-jwt-verify', (token) => aws.verify(token)],
    ...(algorithm === 'EdDSA'
      ? []
      : [
          [
            'jsonwebtoken',
            (token: string) =>
              jsonwebtoken.verify(token, keyObject, { issuer: ISSUER, audience: AUDIENCE, algorithms: [algorithm] }),
          ] as const,
        ]),
  ];
  const notes = [
    'Of those without a cache, regionkit and jose verify on the thread pool, the others on the event loop, which serves nobody else meanwhile (`loopMicrosPerOp`).',
    ...(algorithm === 'EdDSA' ? ['jsonwebtoken knows no EdDSA.'] : []),
  ];
  const metrics = ['opsPerSecond', 'loopMicrosPerOp'];
  const one = await runTrial({
    title: `${algorithm}, one at a time, fresh strings`,
    baseline: 'jose',
    metrics,
    notes,
    contenders: ways.map(([name, verify]) => contender(name, verify)),
    bars: [
      { contender: 'regionkit, seen before', metric: 'opsPerSecond', atLeast: 500_000 },
      { contender: 'regionkit, seen before', against: 'jose', metric: 'opsPerSecond', atLeast: 50 },
      { contender: 'regionkit, first time', against: 'jose', metric: 'opsPerSecond', atLeast: 0.9 },
    ],
    durationMs: 200,
    rounds: 7,
  });
  const many = await runTrial({
    title: `${algorithm}, 32 in flight, fresh strings`,
    baseline: 'jose',
    metrics: [...metrics, 'p99Ms'],
    notes,
    contenders: ways.map(([name, verify]) => contender(name, verify, 32)),
    bars: [{ contender: 'regionkit, first time', against: 'jose', metric: 'opsPerSecond', atLeast: 0.9 }],
    durationMs: 200,
    rounds: 7,
  });
  await Promise.all([warm.close(), cold.close(), issuer.close()]);
  return [one, many];
}

/** How long the event loop was busy for each call: what a verification takes away from other requests. */
async function withLoopTime(measure: () => Promise<Sample>): Promise<Sample> {
  const began = performance.now();
  const before = performance.eventLoopUtilization();
  const sample = await measure();
  const { utilization } = performance.eventLoopUtilization(before);
  const calls = ((sample['opsPerSecond'] ?? 0) * (performance.now() - began)) / 1_000;
  return { ...sample, loopMicrosPerOp: (utilization * (performance.now() - began) * 1_000) / calls };
}

function keyPair(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return generateKeyPairSync('ed25519');
}
