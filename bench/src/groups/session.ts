import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createSessionIssuer, createSessionVerifier, type SessionVerifier } from '@regionkit/session';
import { JwtVerifier } from 'aws-jwt-verify';
import { createVerifier } from 'fast-jwt';
import { importSPKI, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { freshStrings } from '../fresh-strings.ts';
import type { Group } from '../group.ts';
import { withMainThread } from '../main-thread.ts';
import { awaitedCallsPerSecond, callsInFlight, type Sample, turnsPerSecond } from '../sample.ts';
import { type Bar, type Contender, runTrial, type TrialResult } from '../trial.ts';

const ISSUER = 'https://auth.example.com';
const AUDIENCE = 'api';
const TOKENS = 1_000;
/** Many short rounds: some of them are little disturbed, however busy the machine is. */
const ROUNDS = { rounds: 30, durationMs: 100 };
const OWN = 'regionkit, first time';
const METRICS = ['opsPerSecond', 'microsPerOp', 'mainMicrosPerOp'];

type Algorithm = 'RS256' | 'ES256' | 'EdDSA';
type Way = readonly [name: string, verify: (token: string) => unknown];

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

  const own = { keys: pem, algorithms: [algorithm], issuer: ISSUER, audience: AUDIENCE };
  const warm = createSessionVerifier(own);
  const kept = createSessionVerifier({ ...own, cache: { keep: 'token' } });
  const cold = createSessionVerifier({ ...own, cache: { max: 0 } });
  const josePublic = await importSPKI(pem, algorithm);
  const keyObject = createPublicKey(pem);
  const claims = { allowedIss: ISSUER, allowedAud: AUDIENCE } as const;
  const aws = JwtVerifier.create({ issuer: ISSUER, audience: AUDIENCE, jwksUri: 'https://auth.example.com/jwks.json' });
  aws.cacheJwks({ keys: [issuer.publicJwk()] } as Parameters<typeof aws.cacheJwks>[0]);
  const byName = { issuer: ISSUER, audience: AUDIENCE, algorithms: [algorithm] };
  const jose: Way = ['jose', (token) => jwtVerify(token, josePublic, byName)];
  const hasJsonwebtoken = algorithm !== 'EdDSA';
  const firstTime: readonly Way[] = [
    [OWN, (token) => cold.verify(token)],
    jose,
    ['fast-jwt', createVerifier({ key: pem, algorithms: [algorithm], ...claims })],
    ['aws-jwt-verify', (token) => aws.verify(token)],
    ...(hasJsonwebtoken
      ? [
          [
            'jsonwebtoken',
            (token: string) => jsonwebtoken.verify(token, keyObject, { ...byName, algorithms: [algorithm] }),
          ] as const,
        ]
      : []),
  ];
  const sync = ['fast-jwt', ...(hasJsonwebtoken ? ['jsonwebtoken'] : [])];
  const notes = [
    'No contender keeps verified tokens here. jose verifies on the thread pool; fast-jwt, aws-jwt-verify and jsonwebtoken verify on the event loop. regionkit verifies on the event loop while no other check is under way, for at most 0.1 ms a turn. `mainMicrosPerOp` is the processor time of the main thread, in which it serves no other request.',
    ...(hasJsonwebtoken ? [] : ['jsonwebtoken does not support EdDSA.']),
  ];

  const one = await runTrial({
    title: `${algorithm}, first time, one at a time`,
    baseline: 'jose',
    metrics: METRICS,
    notes: ['Each check begins in its own turn of the event loop, as a request does.', ...notes],
    contenders: firstTime.map(contender(next, (verify, ms) => turnsPerSecond(verify, ms))),
    bars: [
      ...sync.map((against) =>
        costs(against, 'microsPerOp', algorithm === 'RS256' && against === 'fast-jwt' ? 1.11 : 1),
      ),
      ...sync.map((against) => costs(against, 'mainMicrosPerOp', 1)),
    ],
    ...ROUNDS,
  });
  const many = await runTrial({
    title: `${algorithm}, first time, 32 in flight`,
    baseline: 'jose',
    metrics: [...METRICS, 'p99Ms'],
    notes,
    contenders: firstTime.map(contender(next, (verify, ms) => callsInFlight(async () => verify(), ms, 32))),
    bars: [
      ...['jose', ...sync].map((against) => costs(against, 'microsPerOp', 1)),
      ...sync.map((against) => costs(against, 'mainMicrosPerOp', 1)),
      costs('jose', 'p99Ms', 1),
    ],
    ...ROUNDS,
  });
  const before = await runTrial({
    title: `${algorithm}, seen before`,
    baseline: 'jose',
    metrics: METRICS,
    notes: ['Every token is a new string, one after the other. jose keeps no verified tokens.'],
    contenders: (
      [
        ['the string made, nothing verified', () => undefined],
        ['regionkit', (token) => warm.verify(token)],
        ["regionkit, keep: 'token'", (token) => kept.verify(token)],
        ['fast-jwt, cache', createVerifier({ key: pem, algorithms: [algorithm], cache: 10_000, ...claims })],
        jose,
      ] satisfies Way[]
    ).map(contender(next, (verify, ms) => awaitedCallsPerSecond(verify, ms))),
    bars: [
      overTheString('regionkit', 2),
      overTheString("regionkit, keep: 'token'", 1),
      { contender: 'regionkit', against: 'jose', metric: 'microsPerOp', atMost: 1 / 50, by: 'low tenth' },
    ],
    ...ROUNDS,
  });
  const behind = algorithm === 'RS256' ? [await behindADoor(warm, tokens)] : [];
  await Promise.all([warm.close(), kept.close(), cold.close(), issuer.close()]);
  return [one, many, before, ...behind];
}

