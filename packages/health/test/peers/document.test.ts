import { createHmac } from 'node:crypto';
import type { DatabaseReport } from '@regionkit/core';
import { createKeyring } from '@regionkit/core/kit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type RegionDocument, seal, unseal } from '../../src/peers/document.ts';
import { SECRET } from '../helpers/fixtures.ts';

const keyring = createKeyring({ option: 'test', secrets: SECRET, purpose: 'region-document' });
const NONCE = 'n'.repeat(22);
const DOCUMENT: RegionDocument = {
  region: 'eu-west-1',
  process: 'p'.repeat(22),
  accept: 'yes',
  reads: 'pass',
  writes: 'fail',
  relative: 'asking',
  database: {
    role: 'primary',
    epoch: { system: '7412345678901234567', timeline: 3, owner: 'eu-west-1/0', server: 's'.repeat(22) },
    position: 0x1_0000_0000n,
    forks: [{ system: '7412345678901234567', parent: 2, child: 3, lsn: 123n }],
    highest: { system: '7412345678901234567', timeline: 4, owner: 'us-east-1/0' },
    measured: true,
    measuredEpoch: { system: '7412345678901234567', timeline: 3, owner: '' },
    acceptedForMs: 86_400_000,
    vouches: {
      primary: { system: '7412345678901234567', timeline: 3, owner: 'us-east-1/0', server: 's'.repeat(22) },
      written: { system: '7412345678901234567', timeline: 3, owner: '' },
    },
    pause: {
      id: 'i'.repeat(22),
      epoch: { system: '7412345678901234567', timeline: 3, owner: 'eu-west-1/0' },
      leftMs: 12_000,
      underWay: 3,
    },
    voids: [
      {
        id: 'v'.repeat(22),
        epochs: [{ system: '7412345678901234567', timeline: 4, owner: 'us-east-1/0', server: 's'.repeat(22) }],
      },
    ],
  },
};

/** A sealed text of any payload: whoever holds the secret and lies. */
function forge(payload: unknown): string {
  const text = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)).toString('base64url');
  return `${text}.${keyring.sign(text)}`;
}
function payloadOf(document: RegionDocument = DOCUMENT): Record<string, unknown> {
  return JSON.parse(Buffer.from(seal(document, NONCE, keyring).split('.')[0] ?? '', 'base64url').toString());
}
function lie(patch: object): string {
  return forge({ ...payloadOf(), ...patch });
}
function lieOfDatabase(patch: object): string {
  return lie({ database: { ...(payloadOf()['database'] as object), ...patch } });
}

test('what was sealed is unsealed, position and forks included', () => {
  expect(unseal(seal(DOCUMENT, NONCE, keyring), NONCE, keyring)).toEqual(DOCUMENT);
});

test.each([true, false, undefined])('whether a region has measured its database is said as it is: %s', (measured) => {
  const { measured: _, ...database } = DOCUMENT.database as DatabaseReport;
  const document = { ...DOCUMENT, database: { ...database, ...(measured !== undefined && { measured }) } };
  expect(unseal(seal(document, NONCE, keyring), NONCE, keyring)).toEqual(document);
});

test('process, server and age of acceptance may be missing', () => {
  const document: RegionDocument = {
    region: 'eu-west-1',
    accept: 'yes',
    reads: 'pass',
    writes: 'pass',
    relative: 'in',
    database: { role: 'primary', epoch: { system: '1', timeline: 1, owner: 'eu-west-1/0' }, position: 1n, forks: [] },
  };
  expect(unseal(seal(document, NONCE, keyring), NONCE, keyring)).toEqual(document);
});

test('a position beyond what a double can hold comes through', () => {
  const position = 2n ** 64n - 1n;
  const database = { role: 'standby' as const, position, forks: [] };
  const document = { ...DOCUMENT, database };
  expect(unseal(seal(document, NONCE, keyring), NONCE, keyring)).toEqual(document);
});

test('the highest epoch may be known without its owner', () => {
  const highest = { system: '1', timeline: 9, owner: '' };
  const document = { ...DOCUMENT, database: { role: 'standby' as const, forks: [], highest } };
  expect(unseal(seal(document, NONCE, keyring), NONCE, keyring)).toEqual(document);
});

