import { createHmac, createSign, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { InvalidTokenError, type InvalidTokenReason } from '../src/index.ts';
import { checkSignature } from '../src/signature.ts';
import {
  b64,
  claims,
  craft,
  ec,
  ed,
  forbidNetwork,
  makeKey,
  NOW,
  otherRsa,
  rsa,
  signatureOf,
  verifier,
} from './support.ts';

// The real check, counted.
vi.mock('../src/signature.ts', async (original) => {
  const real = await original<typeof import('../src/signature.ts')>();
  return { checkSignature: vi.fn(real.checkSignature) };
});

const network = forbidNetwork();
const valid = craft(claims());
const [header = '', payload = '', signature = ''] = valid.split('.');
const canary = 'a"ttacker\r\nX-Evil: 1';

beforeAll(async () => {
  await expect(verifier().verify(valid)).resolves.toMatchObject({ sub: 'alice' });
});
afterAll(() => {
  expect(network.attempts()).toBe(0);
  network.restore();
});

interface Attack {
  readonly name: string;
  readonly token: string;
  readonly reason: InvalidTokenReason;
  /** Refused only after a signature was checked. */
  readonly costly?: boolean;
}

async function refuse({ token, reason, costly = false }: Attack): Promise<void> {
  vi.mocked(checkSignature).mockClear();
  const attempts = network.attempts();
  const sessions = verifier();
  const rejected = vi.fn();
  sessions.on('rejected', rejected);
  const error = await sessions.verify(token).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidTokenError);
  expect(error).toMatchObject({ code: 'ERR_SESSION_INVALID', status: 401, reason });
  expect(rejected.mock.calls).toEqual([[{ reason }]]);
  expect(checkSignature).toHaveBeenCalledTimes(costly ? 1 : 0);
  expect(network.attempts()).toBe(attempts);
  expect(sessions.stats().cache.size).toBe(0);
  const shown =
    inspect(error, { depth: 9 }) + JSON.stringify(error) + JSON.stringify((error as InvalidTokenError).headers);
  expect(shown).not.toMatch(/ttacker|alice|eyJ/);
  const challenge = (error as InvalidTokenError).headers['www-authenticate'];
  expect(challenge).toMatch(
    /^Bearer realm="api", error="invalid_token", error_description="the session token (?:is not valid|has expired)"$/,
  );
}

function suite(title: string, attacks: readonly Attack[]): void {
  describe(title, () => {
    it.each(attacks)('refuses $name as $reason', refuse);
  });
}

function hmac(secret: string | Buffer, alg = 'HS256'): string {
  const data = `${b64(JSON.stringify({ alg, typ: 'JWT', kid: 'rsa-1' }))}.${b64(JSON.stringify(claims()))}`;
  return `${data}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(data)
    .digest('base64url')}`;
}

function unsigned(alg: unknown): string {
  return `${b64(JSON.stringify({ alg, typ: 'JWT', kid: 'rsa-1' }))}.${payload}`;
}

