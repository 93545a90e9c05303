import { checkPrimeSync, createPublicKey, generateKeyPairSync, generatePrimeSync } from 'node:crypto';
import fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import type { CanonicalAlgorithm } from '../../src/algorithms.ts';
import { KeySetError, type KeySetReason, type KeySource } from '../../src/index.ts';
import { readKeySet } from '../../src/keys/key-set.ts';
import { readSigningKey } from '../../src/keys/signing-key.ts';
import { thumbprintOf } from '../../src/keys/thumbprint.ts';
import { bearsRocaFingerprint } from '../../src/keys/vet-rsa.ts';
import { ec, ed, makeKey, otherRsa, rsa } from '../support.ts';

const ALGORITHMS: readonly CanonicalAlgorithm[] = ['RS256', 'ES256', 'ES384', 'EdDSA'];
const read = (source: unknown, algorithms = ALGORITHMS): readonly string[] => [
  ...readKeySet(source as KeySource, new Set(algorithms)).byKid.keys(),
];
const refusal = (source: unknown, algorithms = ALGORITHMS): KeySetReason | 'accepted' => {
  try {
    read(source, algorithms);
    return 'accepted';
  } catch (error) {
    expect(error).toBeInstanceOf(KeySetError);
    expect(error).toMatchObject({ code: 'ERR_SESSION_KEY_SET' });
    return (error as KeySetError).reason;
  }
};
const thumb = thumbprintOf(rsa.publicKey);
const p384 = makeKey('ES384', 'p384');

