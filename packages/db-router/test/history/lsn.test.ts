import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLsn, normaliseInsertLsn, parseLsn } from '../../src/history/lsn.ts';

const SEGMENT = 16 * 1024 * 1024;

describe('parseLsn()', () => {
  it('reads two hexadecimal halves of one number', () => {
    expect(parseLsn('16/B374D848')).toBe(0x16_b374d848n);
    expect(parseLsn('0/0')).toBe(0n);
    expect(parseLsn('FFFFFFFF/FFFFFFFF')).toBe(0xffff_ffff_ffff_ffffn);
  });

  it.each(['', '0', '0/', '/0', '0/G', '0/123456789', ' 0/1', '0/1\n', '-1/0'])('does not read %j', (text) => {
    expect(parseLsn(text)).toBeUndefined();
  });

  it('reads back what formatLsn() wrote', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }), (lsn) => {
        expect(parseLsn(formatLsn(lsn))).toBe(lsn);
      }),
    );
  });
});

describe('normaliseInsertLsn()', () => {
  it('rounds a position behind a page header down to the page', () => {
    expect(normaliseInsertLsn(0x4002018n, SEGMENT)).toBe(0x4002000n);
  });

  it('rounds a position behind a segment header down to the segment', () => {
    expect(normaliseInsertLsn(0x4000028n, SEGMENT)).toBe(0x4000000n);
    expect(normaliseInsertLsn(64n * 1024n * 1024n + 40n, 64 * 1024 * 1024)).toBe(64n * 1024n * 1024n);
  });

  it('leaves every other position alone', () => {
    expect(normaliseInsertLsn(0x40504c8n, SEGMENT)).toBe(0x40504c8n);
    expect(normaliseInsertLsn(0x4002028n, SEGMENT)).toBe(0x4002028n);
    expect(normaliseInsertLsn(0x4000000n, SEGMENT)).toBe(0x4000000n);
  });

  it('never moves a position by more than a header', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 40n }), (lsn) => {
        const moved = lsn - normaliseInsertLsn(lsn, SEGMENT);
        expect([0n, 24n, 40n]).toContain(moved);
      }),
    );
  });
});
