import { generateKeyPairSync } from 'node:crypto';
import { live } from '@regionkit/core';
import type { RegionSecrets } from '@regionkit/core/kit';
import { afterEach, expect, test } from 'vitest';
import { type Name, type Network, network } from '../helpers/network.ts';

let world: Network | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const pairOf = () => {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
};
const pairs = { a: pairOf(), b: pairOf(), c: pairOf() };
const publicKeys = { a: pairs.a.publicKey, b: pairs.b.publicKey, c: pairs.c.publicKey };
const keysOf = (name: Name): RegionSecrets => ({ privateKey: pairs[name].privateKey, publicKeys });

test('regions with a key pair each come to know each other', async () => {
  world = network({ secrets: { a: keysOf('a'), b: keysOf('b'), c: keysOf('c') } });
  await world.advance(100);
  expect(world.healths.b.view.get('a')).toMatchObject({ accept: 'yes', identified: true });
  expect(world.healths.a.view.get('c')).toMatchObject({ accept: 'yes', identified: true });
});

test('a region whose public key is taken away is believed in nothing, and told nothing', async () => {
  const secret = live(keysOf('b'));
  world = network({ secrets: { a: keysOf('a'), b: secret, c: keysOf('c') } });
  await world.advance(100);
  expect(world.healths.b.view.get('a')).toMatchObject({ accept: 'yes', identified: true });
  secret.set({ privateKey: pairs.b.privateKey, publicKeys: { c: pairs.c.publicKey } });
  await world.advance(20_000);
  expect(world.healths.b.view.get('a')).toMatchObject({ identified: false });
  expect(world.healths.b.view.get('a')?.primary).toBeUndefined();
  expect(world.healths.b.view.get('c')).toMatchObject({ accept: 'yes', identified: true });
  expect(world.healths.a.view.get('b')?.accept).not.toBe('yes');
});

test('a change that cannot be told to a region without a key does not occupy the process for ever', async () => {
  const secret = live(keysOf('b'));
  world = network({ secrets: { a: keysOf('a'), b: secret, c: keysOf('c') } });
  await world.advance(1_000);
  secret.set({ privateKey: pairs.b.privateKey, publicKeys: { c: pairs.c.publicKey } });
  world.healths.b.drain();
  await world.advance(1_000);
  expect(world.healths.c.view.get('b')?.accept).toBe('draining');
});

test('a region at the address of another is told apart from a wrong secret, also with a key pair each', async () => {
  const made = network({ secrets: { a: keysOf('a'), b: keysOf('b'), c: keysOf('c') } });
  world = made;
  const reasons = new Set<string>();
  made.healths.a.on('peer', ({ region, reason }) => {
    if (region === 'b') reasons.add(reason);
  });
  made.between = (from, to, request) =>
    from === 'a' && to === 'b' ? Promise.resolve(made.healths.c.fetch(() => new Response())(request)) : undefined;
  await made.advance(5_000);
  expect([...reasons]).toEqual(['wrong-region']);
  expect(made.healths.a.view.get('b')).toMatchObject({ identified: false });
});