describe('readKeySet()', () => {
  it('takes keys in every form', () => {
    const jwks = { keys: [rsa.publicJwk, ec.publicJwk] };
    expect(read(rsa.publicPem)).toEqual([thumb]);
    expect(read(`\n  ${rsa.publicPem}\n`)).toEqual([thumb]);
    expect(read(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }))).toEqual([thumb]);
    expect(read([rsa.publicPem, ec.publicJwk])).toEqual([thumb, 'ec-1']);
    expect(read(rsa.publicJwk)).toEqual(['rsa-1']);
    expect(read(jwks)).toEqual(['rsa-1', 'ec-1']);
    expect(read(JSON.stringify(jwks))).toEqual(['rsa-1', 'ec-1']);
    expect(read(JSON.stringify(rsa.publicJwk))).toEqual(['rsa-1']);
    expect(read({ a: rsa.publicPem, b: { ...ec.publicJwk, kid: undefined } })).toEqual(['a', 'b']);
  });

  it.each<[string, (pem: string) => string]>([
    ['with CR LF', (pem) => pem.replaceAll('\n', '\r\n')],
    ['with CR alone', (pem) => pem.replaceAll('\n', '\r')],
    ['with \\n spelled out', (pem) => pem.replaceAll('\n', '\\n')],
    ['with \\r\\n spelled out', (pem) => pem.replaceAll('\n', '\\r\\n')],
    ['with \\n spelled out, quoted', (pem) => `"${pem.replaceAll('\n', '\\n')}"`],
    ['in single quotes', (pem) => `'${pem}'`],
    ['in quotes and spaces', (pem) => ` "\n${pem}" \n`],
    ['with spaces for line breaks', (pem) => pem.replaceAll('\n', ' ')],
    ['indented, as YAML has it', (pem) => pem.replaceAll(/^/gm, '    ')],
    ['in one line', (pem) => pem.replaceAll('\n', '')],
    ['behind a byte order mark', (pem) => `\uFEFF${pem}`],
  ])('takes a PEM from the environment %s, public or private', (_, change) => {
    for (const key of [rsa, ec, ed]) {
      expect(read(change(key.publicPem))).toEqual([thumbprintOf(key.publicKey)]);
      const pem = key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      expect(readSigningKey(change(pem), undefined).kid).toBe(thumbprintOf(key.publicKey));
      expect(refusal(change(pem))).toBe('private');
    }
    const pkcs1 = change(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }) as string);
    expect(read(pkcs1)).toEqual([thumb]);
  });

  it('takes the JSON of a key in quotes, as an .env file has it', () => {
    expect(read(`'${JSON.stringify(rsa.publicJwk)}'`)).toEqual(['rsa-1']);
    expect(readSigningKey(`'${JSON.stringify(ec.privateKey.export({ format: 'jwk' }))}'`, undefined).alg).toBe('ES256');
  });

  it('uses the other keys of a fetched set with bad members, and none of one where all are bad', () => {
    const algorithms = new Set(ALGORITHMS);
    const bad = [
      { ...otherRsa.publicJwk, kid: 'e1', e: 'AQ' },
      { ...otherRsa.privateKey.export({ format: 'jwk' }), kid: 'private' },
      { kty: 'oct', k: 'AAAA', kid: 'symmetric' },
      { kty: 'RSA', kid: 'no n', e: 'AQAB' },
      'not an object',
      null,
      { ...rsa.publicJwk, kid: 'again', alg: 'ES256' },
    ];
    const set = readKeySet({ keys: [bad[0], rsa.publicJwk, ...bad.slice(1)] } as KeySource, algorithms, {
      fetched: true,
    });
    expect([...set.byKid.keys()]).toEqual(['rsa-1']);
    expect(set.unusable.map(({ position }) => position)).toEqual([0, 2, 3, 4, 5, 6, 7]);
    expect(set.unusable.slice(0, 3).map(({ reason }) => reason)).toEqual(['exponent', 'private', 'symmetric']);
    const all = (): unknown => readKeySet({ keys: bad } as KeySource, algorithms, { fetched: true });
    expect(all).toThrow(expect.objectContaining({ reason: 'exponent', position: 0 }));
  });

  it('does not use another key under a taken kid in a set that was fetched, and refuses one given by value', () => {
    const algorithms = new Set(ALGORITHMS);
    const twins = { keys: [rsa.publicJwk, { ...otherRsa.publicJwk, kid: 'rsa-1' }, { ...ec.publicJwk, kid: 'rsa-1' }] };
    const set = readKeySet({ keys: [...twins.keys, ed.publicJwk] }, algorithms, { fetched: true });
    expect([...set.byKid.keys()]).toEqual(['rsa-1', 'ed-1']);
    expect(set.byKid.get('rsa-1')?.thumbprint).toBe(thumb);
    expect(set.unusable.map(({ reason }) => reason)).toEqual(['duplicate-kid', 'duplicate-kid']);
    expect(refusal(twins)).toBe('duplicate-kid');
  });

  it('takes a member that is null for one that is not there, as some providers write it', () => {
    const nulls = { alg: null, use: null, key_ops: null, kid: null, d: null, x5c: null };
    expect(read(JSON.stringify({ keys: [{ ...rsa.publicJwk, ...nulls }] }))).toEqual([thumb]);
    expect(refusal({ kty: 'oct', k: null })).toBe('symmetric');
    expect(refusal({ ...rsa.publicJwk, n: null })).toBe('invalid');
    expect(refusal({ ...rsa.publicJwk, kty: null })).toBe('not-a-key');
  });

  it('takes the numbers of a key with zeros in front, as some providers write them', () => {
    const n = Buffer.concat([Buffer.from([0]), Buffer.from(String(rsa.publicJwk['n']), 'base64url')]);
    expect(thumbprintOf(rsa.publicKey)).toBe(
      [
        ...readKeySet(
          { ...rsa.publicJwk, n: n.toString('base64url'), e: 'AAEAAQ' },
          new Set(ALGORITHMS),
        ).byKid.values(),
      ][0]?.thumbprint,
    );
  });

  it('takes the same key twice for one', () => {
    expect(read([rsa.publicPem, rsa.publicPem])).toEqual([thumb]);
    expect(read({ keys: [rsa.publicJwk, { ...rsa.publicJwk }] })).toEqual(['rsa-1']);
  });

  it('names a key without a name by its thumbprint, as jose computes it', async () => {
    for (const key of [rsa, ec, ed, p384]) {
      expect(thumbprintOf(key.publicKey)).toBe(await calculateJwkThumbprint(key.publicJwk as never));
    }
  });

  it('finds the one algorithm of a key', () => {
    const algorithmOf = (source: KeySource, algorithms: CanonicalAlgorithm[]): string | undefined =>
      [...readKeySet(source, new Set(algorithms)).byKid.values()][0]?.algorithm;
    expect(algorithmOf(rsa.publicPem, ['RS256', 'ES256'])).toBe('RS256');
    expect(algorithmOf(rsa.publicPem, ['PS512'])).toBe('PS512');
    expect(algorithmOf({ ...rsa.publicJwk, alg: 'PS256' } as KeySource, ['RS256', 'PS256'])).toBe('PS256');
    expect(algorithmOf(p384.publicPem, ['ES256', 'ES384'])).toBe('ES384');
    expect(algorithmOf({ ...ed.publicJwk, alg: 'Ed25519' } as KeySource, ['EdDSA'])).toBe('EdDSA');
    expect(refusal(rsa.publicPem, ['RS256', 'PS256'])).toBe('ambiguous-algorithm');
  });

  it('keeps the object of a key that stays, and no other', () => {
    const algorithms = new Set(ALGORITHMS);
    const before = readKeySet({ keys: [rsa.publicJwk, ec.publicJwk] }, algorithms);
    const after = readKeySet(
      { keys: [structuredClone(ec.publicJwk), { ...otherRsa.publicJwk, kid: 'rsa-1' }] },
      algorithms,
      { previous: before },
    );
    expect(after.byKid.get('ec-1')).toBe(before.byKid.get('ec-1'));
    expect(after.byKid.get('rsa-1')).not.toBe(before.byKid.get('rsa-1'));
  });

  it('leaves aside what is not for us', () => {
    const aside = [
      { ...otherRsa.publicJwk, kid: 'enc', use: 'enc', alg: 'RSA-OAEP' },
      { ...otherRsa.publicJwk, kid: 'enc-2', use: 'enc', alg: undefined },
      { ...otherRsa.publicJwk, kid: 'wrap', use: undefined, alg: undefined, key_ops: ['wrapKey'] },
      { ...otherRsa.publicJwk, kid: 'oaep', use: undefined, alg: 'RSA-OAEP-256' },
      { ...otherRsa.publicJwk, kid: 'ps', alg: 'PS256' },
      { kty: 'EC', crv: 'secp256k1', x: 'AAAA', y: 'AAAA', kid: 'k1' },
      { kty: 'OKP', crv: 'X25519', x: 'AAAA', kid: 'x' },
      { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA', kid: 'pq' },
    ];
    const set = readKeySet({ keys: [rsa.publicJwk, ...aside] }, new Set(ALGORITHMS));
    expect([...set.byKid.keys()]).toEqual(['rsa-1']);
    expect(set.aside).toBe(aside.length);
    for (const key of aside) expect(refusal(key)).toBe('no-usable-key');
  });

  it('says at which position the bad key is, and nothing of the key', () => {
    const secret = otherRsa.privateKey.export({ format: 'jwk' });
    try {
      read({ keys: [rsa.publicJwk, secret] });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ reason: 'private', position: 1 });
      expect(String((error as Error).stack)).not.toContain(String(secret.d).slice(0, 12));
    }
  });
});