/** What a kept connection saves: its token is compared with the one before. */
function behindADoor(sessions: SessionVerifier, tokens: readonly string[]): Promise<TrialResult> {
  const door = sessions.require();
  const fields = freshStrings(tokens.map((token) => `Bearer ${token}`));
  const sockets = tokens.map(() => ({}));
  let at = -1;
  const decide = (socketAt: (at: number) => object) => () => {
    at = (at + 1) % tokens.length;
    const authorization = [fields()];
    const raw = { httpVersionMajor: 1, socket: socketAt(at) };
    return door.decide({
      raw,
      header: (name: string) => (name === 'authorization' ? authorization : []),
    } as unknown as Parameters<typeof door.decide>[0]);
  };
  return runTrial({
    title: 'RS256, seen before, behind a door',
    baseline: 'a connection for each request',
    metrics: METRICS,
    notes: ['1,000 tokens in turn. Each kept connection always brings the same token.'],
    contenders: (
      [
        ['the field made, nothing decided', () => fields()],
        ['a connection for each request', decide(() => ({}))],
        ['kept connections', decide((place) => sockets[place] as object)],
      ] as const
    ).map(([name, run]) => ({
      name,
      measure: (ms: number) => withMainThread(() => awaitedCallsPerSecond(run, ms)),
    })),
    ...ROUNDS,
  });
}

function contender(
  next: () => string,
  measure: (verify: () => unknown, durationMs: number) => Promise<Sample>,
): (way: Way) => Contender {
  return ([name, verify]) => ({
    name,
    measure: (durationMs) => withMainThread(() => measure(() => verify(next()), durationMs)),
  });
}

function costs(against: string, metric: string, atMost: number): Bar {
  return { contender: OWN, against, metric, atMost, by: 'low tenth' };
}

function overTheString(name: string, atMost: number): Bar {
  return {
    contender: name,
    over: 'the string made, nothing verified',
    metric: 'microsPerOp',
    atMost,
    by: 'low tenth',
  };
}

function keyPair(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return generateKeyPairSync('ed25519');
}