test.each([
  { id: 'short' },
  { id: 7 },
  { epoch: { system: 'x', timeline: 3, owner: 'eu-west-1/0' } },
  { leftMs: -1 },
  { leftMs: 1.5 },
  { leftMs: '12000' },
  { underWay: -1 },
  { underWay: undefined },
])('a pause with %j is ignored, and the rest of the document counts', (patch) => {
  const { pause, ...database } = DOCUMENT.database as NonNullable<RegionDocument['database']>;
  const sealed = lieOfDatabase({ pause: { ...pause, ...patch } });
  expect(unseal(sealed, NONCE, keyring)).toEqual({ ...DOCUMENT, database });
});

test('an answer to another question is refused', () => {
  expect(unseal(seal(DOCUMENT, 'm'.repeat(22), keyring), NONCE, keyring)).toBe('wrong-nonce');
});

test('another secret, another purpose, another payload: refused', () => {
  const sealed = seal(DOCUMENT, NONCE, keyring);
  const other = createKeyring({ option: 'test', secrets: 'x'.repeat(32), purpose: 'region-document' });
  const purpose = createKeyring({ option: 'test', secrets: SECRET, purpose: 'hop' });
  expect(unseal(seal(DOCUMENT, NONCE, other), NONCE, keyring)).toBe('bad-signature');
  expect(unseal(seal(DOCUMENT, NONCE, purpose), NONCE, keyring)).toBe('bad-signature');
  expect(unseal(sealed.replace(/^./, 'f'), NONCE, keyring)).toBe('bad-signature');
  const [payload] = sealed.split('.');
  expect(
    unseal(`${payload}.${createHmac('sha256', SECRET).update(`${payload}`).digest('base64url')}`, NONCE, keyring),
  ).toBe('bad-signature');
});

test('while a secret is rotated, both verify', () => {
  const next = createKeyring({ option: 'test', secrets: ['n'.repeat(32), SECRET], purpose: 'region-document' });
  expect(unseal(seal(DOCUMENT, NONCE, keyring), NONCE, next)).toEqual(DOCUMENT);
});

test('no byte can be changed', () => {
  const sealed = seal(DOCUMENT, NONCE, keyring);
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 33, max: 126 }), (at, code) => {
      const changed = sealed.slice(0, at) + String.fromCharCode(code) + sealed.slice(at + 1);
      if (changed === sealed) return;
      expect(['bad-signature', 'malformed']).toContain(unseal(changed, NONCE, keyring));
    }),
  );
});

