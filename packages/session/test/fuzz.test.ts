import fc from 'fast-check';
import { compactVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidTokenError } from '../src/index.ts';
import { checkSignature } from '../src/signature.ts';
import { b64, claims, craft, ec, ed, forbidNetwork, makeKey, rsa, signatureOf, verifier } from './support.ts';

const network = forbidNetwork();
const keys = [rsa, ec, ed];
const tokens = keys.map((key) => craft(claims({ sid: 's', deep: { list: [1, 'x', null] } }), { key }));
const sessions = verifier();

beforeAll(async () => {
  for (const token of tokens) await expect(sessions.verify(token)).resolves.toBeDefined();
});
afterAll(() => {
  expect(network.attempts()).toBe(0);
  network.restore();
});

async function refused(token: string): Promise<void> {
  const error = await sessions.verify(token).then(
    (session) => session,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidTokenError);
}

const ANY = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é';
const character = fc.constantFrom(...ANY);
const index = fc.nat();

describe('no mutation of a valid token verifies', () => {
  it.each([0, 1, 2])('of the text of token %i', async (at) => {
    const token = tokens[at] as string;
    const place = (n: number): number => n % token.length;
    const mutation = fc.oneof(
      fc.tuple(index, character).map(([n, c]) => token.slice(0, place(n)) + c + token.slice(place(n) + 1)),
      fc.tuple(index, character).map(([n, c]) => token.slice(0, place(n)) + c + token.slice(place(n))),
      index.map((n) => token.slice(0, place(n)) + token.slice(place(n) + 1)),
      index.map((n) => token.slice(0, place(n))),
      index.map((n) => token.slice(place(n) + 1)),
      fc.tuple(index, index).map(([n, m]) => {
        const list = [...token];
        [list[place(n)], list[place(m)]] = [list[place(m)] as string, list[place(n)] as string];
        return list.join('');
      }),
      fc.tuple(index, fc.nat({ max: 64 })).map(([n, m]) => token.slice(0, place(n)) + token.slice(place(n) - m)),
    );
    await fc.assert(
      fc.asyncProperty(mutation, async (mutant) => {
        fc.pre(mutant !== token);
        await refused(mutant);
      }),
      { seed: 7, numRuns: 1_000 },
    );
  });

  it('of the bytes of its segments, spelled canonically', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...tokens),
        fc.nat({ max: 2 }),
        index,
        fc.integer({ min: 1, max: 255 }),
        async (token, segment, n, flip) => {
          const parts = token.split('.');
          const bytes = Buffer.from(parts[segment] as string, 'base64url');
          const place = n % bytes.length;
          bytes[place] = (bytes[place] as number) ^ flip;
          await refused(parts.with(segment, bytes.toString('base64url')).join('.'));
        },
      ),
      { seed: 8, numRuns: 1_500 },
    );
  });

  it('of its parts, exchanged with those of others', async () => {
    const parts = tokens.map((token) => token.split('.'));
    for (const [a, header] of parts.entries()) {
      for (const [b, payload] of parts.entries()) {
        for (const [c, signature] of parts.entries()) {
          if (a === b && b === c) continue;
          const token = `${header[0]}.${payload[1]}.${signature[2]}`;
          if (tokens.includes(token)) continue;
          await refused(token);
        }
      }
    }
  });
});

describe('whatever a signed token claims', () => {
  it('gives a session or a reason of the closed set, and never a failure of ours', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.constantFrom('iss', 'aud', 'sub', 'exp', 'iat', 'nbf', 'sid', 'jti', 'roles', '__proto__', 'x'),
          fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(1e15, -1, 0.5, 'api', [])),
        ),
        async (changes) => {
          const outcome = await sessions.verify(craft(claims(changes), { key: ed })).catch((error: unknown) => error);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(InvalidTokenError);
        },
      ),
      { seed: 9, numRuns: 500 },
    );
  });

  it('or says in its header', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.constantFrom('alg', 'typ', 'kid', 'crit', 'b64', 'jku', 'jwk', 'x'),
          fc.jsonValue({ maxDepth: 3 }),
        ),
        async (header) => {
          const token = craft(claims(), { key: ed, header });
          const outcome = await sessions.verify(token).catch((error: unknown) => error);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(InvalidTokenError);
        },
      ),
      { seed: 10, numRuns: 500 },
    );
  });
});

describe('checkSignature() agrees with jose', () => {
  const all = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
  const shared = makeKey('RS256', 'shared');

  it.each(all)('about mutations of an %s signature', async (alg) => {
    const pair = alg.startsWith('RS') || alg.startsWith('PS') ? { ...shared, alg } : makeKey(alg, alg);
    const data = `${b64(JSON.stringify({ alg }))}.${b64('{}')}`;
    const good = signatureOf(data, pair.privateKey, alg);
    const foreign = signatureOf(data, pair.privateKey, alg.startsWith('RS') ? alg.replace('R', 'P') : alg);
    const usage = { verified: 0, lastSeenAtMs: undefined, latestExpiryMs: undefined };
    const key = { kid: alg, algorithm: alg, key: pair.publicKey, thumbprint: '', quick: true, usage };
    const ours = async (bytes: Uint8Array): Promise<string> => {
      const token = { alg, algorithm: alg, kid: undefined, claims: {}, signed: data, signature: bytes };
      const aside = await checkSignature(token, key, 'aside');
      expect(checkSignature(token, key, 'here')).toBe(aside);
      return aside;
    };
    const theirs = (bytes: Uint8Array): Promise<string> =>
      compactVerify(`${data}.${b64(bytes)}`, pair.publicKey, { algorithms: [alg] }).then(
        () => 'good',
        () => 'signature',
      );
    const mutant = fc.oneof(
      fc.constantFrom(good, foreign, Buffer.alloc(good.length), Buffer.alloc(good.length, 255)),
      fc.nat({ max: good.length - 1 }).map((at) => Buffer.from(good.map((byte, n) => (n === at ? byte ^ 1 : byte)))),
      fc.nat({ max: good.length }).map((length) => good.subarray(0, length)),
      fc.uint8Array({ maxLength: 4 }).map((more) => Buffer.concat([good, more])),
      fc.uint8Array({ minLength: good.length, maxLength: good.length }),
    );
    expect(await ours(good)).toBe('good');
    await fc.assert(
      fc.asyncProperty(mutant, async (bytes) => {
        fc.pre(bytes.length > 0);
        expect(await ours(bytes)).toBe(await theirs(bytes));
      }),
      { seed: 11, numRuns: 60 },
    );
  });
});