const bytesOf = (value: bigint): Buffer => {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
};
const withN = (n: bigint | string, e = 'AQAB'): object => ({
  kty: 'RSA',
  n: typeof n === 'string' ? n : bytesOf(n).toString('base64url'),
  e,
});
const primeOf = (size: number): bigint => generatePrimeSync(size, { bigint: true, safe: false });
const nextPrime = (from: bigint): bigint => {
  let at = from | 1n;
  while (!checkPrimeSync(at)) at += 2n;
  return at;
};
// generatePrimeSync sets the two highest bits, so the product of two has all its bits.
const [P2048, P2047, P2035, P1024, P683] = [2_048, 2_047, 2_035, 1_024, 683].map(primeOf) as [
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
];
const bits = (length: number): string => Buffer.alloc(length / 8, 0xff).toString('base64url');
const badPoint = { ...ec.publicJwk, y: ec.publicJwk['x'] };
const pemOf = (key: { export(o: object): unknown }, type: string): string =>
  key.export({ type, format: 'pem' }) as string;
const psKey = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).publicKey;
const k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;

/** A number of 2,048 bits that is a power of 65537 modulo each of the primes below 168: what ROCA leaves behind. */
function rocaModulus(): bigint {
  const primes = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n, 59n, 61n, 67n, 71n, 73n];
  primes.push(79n, 83n, 89n, 97n, 101n, 103n, 107n, 109n, 113n, 127n, 131n, 137n, 139n, 149n, 151n, 157n, 163n, 167n);
  const product = primes.reduce((all, prime) => all * prime, 1n);
  const power = (base: bigint, exponent: number): bigint => {
    let result = 1n;
    for (let i = 0; i < exponent; i += 1) result = (result * base) % product;
    return result;
  };
  return (2n ** 2_047n / product) * product * 1n + product + power(65_537n, 12_345);
}