suite('the algorithm is the verifier’s, not the token’s', [
  ...['none', 'None', 'nOnE', 'NONE', ' none', 'none\0'].map((alg) => ({
    name: `alg ${JSON.stringify(alg)} with a signature`,
    token: `${unsigned(alg)}.${signature}`,
    reason: 'algorithm' as const,
  })),
  { name: 'alg none without a signature', token: `${unsigned('none')}.`, reason: 'not-compact' },
  { name: 'a valid token without its signature', token: `${header}.${payload}.`, reason: 'not-compact' },
  ...['HS256', 'HS384', 'HS512'].map((alg) => ({
    name: `${alg} with the public PEM as its secret`,
    token: hmac(rsa.publicPem, alg),
    reason: 'algorithm' as const,
  })),
  {
    name: 'HS256 with the DER of the public key',
    token: hmac(rsa.publicKey.export({ type: 'spki', format: 'der' })),
    reason: 'algorithm',
  },
  { name: 'HS256 with the JWK', token: hmac(JSON.stringify(rsa.publicJwk)), reason: 'algorithm' },
  { name: 'HS256 with the JWKS', token: hmac(JSON.stringify({ keys: [rsa.publicJwk] })), reason: 'algorithm' },
  { name: 'HS256 with a PEM after white space', token: hmac(`\n ${rsa.publicPem}`), reason: 'algorithm' },
  ...[['RS256'], { alg: 'RS256' }, 256, true, null, '', 'rs256', 'RS256 ', '__proto__', 'constructor'].map((alg) => ({
    name: `alg ${JSON.stringify(alg)}`,
    token: `${unsigned(alg)}.${signature}`,
    reason: 'algorithm' as const,
  })),
  { name: 'no alg', token: craft(claims(), { header: '{"typ":"JWT","kid":"rsa-1"}' }), reason: 'algorithm' },
  { name: 'PS256 by an RS256 key', token: craft(claims(), { alg: 'PS256' }), reason: 'algorithm' },
  { name: 'RS512 by an RS256 key', token: craft(claims(), { alg: 'RS512' }), reason: 'algorithm' },
  { name: 'ES256K', token: craft(claims(), { key: ec, header: { alg: 'ES256K' } }), reason: 'algorithm' },
  {
    name: 'an allowed algorithm that is another key’s',
    token: craft(claims(), { key: ec, header: { kid: 'rsa-1' } }),
    reason: 'algorithm',
  },
  {
    name: 'an ES256 signature under ES384',
    token: craft(claims(), { key: ec, header: { alg: 'ES384' } }),
    reason: 'algorithm',
  },
]);

const ecData = craft(claims(), { key: ec }).split('.').slice(0, 2).join('.');
const ecSignature = signatureOf(ecData, ec.privateKey, 'ES256');
const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const zero = Buffer.alloc(32);
const half = (at: 0 | 1): Buffer => ecSignature.subarray(at * 32, at * 32 + 32);
const derSignature = createSign('sha256').update(ecData).sign(ec.privateKey);

suite('a signature is the key’s, over these bytes, in the one encoding', [
  ...(
    [
      ['all zero', Buffer.alloc(64)],
      ['r = 0', Buffer.concat([zero, half(1)])],
      ['s = 0', Buffer.concat([half(0), zero])],
      ['r = n', Buffer.concat([order, half(1)])],
      ['s = n', Buffer.concat([half(0), order])],
      ['s above n', Buffer.concat([half(0), Buffer.alloc(32, 0xff)])],
      ['DER encoding', derSignature],
      ['one byte less', ecSignature.subarray(0, 63)],
      ['one byte more', Buffer.concat([ecSignature, Buffer.from([0])])],
      ['a zero byte before', Buffer.concat([Buffer.from([0]), ecSignature])],
      ['one half', half(0)],
      ['halves swapped', Buffer.concat([half(1), half(0)])],
      ['one byte', Buffer.from([1])],
    ] as const
  ).map(([name, bytes]) => ({
    name: `ES256 with ${name}`,
    token: `${ecData}.${bytes.toString('base64url')}`,
    reason: 'signature' as const,
    costly: true,
  })),
  ...(
    [
      ['all zero', Buffer.alloc(256)],
      ['all ones', Buffer.alloc(256, 0xff)],
      ['one byte less', Buffer.from(signature, 'base64url').subarray(1)],
      ['a zero byte before', Buffer.concat([Buffer.from([0]), Buffer.from(signature, 'base64url')])],
      ['random bytes', randomBytes(256)],
    ] as const
  ).map(([name, bytes]) => ({
    name: `RS256 with ${name}`,
    token: `${header}.${payload}.${bytes.toString('base64url')}`,
    reason: 'signature' as const,
    costly: true,
  })),
  {
    name: 'EdDSA with s raised by the group order',
    token: (() => {
      const token = craft(claims(), { key: ed });
      const bytes = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');
      const L = 2n ** 252n + 27742317777372353535851937790883648493n;
      const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + L;
      const raised = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
      return `${token.slice(0, token.lastIndexOf('.'))}.${Buffer.concat([bytes.subarray(0, 32), raised]).toString('base64url')}`;
    })(),
    reason: 'signature',
    costly: true,
  },
  {
    name: 'a signature by another key under this kid',
    token: craft(claims(), { key: otherRsa, header: { kid: 'rsa-1' } }),
    reason: 'signature',
    costly: true,
  },
  {
    name: 'other claims under a valid signature',
    token: `${header}.${b64(JSON.stringify(claims({ sub: 'mallory' })))}.${signature}`,
    reason: 'signature',
    costly: true,
  },
  {
    name: 'another header under a valid signature',
    token: `${b64(JSON.stringify({ alg: 'RS256', kid: 'rsa-1' }))}.${payload}.${signature}`,
    reason: 'signature',
    costly: true,
  },
]);

