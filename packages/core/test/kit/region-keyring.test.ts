import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createRegionKeyring, type RegionSecrets } from '../../src/kit/region-keyring.ts';
import { live } from '../../src/live.ts';

const pairOf = () => {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
};
const us = pairOf();
const eu = pairOf();
const ap = pairOf();
const publicKeys = { us: us.publicKey, eu: eu.publicKey, ap: ap.publicKey };
const ringOf = (self: string, secrets: RegionSecrets, purpose = 'test') =>
  createRegionKeyring({ option: 'test: secret', secrets, self, purpose });
const rings = {
  us: ringOf('us', { privateKey: us.privateKey, publicKeys }),
  eu: ringOf('eu', { privateKey: eu.privateKey, publicKeys }),
  ap: ringOf('ap', { privateKey: ap.privateKey, publicKeys }),
};

describe('createRegionKeyring()', () => {
  test('gives two regions the same keys, and no third', () => {
    const code = rings.us.between('eu')?.sign('hello') ?? '';
    expect(rings.eu.between('us')?.verify('hello', code)).toBe(true);
    expect(rings.eu.between('ap')?.verify('hello', code)).toBe(false);
    expect(rings.ap.between('us')?.verify('hello', code)).toBe(false);
    expect(rings.ap.between('eu')?.verify('hello', code)).toBe(false);
  });

  test('gives the processes of one region keys of their own, which no other region has', () => {
    const sibling = ringOf('us', { privateKey: us.privateKey, publicKeys: { eu: eu.publicKey } });
    const code = rings.us.between('us')?.sign('hello') ?? '';
    expect(sibling.between('us')?.verify('hello', code)).toBe(true);
    expect(rings.eu.between('us')?.verify('hello', code)).toBe(false);
    expect(ringOf('us', { privateKey: eu.privateKey, publicKeys }).between('us')?.verify('hello', code)).toBe(false);
  });

  test('lets a region that was stolen speak in no name but its own', () => {
    // `ap` holds its own private key and all public ones, and claims to be `us`.
    const liar = ringOf('us', { privateKey: ap.privateKey, publicKeys });
    const code = liar.between('eu')?.sign('I am the primary') ?? '';
    expect(rings.eu.between('us')?.verify('I am the primary', code)).toBe(false);
    expect(rings.eu.between('ap')?.verify('I am the primary', code)).toBe(false);
  });

  test('shuts out a region whose public key is taken away, without a restart', () => {
    const keys = live<RegionSecrets>({ privateKey: eu.privateKey, publicKeys });
    const ring = createRegionKeyring({ option: 'test: secret', secrets: keys, self: 'eu', purpose: 'test' });
    const code = rings.ap.between('eu')?.sign('x') ?? '';
    expect(ring.between('ap')?.verify('x', code)).toBe(true);
    keys.set({ privateKey: eu.privateKey, publicKeys: { us: us.publicKey } });
    expect(ring.between('ap')).toBeUndefined();
    expect(ring.between('us')?.verify('x', rings.us.between('eu')?.sign('x') ?? '')).toBe(true);
    // A bad rotation changes nothing.
    keys.set({ privateKey: 'no key', publicKeys });
    expect(ring.between('us')?.verify('x', rings.us.between('eu')?.sign('x') ?? '')).toBe(true);
  });

  test('keeps the last good keys while the source of the secrets cannot be read', () => {
    let broken = false;
    const source = {
      ...live<RegionSecrets>({ privateKey: eu.privateKey, publicKeys }),
      get current(): RegionSecrets {
        if (broken) throw new Error('the store is closed');
        return { privateKey: eu.privateKey, publicKeys };
      },
    };
    const ring = createRegionKeyring({ option: 'test: secret', secrets: source, self: 'eu', purpose: 'test' });
    broken = true;
    expect(ring.between('us')?.verify('x', rings.us.between('eu')?.sign('x') ?? '')).toBe(true);
  });

  test('rotates a pair: the others learn the new key first', () => {
    const next = pairOf();
    const learnt = ringOf('eu', { privateKey: eu.privateKey, publicKeys: { us: [next.publicKey, us.publicKey] } });
    const before = rings.us.between('eu')?.sign('x') ?? '';
    const after = ringOf('us', { privateKey: [next.privateKey, us.privateKey], publicKeys }).between('eu');
    expect(learnt.between('us')?.verify('x', before)).toBe(true);
    expect(learnt.between('us')?.verify('x', after?.sign('x') ?? '')).toBe(true);
    expect(after?.verify('x', learnt.between('us')?.sign('x') ?? '')).toBe(true);
  });

  test('is one secret for all where that is what it is given', () => {
    const secret = 'a secret of more than thirty-two bytes';
    const code = ringOf('us', secret).between('eu')?.sign('x') ?? '';
    expect(ringOf('eu', secret).between('us')?.verify('x', code)).toBe(true);
    expect(ringOf('eu', secret, 'another').between('us')?.verify('x', code)).toBe(false);
  });

  test.each([
    ['no key', { privateKey: 'secret words', publicKeys }, 'test: secret.privateKey must be an X25519 key in PEM'],
    ['a public key', { privateKey: us.publicKey, publicKeys }, 'test: secret.privateKey must be an X25519 key in PEM'],
    [
      'a key of another kind',
      {
        privateKey: us.privateKey,
        publicKeys: { eu: generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString() },
      },
      'test: secret.publicKeys.eu must be an X25519 key in PEM',
    ],
    [
      'a key of low order',
      {
        privateKey: us.privateKey,
        publicKeys: {
          eu: createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) }, format: 'jwk' })
            .export({ type: 'spki', format: 'pem' })
            .toString(),
        },
      },
      'test: secret.publicKeys.eu must be an X25519 key in PEM',
    ],
    ['an empty list', { privateKey: [], publicKeys }, 'test: secret.privateKey must be a key in PEM or a list of them'],
    ['no keys of the others', { privateKey: us.privateKey } as never, 'test: secret.publicKeys must be an object'],
    ['a short secret', 'short', 'test: secret must be at least 32 bytes'],
  ])('refuses %s, and shows none of it', (_what, secrets, message) => {
    expect(() => ringOf('us', secrets)).toThrow(message);
  });
});