test.each<[string, string]>([
  ['nothing', ''],
  ['a web page', '<!doctype html><html></html>'],
  ['one part', 'abc'],
  ['three parts', 'a.b.c'],
  ['no JSON', forge('{')],
  ['null', forge('null')],
  ['a list', forge('[]')],
  ['a text', forge('"x"')],
  ['another version', lie({ v: 2 })],
  ['a region that is no text', lie({ region: 7 })],
  ['a verdict of its own making', lie({ reads: 'excellent' })],
  ['accept unknown', lie({ accept: 'unknown' })],
  ['a relative state of its own making', lie({ relative: 'maybe' })],
  ['a process whose name is too short to be one', lie({ process: 'p' })],
  ['a process with an endless name', lie({ process: 'p'.repeat(65) })],
  ['a process that is no text', lie({ process: { toString: 1 } })],
  ['a server that is no text', lieOfDatabase({ highest: { system: '1', timeline: 1, owner: 'a', server: 7 } })],
  [
    'a server with a line break',
    lieOfDatabase({ highest: { system: '1', timeline: 1, owner: 'a', server: `${'s'.repeat(20)}\n` } }),
  ],
  ['a measured epoch that is none', lieOfDatabase({ measuredEpoch: { system: '1', timeline: 0, owner: '' } })],
  ['a negative age of acceptance', lieOfDatabase({ acceptedForMs: -1 })],
  ['an endless age of acceptance', lieOfDatabase({ acceptedForMs: 1e300 })],
  ['an age of acceptance that is a text', lieOfDatabase({ acceptedForMs: '1' })],
  ['a vouch that is none', lieOfDatabase({ vouches: [] })],
  ['a vouch for a primary that is no epoch', lieOfDatabase({ vouches: { primary: 'us' } })],
  ['a vouch for a written timeline that is none', lieOfDatabase({ vouches: { written: { system: '1', owner: '' } } })],
  ['a database that is none', lie({ database: [] })],
  ['a role of its own making', lieOfDatabase({ role: 'king' })],
  ["another region's epoch as its own", lieOfDatabase({ epoch: { system: '1', timeline: 1, owner: 'us-east-1/0' } })],
  [
    'an owner that begins like the region',
    lieOfDatabase({ epoch: { system: '1', timeline: 1, owner: 'eu-west-10/0' } }),
  ],
  ['an owner with a line break', lieOfDatabase({ highest: { system: '1', timeline: 1, owner: 'a\nb' } })],
  ['an endless owner', lieOfDatabase({ highest: { system: '1', timeline: 1, owner: 'a'.repeat(257) } })],
  ['timeline 0', lieOfDatabase({ highest: { system: '1', timeline: 0, owner: 'a' } })],
  ['a timeline beyond 32 bits', lieOfDatabase({ highest: { system: '1', timeline: 2 ** 32, owner: 'a' } })],
  ['a fraction of a timeline', lieOfDatabase({ highest: { system: '1', timeline: 1.5, owner: 'a' } })],
  ['a system that is no number', lieOfDatabase({ highest: { system: 'x', timeline: 1, owner: 'a' } })],
  ['a position beyond 64 bits', lieOfDatabase({ position: (2n ** 64n).toString() })],
  ['a negative position', lieOfDatabase({ position: '-1' })],
  ['a position that is a number', lieOfDatabase({ position: 1 })],
  ['endless forks', lieOfDatabase({ forks: Array.from({ length: 65 }, () => ['1', 1, 2, '3']) })],
  ['forks that are none', lieOfDatabase({ forks: ['x'] })],
  ['a fork without a position', lieOfDatabase({ forks: [['1', 1, 2]] })],
  ['no forks at all', lieOfDatabase({ forks: undefined })],
])('%s is malformed, whoever signed it', (_, body) => {
  expect(unseal(body, NONCE, keyring)).toBe('malformed');
});

test('a prototype cannot be set by a document', () => {
  const document = unseal(
    forge(`${JSON.stringify(payloadOf()).slice(0, -1)},"__proto__":{"polluted":1}}`),
    NONCE,
    keyring,
  );
  expect(document).toEqual(DOCUMENT);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('what a newer version adds is ignored', () => {
  expect(unseal(lie({ added: { later: true } }), NONCE, keyring)).toEqual(DOCUMENT);
});

test('whatever bytes arrive, nothing throws', () => {
  fc.assert(fc.property(fc.string(), (body) => typeof unseal(body, NONCE, keyring) === 'string'));
  fc.assert(fc.property(fc.json(), (json) => typeof unseal(forge(json), NONCE, keyring) === 'string'));
});

test('of many forks the youngest travel, and the document stays small', () => {
  const forks = Array.from({ length: 200 }, (_, at) => ({
    system: '7412345678901234567',
    parent: at + 1,
    child: at + 2,
    lsn: 2n ** 64n - 1n,
  }));
  const sealed = seal({ ...DOCUMENT, database: { role: 'unknown', forks } }, NONCE, keyring);
  expect(sealed.length).toBeLessThan(16_384);
  expect(unseal(sealed, NONCE, keyring)).toMatchObject({ database: { forks: forks.slice(-64) } });
});

test('a void that is not whole is ignored, and the rest of the document counts: it would take a fence away', () => {
  const [whole] = DOCUMENT.database?.voids ?? [];
  const [epoch] = whole?.epochs ?? [];
  const { server: _, ...nameless } = epoch ?? {};
  const broken: readonly unknown[] = [
    null,
    { ...whole, id: 'short' },
    { ...whole, epochs: [] },
    { ...whole, epochs: [nameless] },
    { ...whole, epochs: [{ ...epoch, owner: '' }] },
    { ...whole, epochs: [epoch, { ...epoch, timeline: -1 }] },
    { ...whole, epochs: new Array(5).fill(epoch) },
  ];
  for (const voids of [...broken.map((entry) => [entry]), 'voids', {}]) {
    const payload = payloadOf();
    const read = unseal(forge({ ...payload, database: { ...(payload['database'] as object), voids } }), NONCE, keyring);
    expect(read).toMatchObject({ region: 'eu-west-1' });
    expect((read as RegionDocument).database).not.toHaveProperty('voids');
  }
});
