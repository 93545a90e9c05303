import { createKeyring } from '@regionkit/core/kit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sealTime, unsealTime } from '../../src/peers/wall-time.ts';
import { SECRET } from '../helpers/fixtures.ts';

const keyring = createKeyring({ option: 'test', secrets: SECRET, purpose: 'region-document' });
const NONCE = 'n'.repeat(22);

test('a time is read as it was signed', () => {
  expect(unsealTime(sealTime(1_234.6, NONCE, keyring), NONCE, keyring)).toBe(1_235);
});

test('a time for another question, under another secret, or changed is none', () => {
  const sealed = sealTime(1_234, NONCE, keyring);
  const other = createKeyring({ option: 'test', secrets: 'x'.repeat(32), purpose: 'region-document' });
  expect(unsealTime(sealed, 'm'.repeat(22), keyring)).toBeUndefined();
  expect(unsealTime(sealed, NONCE, other)).toBeUndefined();
  expect(unsealTime(sealed.replace('1234', '1235'), NONCE, keyring)).toBeUndefined();
  fc.assert(fc.property(fc.string(), (body) => unsealTime(body, NONCE, keyring) === undefined));
});
