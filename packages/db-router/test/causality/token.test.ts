import { live } from '@regionkit/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenCodec, nameOfHash } from '../../src/causality/token.ts';
import { serverId } from '../../src/topology/writer.ts';

const SECRET = 'a secret that is at least thirty-two bytes';
const EPOCH = { system: '7711269831366940242', timeline: 3, owner: 'ap-southeast-1/0' };

describe('createTokenCodec()', () => {
  const codec = createTokenCodec(SECRET);

  it('reads tokens under the last good secrets while their source cannot be read', () => {
    let broken = false;
    const source = {
      ...live(SECRET),
      get current(): string {
        if (broken) throw new Error('the store is closed');
        return SECRET;
      },
    };
    const tokens = createTokenCodec(source);
    const token = tokens.encode('write', EPOCH, 5n, 1_000);
    broken = true;
    expect(tokens.decode(token)?.lsn).toBe(5n);
  });

  it('reads back what it wrote, in at most 96 bytes of a cookie value', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('write' as const, 'seen' as const),
        fc.integer({ min: 1, max: 0xffff_ffff }),
        fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
        fc.integer({ min: 0, max: 2 ** 47 }),
        fc.string(),
        fc.option(fc.string().map(serverId), { nil: undefined }),
        (kind, timeline, lsn, issuedAtMs, owner, server) => {
          const epoch = { ...EPOCH, timeline, owner, ...(server !== undefined && { server }) };
          const token = codec.encode(kind, epoch, lsn, issuedAtMs);
          expect(token.length).toBeLessThanOrEqual(96);
          expect(token).toMatch(/^v1\.[\w-]+\.[\w-]+$/);
          expect(codec.decode(token)).toEqual({
            kind,
            systemHash: codec.systemHash(EPOCH.system),
            timeline,
            ownerHash: codec.ownerHash(owner),
            server,
            lsn,
            issuedAtMs,
            isHome: true,
          });
        },
      ),
    );
  });

  it('reads nothing that was changed in any character', () => {
    const token = codec.encode('write', EPOCH, 77n, 1_000);
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'A' ? 'B' : 'A';
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      const read = codec.decode(changed);
      // The last character of each part carries unused bits: base64url may read the same bytes, but the code covers text.
      expect(read).toBeUndefined();
    }
  });

  it('reads no bytes that are not a token, and throws at none', () => {
    for (const hostile of [
      '',
      'v1',
      'v1..',
      'v2.a.b',
      '\0'.repeat(87),
      'é'.repeat(87),
      'v1.'.padEnd(87, '.'),
      'x'.repeat(10_000),
    ]) {
      expect(codec.decode(hostile)).toBeUndefined();
    }
    expect(codec.decode(undefined as never)).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => codec.decode(text) === undefined));
  });

  it('names an owner of whom only the hash was heard by that hash again, in a process that knows the name as in one that does not', () => {
    const codec = createTokenCodec(SECRET);
    const epoch = { system: '1', timeline: 2, owner: 'eu-west-1/0' };
    const first = codec.decode(codec.encode('seen', epoch, 1n, 0));
    const heard = { ...epoch, owner: nameOfHash(first?.ownerHash ?? '') };
    expect(codec.decode(codec.encode('seen', heard, 2n, 0))?.ownerHash).toBe(codec.ownerHash('eu-west-1/0'));
  });

  it('remembers a busy client while many times more others come by than it can hold', () => {
    const codec = createTokenCodec(SECRET);
    const busy = codec.encode('write', EPOCH, 1n, 1);
    const known = codec.decode(busy);
    for (let other = 0; other < 30_000; other += 1) {
      codec.decode(codec.encode('write', EPOCH, BigInt(other), 2));
      if (other % 1_000 === 0) expect(codec.decode(busy)).toBe(known);
    }
  });

  it('remembers 4,000 clients that come in turn', () => {
    const codec = createTokenCodec(SECRET);
    const tokens = Array.from({ length: 4_000 }, (_, at) => codec.encode('write', EPOCH, BigInt(at), 1));
    const first = tokens.map((token) => codec.decode(token));
    expect(tokens.every((token, at) => codec.decode(token) === first[at])).toBe(true);
  });

  it('verifies with every secret of a list, and signs with the first', () => {
    const next = 'the next secret, also thirty-two bytes long';
    const secret = live<readonly string[]>([SECRET]);
    const rotating = createTokenCodec(secret);
    const old = rotating.encode('write', EPOCH, 1n, 1);
    secret.set([next, SECRET]);
    expect(rotating.decode(old)).toBeDefined();
    expect(rotating.decode(old)).toBeDefined();
    expect(createTokenCodec(next).decode(rotating.encode('write', EPOCH, 1n, 1))).toBeDefined();
    secret.set([next]);
    expect(rotating.decode(old)).toBeUndefined();
  });

  it('keeps a bounded number of what verified, and verifies all the same', () => {
    const bounded = createTokenCodec(SECRET);
    const tokens = Array.from({ length: 12_000 }, (_, at) => bounded.encode('write', EPOCH, BigInt(at), 1));
    for (const token of tokens) bounded.decode(token);
    expect(tokens.map((token) => bounded.decode(token)?.lsn)).toEqual(tokens.map((_, at) => BigInt(at)));
  });

  it('does not verify a code that the same secret made for another purpose', async () => {
    const { createKeyring } = await import('@regionkit/core/kit');
    const other = createKeyring({ option: 'x', secrets: SECRET, purpose: 'hop', length: 22 });
    const [version, payload] = codec.encode('write', EPOCH, 1n, 1).split('.');
    expect(codec.decode(`${version}.${payload}.${other.sign(`${version}.${payload}`)}`)).toBeUndefined();
  });

  it('refuses a secret that is too short', () => {
    expect(() => createTokenCodec('short')).toThrow(/token\.secret must be at least 32 bytes/);
  });
});