suite('kid is a name to look up and nothing else', [
  ...[
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    "' OR 1=1 --",
    'rsa-1\0',
    'RSA-1',
    canary,
    'ＲＳＡ-1',
  ].map((kid) => ({
    name: `kid ${JSON.stringify(kid)}`,
    token: craft(claims(), { header: { kid } }),
    reason: 'unknown-key' as const,
  })),
  ...[1, null, {}, ['rsa-1'], true, '', 'x'.repeat(257)].map((kid) => ({
    name: `kid ${JSON.stringify(kid).slice(0, 20)}`,
    token: craft(claims(), { header: { kid } }),
    reason: 'key-id' as const,
  })),
  { name: 'a kid of 100 kB', token: craft(claims(), { header: { kid: 'x'.repeat(100_000) } }), reason: 'too-large' },
]);

const stranger = makeKey('ES256', 'ec-1');
suite('a token does not bring its own key', [
  ...(
    [
      ['jwk', stranger.publicJwk],
      ['jku', 'http://127.0.0.1:9/jwks.json'],
      ['x5u', 'http://127.0.0.1:9/cert.pem'],
      ['x5c', [b64('certificate')]],
      ['x5t', 'AAAA'],
    ] as const
  ).map(([member, value]) => ({
    name: `${member} of a stranger`,
    token: craft(claims(), { key: stranger, header: { [member]: value } }),
    reason: 'signature' as const,
    costly: true,
  })),
]);

suite('no extension is critical and understood', [
  ...[['exp'], [], ['b64'], ['alg'], ['x', 'x'], 'exp', null, {}, [canary]].map((crit) => ({
    name: `crit ${JSON.stringify(crit)}`,
    token: craft(claims(), { header: { crit, exp: 1 } }),
    reason: 'critical' as const,
  })),
  { name: 'b64 false', token: craft(claims(), { header: { b64: false, crit: ['b64'] } }), reason: 'critical' },
  { name: 'b64 true', token: craft(claims(), { header: { b64: true } }), reason: 'critical' },
]);

const body = JSON.stringify(claims()).slice(1, -1);
suite('a member has one value', [
  {
    name: 'alg twice',
    token: craft(claims(), { header: '{"alg":"none","kid":"rsa-1","alg":"RS256"}' }),
    reason: 'duplicate-member',
  },
  { name: 'sub twice', token: craft(`{${body},"sub":"mallory"}`), reason: 'duplicate-member' },
  { name: 'sub twice with the same value', token: craft(`{${body},"sub":"alice"}`), reason: 'duplicate-member' },
  {
    name: 'alg twice, once escaped',
    token: craft(claims(), { header: '{"alg":"RS256","kid":"rsa-1","al\\u0067":"RS256"}' }),
    reason: 'duplicate-member',
  },
  { name: 'a nested member twice', token: craft(`{${body},"a":{"b":1,"b":2}}`), reason: 'duplicate-member' },
  { name: 'a member twice in a list', token: craft(`{${body},"a":[{"b":1,"b":2}]}`), reason: 'duplicate-member' },
  { name: '__proto__ twice', token: craft(`{${body},"__proto__":1,"__proto__":2}`), reason: 'duplicate-member' },
]);

suite('a token has one spelling', [
  { name: 'a BOM before', token: `\uFEFF${valid}`, reason: 'not-canonical' },
  { name: 'a space before', token: ` ${valid}`, reason: 'not-canonical' },
  { name: 'a line break after', token: `${valid}\n`, reason: 'not-canonical' },
  {
    name: 'a segment of an impossible length',
    token: `${header}.${payload}.${'A'.repeat(5)}`,
    reason: 'not-canonical',
  },
  {
    name: 'a line break inside',
    token: `${header}.${payload.slice(0, 8)}\n${payload.slice(8)}.${signature}`,
    reason: 'not-canonical',
  },
]);