// Every encoding of the eight points of small order: y is 0, 1, -1 or that of order eight, or one of these plus p.
const SMALL_ORDER = ['00', '01', 'ec', 'ed', 'ee'].flatMap((low) => {
  const y = low.startsWith('e') ? `${low}${'ff'.repeat(30)}7f` : `${low}${'00'.repeat(31)}`;
  return [y, y.replace(/(?:7f|00)$/, (top) => (top === '7f' ? 'ff' : '80'))];
});
SMALL_ORDER.push(
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
);

const P = 2n ** 255n - 19n;

/** Doubles three times, by the ladder's formula (RFC 7748, section 5), and sees whether that is the neutral element. */
function isOfSmallOrder(hex: string): boolean {
  const bytes = Buffer.from(hex, 'hex').reverse();
  const y = BigInt.asUintN(255, BigInt(`0x${bytes.toString('hex')}`));
  let [u, z] = [1n + y, 1n - y];
  for (let doubled = 0; doubled < 3; doubled += 1) {
    const [aa, bb] = [(u + z) ** 2n % P, (u - z) ** 2n % P];
    [u, z] = [(aa * bb) % P, ((aa - bb) * (aa + 121_665n * (aa - bb))) % P];
  }
  return z % P === 0n;
}

// Under such a key Node 20 and 22 verify signatures that nobody has made; Node 24 refuses them itself.
describe('an Ed25519 key of small order', () => {
  it.each(SMALL_ORDER)('%s is one, and is refused', (hex) => {
    expect(isOfSmallOrder(hex)).toBe(true);
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(hex, 'hex').toString('base64url') };
    expect(refusal(jwk)).toBe('small-order');
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    expect(refusal(key.export({ type: 'spki', format: 'pem' }))).toBe('small-order');
  });

  it('is told from one that is not', () => {
    const x = String(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x);
    expect(isOfSmallOrder(Buffer.from(x, 'base64url').toString('hex'))).toBe(false);
    expect(refusal({ kty: 'OKP', crv: 'Ed25519', x })).toBe('accepted');
  });
});

