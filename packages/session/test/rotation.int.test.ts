import { loadConfig } from '@regionkit/config';
import { awsClients, secret } from '@regionkit/config/aws';
import { type FakeAws, type FakeSecret, fakeAws } from '@regionkit/config/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  createSessionIssuer,
  createSessionVerifier,
  generateSigningKeys,
  type SigningKeys,
  signOut,
} from '../src/index.ts';
import { AUDIENCE, ISSUER, reasonOf } from './support.ts';

const US = 'us-east-1';
const EU = 'eu-west-1';
const AP = 'ap-southeast-1';
const REGIONS = [US, EU, AP];

const Jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });
const Jwk = z.looseObject({ kty: z.string() });
const Epochs = z.object({
  all: z.number().optional(),
  sub: z.record(z.string(), z.number()).optional(),
  sid: z.record(z.string(), z.number()).optional(),
});

let aws: FakeAws;
let first: SigningKeys;
let second: SigningKeys;
let published: FakeSecret;
let signing: FakeSecret;
let revocations: FakeSecret;
let round = 0;

beforeAll(async () => {
  aws = await fakeAws({ regions: REGIONS });
  first = await generateSigningKeys({ algorithm: 'ES256' });
  second = await generateSigningKeys({ algorithm: 'ES256' });
});
afterAll(() => aws.close());
beforeEach(() => {
  round += 1;
  published = aws.secret(`jwks-${round}`, { value: first.jwks });
  signing = aws.secret(`signing-${round}`, { value: { ...first.privateJwk } });
  revocations = aws.secret(`revocations-${round}`, { value: '{}' });
});

/** What a process of one region has: its own configuration, and a verifier that follows it. */
async function startRegion(self: string) {
  // The own region's store first, then the others: the order every process has.
  const regions = [self, ...REGIONS.filter((region) => region !== self)];
  const clients = awsClients(aws.connection);
  const config = await loadConfig({
    refresh: { minForcedMs: 1, timeoutMs: 20_000 },
    sources: {
      jwks: secret(published.name, { schema: Jwks, regions, clients }),
      revocations: secret(revocations.name, { schema: Epochs, regions: [self], clients }),
      signing: secret(signing.name, { schema: Jwk, regions, clients }),
    },
  });
  const sessions = createSessionVerifier({
    keys: config.ref('jwks'),
    notBefore: config.ref('revocations'),
    algorithms: ['ES256'],
    issuer: ISSUER,
    audience: AUDIENCE,
  });
  const issuer = createSessionIssuer({ key: config.ref('signing'), issuer: ISSUER, audience: AUDIENCE });
  return {
    refresh: (key: 'jwks' | 'revocations' | 'signing') => config.refresh(key),
    sessions,
    issuer,
    close: async () => {
      await Promise.all([sessions.close(), issuer.close(), config.close()]);
      clients.close();
    },
  };
}

async function world() {
  const regions = await Promise.all(REGIONS.map(startRegion));
  const [us, eu, ap] = regions as [Region, Region, Region];
  /** Every region's word on a token. */
  const everywhere = (token: string): Promise<unknown[]> =>
    Promise.all(regions.map(({ sessions }) => reasonOf(sessions.verify(token))));
  const accepted = Array(3).fill('accepted');
  return { us, eu, ap, regions, everywhere, accepted, close: () => Promise.all(regions.map((one) => one.close())) };
}
type Region = Awaited<ReturnType<typeof startRegion>>;

describe('keys that configuration delivers to three regions', () => {
  it('rotate by the runbook without one valid session refused, and without one of a removed key accepted', async () => {
    const { us, eu, ap, regions, everywhere, accepted, close } = await world();
    const old = await us.issuer.issue({ sub: 'alice' });
    expect(await everywhere(old)).toEqual(accepted);

    // Publish both: the regions hear of it one after the other.
    published.put({ keys: [first.publicJwk, second.publicJwk] });
    for (const region of regions) {
      await region.refresh('jwks');
      expect(await everywhere(old)).toEqual(accepted);
    }
    for (const { sessions } of regions) {
      expect(sessions.stats().keys.map(({ kid }) => kid)).toEqual([first.kid, second.kid]);
    }

    // Sign with the new one: the issuers change at different times, too.
    signing.put({ ...second.privateJwk });
    for (const region of [ap, us, eu]) {
      await region.refresh('signing');
      for (const { issuer } of regions) expect(await everywhere(await issuer.issue({ sub: 'bob' }))).toEqual(accepted);
    }
    expect(regions.map(({ issuer }) => issuer.publicJwk()['kid'])).toEqual(Array(3).fill(second.kid));

    // Retire the old one: what it signed is refused where that is known, that instant, and nowhere else.
    const fresh = await us.issuer.issue({ sub: 'bob' });
    published.put({ keys: [second.publicJwk] });
    for (const [at, region] of regions.entries()) {
      expect(await region.refresh('jwks')).toBe('changed');
      expect(await reasonOf(region.sessions.verify(old))).toBe('unknown-key');
      for (const later of regions.slice(at + 1)) expect(await reasonOf(later.sessions.verify(old))).toBe('accepted');
      expect(await everywhere(fresh)).toEqual(accepted);
    }
    await close();
  });

  it('are asked for, in every region’s store, by a token of a key that has not arrived yet', async () => {
    const { us, ap, close } = await world();
    for (const secretOf of [published, signing]) secretOf.pauseReplication(AP);
    published.put({ keys: [first.publicJwk, second.publicJwk] });
    signing.put({ ...second.privateJwk });
    await us.refresh('signing');
    const early = await us.issuer.issue({ sub: 'alice' });
    expect(ap.sessions.stats().keys).toHaveLength(1);
    expect(await reasonOf(ap.sessions.verify(early))).toBe('accepted');
    await close();
  });

  it('stay in use through an outage of every store', async () => {
    const { us, regions, everywhere, accepted, close } = await world();
    const token = await us.issuer.issue({ sub: 'alice' });
    for (const region of REGIONS) aws.region(region).fault('reset');
    for (const region of regions) expect(await region.refresh('jwks')).toBe('failed');
    expect(await everywhere(token)).toEqual(accepted);
    // Somebody signs with a key of the day after: nobody here can know it, and nobody is signed out for it.
    const stranger = await generateSigningKeys({ algorithm: 'ES256' });
    const issuer = createSessionIssuer({ key: stranger.privatePem, issuer: ISSUER, audience: AUDIENCE });
    expect(await reasonOf(us.sessions.verify(await issuer.issue({ sub: 'bob' })))).toBe('ERR_SESSION_UNAVAILABLE');
    for (const region of REGIONS) aws.region(region).heal();
    await close();
  });
});

describe('a sign-out that configuration delivers', () => {
  it('is in force in each region after its next refresh, also for who is remembered', async () => {
    const { us, regions, everywhere, accepted, close } = await world();
    const alice = await us.issuer.issue({ sub: 'alice' });
    const bob = await us.issuer.issue({ sub: 'bob' });
    for (const token of [alice, bob]) expect(await everywhere(token)).toEqual(accepted);
    revocations.put({ ...signOut({}, { sub: 'alice' }) });
    for (const [at, region] of regions.entries()) {
      expect(await region.refresh('revocations')).toBe('changed');
      expect(await everywhere(alice)).toEqual(regions.map((_, n) => (n <= at ? 'revoked' : 'accepted')));
      expect(await everywhere(bob)).toEqual(accepted);
    }
    await close();
  });
});