describe('a segment has one spelling', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const at = fc.constantFrom(0, 1, 2);
  /** A token with one segment changed. The segments have every length modulo four that there is. */
  const changed = (segment: number, pad: string, change: (segment: string) => string): string =>
    craft(claims({ pad }), { header: { pad } })
      .split('.')
      .map((part, index) => (index === segment ? change(part) : part))
      .join('.');
  const pad = fc.constantFrom('', 'x', 'xx');
  const reason = 'not-canonical';

  it('stray bits at its end are another: any last character that gives the same bytes', async () => {
    let respelled = 0;
    await fc.assert(
      fc.asyncProperty(at, pad, fc.constantFrom(...alphabet), async (segment, padding, last) => {
        const before = changed(segment, padding, (part) => part);
        const token = changed(segment, padding, (part) => {
          const other = part.slice(0, -1) + last;
          return Buffer.from(other, 'base64url').equals(Buffer.from(part, 'base64url')) ? other : part;
        });
        if (token === before) return;
        respelled += 1;
        await refuse({ name: '', token, reason });
      }),
      { seed: 6, numRuns: 400 },
    );
    expect(respelled).toBeGreaterThan(20);
  });

  it('whatever no base64url has makes it another, wherever it stands', async () => {
    const stray = fc.oneof(
      fc.constantFrom('=', '==', '+', '/', ' ', '\t', '\n', '\0', '\uFEFF', 'é', '😀', '%', '~'),
      fc.string({ minLength: 1, maxLength: 1 }).filter((one) => !alphabet.includes(one) && one !== '.'),
    );
    await fc.assert(
      fc.asyncProperty(at, pad, stray, fc.nat(), async (segment, padding, extra, place) => {
        const token = changed(segment, padding, (part) => {
          const index = place % (part.length + 1);
          return part.slice(0, index) + extra + part.slice(index);
        });
        await refuse({ name: '', token, reason });
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});

const nested = (depth: number): string => `{${body},"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
suite('claims are a JSON object that every parser reads alike', [
  { name: 'invalid UTF-8', token: craft(Buffer.from(`{${body},"a":"\xff"}`, 'latin1')), reason: 'not-json' },
  { name: 'an overlong encoding', token: craft(Buffer.from(`{${body},"a":"\xc0\xaf"}`, 'latin1')), reason: 'not-json' },
  {
    name: 'a surrogate in UTF-8',
    token: craft(Buffer.from(`{${body},"a":"\xed\xa0\x80"}`, 'latin1')),
    reason: 'not-json',
  },
  { name: 'a lone surrogate', token: craft(`{${body},"a":"\\ud800"}`), reason: 'not-json' },
  { name: 'a lone surrogate as a name', token: craft(`{${body},"\\udc00":1}`), reason: 'not-json' },
  ...([32, 2_000] as const).map((depth) => ({
    name: `lists ${depth} deep in an object`,
    token: craft(nested(depth)),
    reason: 'not-json' as const,
  })),
  { name: 'lists 100,000 deep in an object', token: craft(nested(100_000)), reason: 'too-large' },
  { name: 'unclosed nesting', token: craft('['.repeat(2_000)), reason: 'not-json' },
  { name: 'exp 1e999', token: craft(`{${body.replace(/"exp":\d+/, '"exp":1e999')}}`), reason: 'not-json' },
  { name: 'exp NaN', token: craft(`{${body.replace(/"exp":\d+/, '"exp":NaN')}}`), reason: 'not-json' },
  { name: 'a number JavaScript cannot hold', token: craft(`{${body},"id":9007199254740993}`), reason: 'not-json' },
  { name: 'a list', token: craft('[]'), reason: 'not-json' },
  { name: 'null', token: craft('null'), reason: 'not-json' },
  { name: 'a string', token: craft('"alice"'), reason: 'not-json' },
  { name: 'two values', token: craft(`{${body}}{}`), reason: 'not-json' },
  { name: 'a comment', token: craft(`{${body}/**/}`), reason: 'not-json' },
  { name: 'a BOM', token: craft(`\uFEFF{${body}}`), reason: 'not-json' },
  { name: 'a header that is a list', token: craft(claims(), { header: '["RS256"]' }), reason: 'not-json' },
  { name: 'a header that is null', token: craft(claims(), { header: 'null' }), reason: 'not-json' },
  {
    name: 'a header of invalid UTF-8',
    token: `${b64(Buffer.from('{"alg":"RS256\xff"}', 'latin1'))}.${payload}.${signature}`,
    reason: 'not-json',
  },
]);

suite('a token has three segments and a size', [
  { name: 'the empty string', token: '', reason: 'not-compact' },
  { name: 'one segment', token: header, reason: 'not-compact' },
  { name: 'two segments', token: `${header}.${payload}`, reason: 'not-compact' },
  { name: 'four segments', token: `${valid}.${signature}`, reason: 'not-compact' },
  {
    name: 'five segments, as JWE',
    token: `${header}.${payload}.${signature}.${payload}.${signature}`,
    reason: 'not-compact',
  },
  {
    name: 'JWS JSON serialization',
    token: JSON.stringify({ protected: header, payload, signature }),
    reason: 'not-compact',
  },
  { name: 'an empty header', token: `.${payload}.${signature}`, reason: 'not-compact' },
  { name: 'a detached payload', token: `${header}..${signature}`, reason: 'not-compact' },
  { name: 'three dots', token: '...', reason: 'not-compact' },
  { name: 'a million dots', token: '.'.repeat(1_000_000), reason: 'too-large' },
  { name: '16 KB of claims', token: craft(claims({ pad: 'x'.repeat(16_384) })), reason: 'too-large' },
  { name: '8 MB', token: `${header}.${'A'.repeat(8_388_608)}.${signature}`, reason: 'too-large' },
  { name: 'a megabyte that is no base64url', token: '\u{1F600}'.repeat(262_144), reason: 'too-large' },
]);

function claimAttacks(
  cases: readonly (readonly [name: string, changes: Record<string, unknown>, reason: InvalidTokenReason])[],
): Attack[] {
  return cases.map(([name, changes, reason]) => ({ name, token: craft(claims(changes)), reason, costly: true }));
}

suite(
  'times are numbers, and hold',
  claimAttacks([
    ['no exp', { exp: undefined }, 'claims'],
    ['exp as a string', { exp: String(NOW + 60) }, 'claims'],
    ['exp as a list', { exp: [NOW + 60] }, 'claims'],
    ['exp as true', { exp: true }, 'claims'],
    ['exp as null', { exp: null }, 'claims'],
    ['no iat', { iat: undefined }, 'claims'],
    ['iat as a string', { iat: String(NOW) }, 'claims'],
    ['nbf as a string', { nbf: '0' }, 'claims'],
    ['nbf as null', { nbf: null }, 'claims'],
    ['exp at the end of the tolerance', { iat: NOW - 60, exp: NOW - 5 }, 'expired'],
    ['exp long ago', { iat: NOW - 7_200, exp: NOW - 3_600 }, 'expired'],
    ['nbf beyond the tolerance', { nbf: NOW + 6 }, 'not-yet-valid'],
    ['iat beyond the tolerance', { iat: NOW + 6 }, 'not-yet-valid'],
    ['a lifetime of more than a day', { exp: NOW + 86_401 }, 'lifetime'],
    ['exp at iat', { exp: NOW }, 'claims'],
    ['exp before iat', { iat: NOW + 3, exp: NOW + 2 }, 'claims'],
  ]),
);

suite('times are numbers as they are written', [
  // JSON.stringify writes no -0, so the claims are spelled out.
  ...['-0', '-0.0', '0', '-1', '1e-9'].map((exp) => ({
    name: `exp ${exp}`,
    token: craft(`{${body.replace(/"exp":\d+/, `"exp":${exp}`).replace(/"iat":\d+/, '"iat":-2')}}`),
    reason: 'expired' as const,
    costly: true,
  })),
]);

suite('issuer, audience, subject and type are to the letter', [
  ...claimAttacks([
    ['no iss', { iss: undefined }, 'claims'],
    ['iss in a list', { iss: ['https://auth.example.com'] }, 'claims'],
    ['iss with a slash more', { iss: 'https://auth.example.com/' }, 'issuer'],
    ['iss in capitals', { iss: 'https://AUTH.example.com' }, 'issuer'],
    ['iss of another', { iss: 'https://auth.example.com.evil.test' }, 'issuer'],
    ['no aud', { aud: undefined }, 'claims'],
    ['aud of another', { aud: 'other' }, 'audience'],
    ['aud with a number in it', { aud: ['api', 1] }, 'claims'],
    ['aud that contains it', { aud: 'api-admin' }, 'audience'],
    ['aud as an object', { aud: { 0: 'api', length: 1 } }, 'claims'],
    ['an empty list of aud', { aud: [] }, 'audience'],
    ['no sub', { sub: undefined }, 'claims'],
    ['an empty sub', { sub: '' }, 'claims'],
    ['sub as a number', { sub: 7 }, 'claims'],
    ['sid as a number', { sid: 7 }, 'claims'],
    ['jti as an object', { jti: {} }, 'claims'],
  ]),
  ...['logout+jwt', 'at+jwt', 'application/at+jwt', 'JOSE', 'jwt ', '', 1, null, ['JWT']].map((typ) => ({
    name: `typ ${JSON.stringify(typ)}`,
    token: craft(claims(), { header: { typ } }),
    reason: 'type' as const,
  })),
]);

suite(
  'roles are a list of strings and nothing that looks like one',
  claimAttacks([
    ['a string', { roles: 'admin' }, 'claims'],
    ['something with a length', { roles: { 0: 'admin', length: 1 } }, 'claims'],
    ['an object with includes', { roles: { includes: 'admin' } }, 'claims'],
    ['true', { roles: true }, 'claims'],
    ['null', { roles: null }, 'claims'],
    ['a list with a number', { roles: ['admin', 1] }, 'claims'],
    ['a list in a list', { roles: [['admin']] }, 'claims'],
  ]),
);

describe('what is not a string is not a token', () => {
  it.each([undefined, null, 7, {}, [valid], Buffer.from(valid), new String(valid)])('refuses %o', async (token) => {
    await expect(verifier().verify(token as string)).rejects.toMatchObject({ reason: 'not-compact' });
  });
});

describe('a kid that is absent', () => {
  const token = craft(claims(), { header: '{"alg":"RS256","typ":"JWT"}' });

  it('means the one key of that algorithm', async () => {
    await expect(verifier({ keys: rsa.publicJwk }).verify(token)).resolves.toMatchObject({ kid: 'rsa-1' });
  });

  it('is refused when there are two', async () => {
    const keys = [rsa.publicJwk, otherRsa.publicJwk];
    await expect(verifier({ keys }).verify(token)).rejects.toMatchObject({ reason: 'key-id' });
  });

  it('is refused when there is none of that algorithm', async () => {
    await expect(verifier({ keys: ec.publicJwk }).verify(token)).rejects.toMatchObject({ reason: 'algorithm' });
  });
});

describe('hostile names of claims', () => {
  it('stay names: nothing is inherited from them, nor by a copy', async () => {
    const token = craft(`{${body},"__proto__":{"roles":["admin"]},"constructor":{"prototype":{"admin":true}}}`);
    const session = await verifier().verify(token);
    expect(session.roles.has('admin')).toBe(false);
    expect([...session.roles]).toEqual(['reader']);
    expect(Object.getPrototypeOf(session)).toBeNull();
    expect(Object.getPrototypeOf(session.claims)).toBeNull();
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
    expect('toString' in session.claims).toBe(false);
  });

  it('do not make roles of look-alikes', async () => {
    const session = await verifier().verify(craft(claims({ roles: ['Admin', 'аdmin', 'admin ', 'ＡＤＭＩＮ'] })));
    expect(session.roles.has('admin')).toBe(false);
  });
});