describe('a key that must not be used', () => {
  it.each<[string, unknown, KeySetReason]>([
    ['private PEM, PKCS #8', pemOf(rsa.privateKey, 'pkcs8'), 'private'],
    ['private PEM, PKCS #1', pemOf(rsa.privateKey, 'pkcs1'), 'private'],
    ['private PEM, SEC 1', pemOf(ec.privateKey, 'sec1'), 'private'],
    [
      'encrypted PEM',
      rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
      'private',
    ],
    ['private JWK', rsa.privateKey.export({ format: 'jwk' }), 'private'],
    ['private EC JWK', ec.privateKey.export({ format: 'jwk' }), 'private'],
    ['private key for encryption', { ...rsa.privateKey.export({ format: 'jwk' }), use: 'enc' }, 'private'],
    ['symmetric JWK', { kty: 'oct', k: 'AAAA' }, 'symmetric'],
    ['symmetric JWK without its value', { kty: 'oct' }, 'symmetric'],
    ['symmetric among public ones', { keys: [rsa.publicJwk, { kty: 'oct', k: 'AAAA', kid: 'x' }] }, 'symmetric'],
    ['certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'certificate'],
    ['two PEMs in one text', rsa.publicPem + ec.publicPem, 'not-a-key'],
    ['PEM that is no key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'invalid'],
    ['PEM without end', rsa.publicPem.slice(0, 200), 'not-a-key'],
    ['nonsense', 'secret', 'not-a-key'],
    ['HMAC secret in a map', { a: 'secret' }, 'not-a-key'],
    ['number in a list', [7], 'not-a-key'],
    ['list in a list', [[rsa.publicPem]], 'not-a-key'],
    ['JWK without kty', { keys: [{ n: 'AAAA', e: 'AQAB' }] }, 'not-a-key'],
    ['RSA of 1,024 bits', makeKey('RS256', 'weak', 1_024).publicJwk, 'weak-modulus'],
    ['RSA of 1,024 bits as PEM', makeKey('RS256', 'weak', 1_024).publicPem, 'weak-modulus'],
    ['RSA of 2,047 bits', withN(2n ** 2_047n - 1n), 'weak-modulus'],
    ['RSA of 8,193 bits', withN(2n ** 8_192n + 1n), 'large-modulus'],
    ['RSA of 16,384 bits', withN(bits(16_384)), 'large-modulus'],
    ['e = 1', { ...rsa.publicJwk, e: 'AQ' }, 'exponent'],
    ['e = 2', { ...rsa.publicJwk, e: 'Ag' }, 'exponent'],
    ['even e', { ...rsa.publicJwk, e: 'AQAA' }, 'exponent'],
    ['e of 40 bits', { ...rsa.publicJwk, e: 'AQAAAAE' }, 'exponent'],
    ['even n', withN(2n ** 2_047n + 2n), 'invalid'],
    ['prime n', withN(P2048), 'factorable'],
    ['n = p²', withN(P1024 * P1024), 'factorable'],
    ['n = p³', withN(P683 ** 3n), 'factorable'],
    ['n = 3·p', withN(3n * P2047), 'factorable'],
    ['n = 9,973·p', withN(9_973n * P2035), 'factorable'],
    ['n of two primes that are neighbours', withN(P1024 * nextPrime(P1024 + 2n)), 'factorable'],
    ['ROCA', withN(rocaModulus()), 'roca'],
    ['n in another alphabet', { ...rsa.publicJwk, n: `+${String(rsa.publicJwk['n']).slice(1)}` }, 'invalid'],
    ['e of 16,384 bits', { ...rsa.publicJwk, e: bits(16_384) }, 'invalid'],
    ['no n', { kty: 'RSA', e: 'AQAB' }, 'invalid'],
    ['point off its curve', badPoint, 'invalid'],
    ['point at infinity', { ...ec.publicJwk, x: 'A'.repeat(43), y: 'A'.repeat(43) }, 'invalid'],
    ['P-256 labelled ES384', { ...ec.publicJwk, alg: 'ES384' }, 'conflict'],
    ['P-384 labelled ES256', { ...p384.publicJwk, alg: 'ES256' }, 'conflict'],
    ['RSA labelled ES256', { ...rsa.publicJwk, alg: 'ES256' }, 'conflict'],
    ['RSA labelled HS256', { ...rsa.publicJwk, alg: 'HS256' }, 'conflict'],
    ['RSA labelled none', { ...rsa.publicJwk, alg: 'none' }, 'conflict'],
    ['signature key for RSA-OAEP', { ...rsa.publicJwk, alg: 'RSA-OAEP' }, 'conflict'],
    ['use enc with RS256', { ...rsa.publicJwk, use: 'enc' }, 'conflict'],
    ['use enc with verify', { ...rsa.publicJwk, alg: undefined, use: 'enc', key_ops: ['verify'] }, 'conflict'],
    ['use sig without verify', { ...rsa.publicJwk, key_ops: ['encrypt'] }, 'conflict'],
    ['key_ops sign on a public key', { ...rsa.publicJwk, use: undefined, key_ops: ['sign'] }, 'conflict'],
    ['key_ops twice', { ...rsa.publicJwk, key_ops: ['verify', 'verify'] }, 'conflict'],
    ['key_ops as a string', { ...rsa.publicJwk, key_ops: 'verify' }, 'conflict'],
    ['use as a list', { ...rsa.publicJwk, use: ['sig'] }, 'conflict'],
    ['alg as a list', { ...rsa.publicJwk, alg: ['RS256'] }, 'conflict'],
    ['kid as a number', { ...rsa.publicJwk, kid: 7 }, 'invalid'],
    ['empty kid', { ...rsa.publicJwk, kid: '' }, 'invalid'],
    ['kid that is not its name in the map', { other: rsa.publicJwk }, 'conflict'],
    ['kid of two keys', [rsa.publicJwk, { ...ec.publicJwk, kid: 'rsa-1' }], 'duplicate-kid'],
    ['RSA-PSS PEM', pemOf(psKey, 'spki'), 'unsupported-type'],
    ['secp256k1 PEM', pemOf(k1, 'spki'), 'unsupported-type'],
    ['empty JWKS', { keys: [] }, 'empty'],
    ['empty list', [], 'empty'],
    ['empty map', {}, 'empty'],
    ['empty text', ' ', 'empty'],
    ['65 keys', Array.from({ length: 65 }, () => rsa.publicJwk), 'too-many'],
    ['JSON that is none', '{"keys":', 'not-json'],
    ['JSON with keys twice', `{"keys":[],"keys":[${JSON.stringify(rsa.publicJwk)}]}`, 'not-json'],
    ['null', null, 'not-a-key'],
    ['true', true, 'not-a-key'],
    ['undefined', undefined, 'not-a-key'],
  ])('%s is refused', (_, source, reason) => {
    expect(refusal(source)).toBe(reason);
  });

  it('is one that two algorithms use, also under two names', () => {
    const keys = [rsa.publicJwk, { ...rsa.publicJwk, kid: 'again', alg: 'PS256' }];
    expect(refusal(keys, ['RS256', 'PS256'])).toBe('conflict');
    expect(read([rsa.publicJwk, { ...rsa.publicJwk, kid: 'again' }])).toEqual(['rsa-1', 'again']);
  });

  it('is never one of ours by chance: no usual modulus bears the fingerprint of ROCA', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 2n ** 2_047n, max: 2n ** 2_048n }),
        (modulus) => !bearsRocaFingerprint(modulus | 1n),
      ),
      { seed: 20_260_101, numRuns: 2_000 },
    );
  });
});

describe('a quick key', () => {
  it.each([
    [makeKey('RS256', 'k', 2_048), true],
    [makeKey('PS512', 'k', 4_096), true],
    [makeKey('RS256', 'k', 4_104), false],
    [ec, true],
    [ed, true],
    [p384, false],
    [makeKey('ES512', 'k'), false],
  ])('is one whose signature is checked in about a tenth of a millisecond: %#', ({ publicJwk, alg }, quick) => {
    const set = readKeySet(publicJwk, new Set([alg as CanonicalAlgorithm]));
    expect([...set.byKid.values()].map((key) => key.quick)).toEqual([quick]);
  });
});
