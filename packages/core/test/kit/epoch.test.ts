import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readEpoch } from '../../src/kit/epoch.ts';

const EPOCH = { system: '7711269831366940242', timeline: 3, owner: 'us-east-1/pg-1', server: 'abcdefghijklmnop' };

describe('readEpoch()', () => {
  test.each([
    [EPOCH, EPOCH],
    [
      { ...EPOCH, owner: '', more: 'x' },
      { ...EPOCH, owner: '' },
    ],
    [
      { ...EPOCH, timeline: 0xffff_ffff },
      { ...EPOCH, timeline: 0xffff_ffff },
    ],
  ])('reads %j', (given, expected) => {
    expect(readEpoch(given)).toEqual(expected);
  });

  test('leaves out a server that is not there', () => {
    expect(readEpoch({ ...EPOCH, server: undefined })).toStrictEqual({
      system: EPOCH.system,
      timeline: 3,
      owner: EPOCH.owner,
    });
  });

  test.each([
    [{ timeline: 0 }],
    [{ timeline: 2 ** 32 }],
    [{ timeline: 3.5 }],
    [{ timeline: '3' }],
    [{ system: '' }],
    [{ system: 7 }],
    [{ owner: 5 }],
    [{ owner: 'us east/1' }],
    [{ owner: 'x'.repeat(257) }],
    [{ server: 'short' }],
    [{ server: null }],
  ])('takes %j for no part of one', (part) => {
    expect(readEpoch({ ...EPOCH, ...part })).toBeUndefined();
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.anything(), (given) => readEpoch(given) === undefined));
  });
});
