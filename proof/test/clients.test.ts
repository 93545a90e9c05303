import { describe, expect, it } from 'vitest';
import { createPlan } from '../src/clients/plan.ts';
import { createPurse, positionsIn } from '../src/clients/purse.ts';
import { lsnToDecimal, readToken } from '../src/history/position.ts';
import { createRandom } from '../src/random.ts';

/** A token as the router lays it out; the code is none, since a client cannot check it. */
function token(kind: 'write' | 'seen', timeline: number, lsn: bigint): string {
  const payload = Buffer.alloc(45);
  payload.writeUInt8(kind === 'write' ? 1 : 2, 0);
  payload.writeUInt32BE(timeline, 7);
  payload.write('0a0b0c0d', 11, 'hex');
  payload.writeBigUInt64BE(lsn, 15);
  return `v1.${payload.toString('base64url')}.${'c'.repeat(22)}`;
}

describe('readToken', () => {
  it('reads what a token says', () => {
    expect(readToken(token('write', 3, 50_000n))).toEqual({
      kind: 'write',
      timeline: 3,
      owner: '0a0b0c0d',
      lsn: '50000',
    });
    expect(readToken(token('seen', 1, 2n ** 64n - 1n))?.lsn).toBe('18446744073709551615');
  });

  it('gives nothing for what is no token', () => {
    for (const text of ['', 'v1', 'v1.abc.def', 'v2.AAAA.BBBB', token('write', 1, 1n).replace('v1', 'v3')]) {
      expect(readToken(text)).toBeUndefined();
    }
  });
});

describe('lsnToDecimal', () => {
  it('counts as PostgreSQL does', () => {
    expect(lsnToDecimal('0/3000148')).toBe('50331976');
    expect(lsnToDecimal('16/B374D848')).toBe('97500059720');
  });
});

describe('createPurse', () => {
  const written = token('write', 1, 10n);
  const seen = token('seen', 1, 20n);
  const headers = {
    'set-cookie': [`region-token=${written}; Path=/`, `region-seen=${seen}; Path=/; HttpOnly`, 'region=eu; Path=/'],
    'x-region-token': `${written}, ${seen}`,
  };

  it('keeps cookies and sends them back', () => {
    const purse = createPurse('cookies', 'both');
    expect(purse.fieldsWith([])).toEqual({});
    purse.keep(headers);
    expect(purse.fieldsWith([])['cookie']).toBe(`region-token=${written}; region-seen=${seen}; region=eu`);
    expect(purse.positions.map(({ lsn }) => lsn)).toEqual(['10', '20']);
    purse.keep({ 'set-cookie': ['region-token=; Max-Age=0; Path=/'] });
    expect(purse.positions.map(({ kind }) => kind)).toEqual(['seen']);
  });

  it('leaves out what its client does not carry', () => {
    const half = createPurse('cookies', 'written');
    half.keep(headers);
    expect(half.positions.map(({ kind }) => kind)).toEqual(['write']);
    const none = createPurse('cookies', 'nothing');
    none.keep(headers);
    expect(none.fieldsWith([])).toEqual({ cookie: 'region=eu' });
    const deaf = createPurse('header', 'nothing');
    deaf.keep(headers);
    expect(deaf.fieldsWith([])).toEqual({});
  });

  it('sends the last header back as it came', () => {
    const purse = createPurse('header', 'both');
    purse.keep(headers);
    expect(purse.fieldsWith([])).toEqual({ 'x-region-token': `${written}, ${seen}` });
    purse.keep({});
    expect(purse.positions).toHaveLength(2);
  });
});

describe('positionsIn', () => {
  it('reads what an answer gave', () => {
    expect(positionsIn({})).toEqual([]);
    expect(positionsIn({ 'x-region-token': token('write', 2, 9n) }).map(({ timeline }) => timeline)).toEqual([2]);
  });
});

describe('createPlan', () => {
  it('makes the same choices each time, wherever the client has been driven', () => {
    const draw = (home: 'us' | 'eu'): string[] => {
      const plan = createPlan('us-1', 'busy', createRandom('plan'));
      return Array.from({ length: 300 }, () => {
        const { kind, key } = plan.next(home);
        return `${kind} ${key}`;
      });
    };
    expect(draw('us')).toEqual(draw('us'));
    expect(draw('us')).toEqual(draw('eu'));
  });

  it('does all there is to do, and looks back at what it wrote', () => {
    const plan = createPlan('us-1', 'busy', createRandom('plan'));
    const steps = Array.from({ length: 2_000 }, () => plan.next('us'));
    expect(new Set(steps.map(({ kind }) => kind)).size).toBe(8);
    const sets = steps.flatMap(({ kind, key }, at) => (kind === 'set' ? [{ key, next: steps[at + 1] }] : []));
    const lookedBack = sets.filter(({ key, next }) => next?.kind === 'get' && next.key === key);
    expect(lookedBack.length).toBeGreaterThan(sets.length / 2);
  });

  it('lets a dreamy client stay away for longer than a standby is down', () => {
    const waits = (temper: 'busy' | 'dreamy'): number => {
      const plan = createPlan('us-1', temper, createRandom('plan'));
      return Array.from({ length: 1_000 }, () => plan.next('us')).filter(({ waitMs }) => waitMs > 2_500).length;
    };
    expect(waits('busy')).toBe(0);
    expect(waits('dreamy')).toBeGreaterThan(50);
  });
});
