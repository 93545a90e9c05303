import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer, writeAnswer } from '../../src/ledger/answer.ts';
import { fingerprintOf } from '../../src/ledger/fingerprint.ts';
import { createLedger, ledgerSql } from '../../src/ledger/index.ts';
import { checkActor, checkKey, lockOf } from '../../src/ledger/key.ts';
import { onceIn, type RunStatement } from '../../src/ledger/once-in.ts';
import { ABORT, CLAIM_IN, FIND, inText, KEEP, KEEP_IN, XID } from '../../src/ledger/table.ts';

const refuse = () => Promise.reject(new Error('not reached'));
const router = { batch: refuse, transaction: refuse, write: refuse };

describe('checkKey()', () => {
  it.each(['a', '~ !"', 'k'.repeat(255)])('takes %j', (key) => {
    expect(checkKey(key)).toBe(key);
  });

  it.each(['', 'k'.repeat(256), 'a\n', 'a\0', 'é', '\ud800', '\x7f'])('refuses %j as what a client sent', (key) => {
    expect(() => checkKey(key)).toThrow(expect.objectContaining({ code: 'ERR_IDEMPOTENCY_KEY', status: 400 }));
  });

  it.each([undefined, null, 7])('refuses %j as a mistake of the app', (key) => {
    expect(() => checkKey(key)).toThrow(TypeError);
  });

  it('names no byte of a bad key in its error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 12 }), (key) => {
        try {
          checkKey(`${key}\0`);
        } catch (error) {
          return !String((error as Error).message).includes(key);
        }
        return false;
      }),
    );
  });
});

describe('checkActor()', () => {
  it.each(['ann', 'ann@example.com', 'Ánn 人', '😀'])('takes %s', (actor) => {
    expect(checkActor(actor)).toBe(actor);
  });

  it.each(['', 'a'.repeat(256), 'a\0', 'a\n', '\udc00'])('refuses %j as a mistake of the app', (actor) => {
    expect(() => checkActor(actor)).toThrow(RangeError);
  });

  it.each([undefined, null, 7, {}])('refuses %j, which is no text', (actor) => {
    expect(() => checkActor(actor)).toThrow(TypeError);
  });
});

describe('lockOf()', () => {
  it('is a 64-bit integer, the same for the same row, and another one for another', () => {
    const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(name, name, name, name, (actor, key, otherActor, otherKey) => {
        const lock = lockOf(actor, key);
        expect(BigInt.asIntN(64, BigInt(lock)).toString()).toBe(lock);
        expect(lockOf(actor, key)).toBe(lock);
        expect(lockOf(otherActor, otherKey) === lock).toBe(actor === otherActor && key === otherKey);
      }),
    );
  });
});

describe('an answer', () => {
  it('comes back as JSON has it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const answer: unknown = JSON.parse(text);
        expect(readAnswer(writeAnswer(answer, 1_000_000))).toEqual(JSON.parse(JSON.stringify(answer)));
      }),
    );
  });

  it.each([
    ['a Response', new Response('{}')],
    ['a stream', new ReadableStream()],
    ['a Map', new Map([['id', 1]])],
    ['a promise', Promise.resolve(1)],
  ])('is refused if JSON would make {} of %s', (_name, answer) => {
    expect(() => writeAnswer(answer, 100)).toThrow(expect.objectContaining({ code: 'ERR_LEDGER_ANSWER' }));
  });

  it.each<[string, unknown]>([
    ['a promise', Promise.resolve(1)],
    ['a Map', new Map([['id', 1]])],
    ['a Response', new Response('{}')],
    [
      'an object with private members alone',
      new (class Query {
        readonly #sql = 'select 1';
        get text(): string {
          return this.#sql;
        }
      })(),
    ],
  ])('is refused if JSON would make {} of %s deep inside it', (_name, inner) => {
    for (const answer of [{ rows: inner }, [inner], { pages: [{ rows: [[inner]] }] }, { toJSON: () => ({ inner }) }]) {
      expect(() => writeAnswer(answer, 100)).toThrow(expect.objectContaining({ code: 'ERR_LEDGER_ANSWER' }));
    }
  });

  it('is refused if it is deeper than JSON can go', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(() => writeAnswer(deep, 1_000_000)).toThrow(expect.objectContaining({ code: 'ERR_LEDGER_ANSWER' }));
  });

  it.each([
    ['an object without members', {}],
    ['one without a prototype', Object.create(null)],
    [
      'one that says so itself',
      new (class {
        toJSON = () => ({});
      })(),
    ],
    ['bytes', Buffer.from('a')],
    [
      'what has objects of these kinds inside',
      { a: [{}, Object.create(null), new Date(0), Buffer.from('a')], b: undefined },
    ],
    [
      'an interval of PostgreSQL without length, as its driver reads it',
      {
        rows: [
          {
            pause: new (class PostgresInterval {
              toPostgres() {
                return '0';
              }
            })(),
          },
        ],
      },
    ],
  ])('may be %s', (_name, answer) => {
    expect(readAnswer(writeAnswer(answer, 100))).toEqual(JSON.parse(JSON.stringify(answer)));
  });

  it('is never longer than it may be, in bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(64), (answer, max) => {
        const fits = Buffer.byteLength(JSON.stringify(answer)) <= max;
        if (fits) expect(writeAnswer(answer, max)).toBe(JSON.stringify(answer));
        else expect(() => writeAnswer(answer, max)).toThrow(expect.objectContaining({ code: 'ERR_LEDGER_ANSWER' }));
      }),
    );
  });
});

describe('fingerprintOf()', () => {
  it('differs if any part differs, wherever the parts end', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (left, right) => {
        const isSame = JSON.stringify(left) === JSON.stringify(right);
        expect(fingerprintOf(...left) === fingerprintOf(...right)).toBe(isSame);
      }),
    );
    expect(fingerprintOf('ab', 'c')).not.toBe(fingerprintOf('a', 'bc'));
  });

  it('is the same for a text and for its bytes', () => {
    expect(fingerprintOf('é')).toBe(fingerprintOf(Buffer.from('é')));
  });
});

describe('ledgerSql()', () => {
  it('quotes the role', () => {
    expect(ledgerSql({ role: 'a"; DROP TABLE orders; --' })).toContain('TO "a""; DROP TABLE orders; --";');
  });

  it.each([{ role: '' }, { role: 'a\0' }, { role: 'a'.repeat(64) }])('refuses %j', (options) => {
    expect(() => ledgerSql(options)).toThrow(RangeError);
  });
});

describe('onceIn()', () => {
  const claim = { row: ['ann', 'key'], fingerprint: null, values: ['ann', 'key', null, '7'] } as const;
  /** A server that knows which transaction it is in: the row of the key is there until its transaction ends. */
  function server() {
    const state = { xid: 7, hasRow: false, answer: undefined as unknown, isAborted: false };
    const query: RunStatement = async (text, values) => {
      if (text === XID) return [{ xid: String(state.xid) }];
      if (text === CLAIM_IN) {
        state.hasRow = true;
        return [{ claimed: true, together: true }];
      }
      if (text === KEEP_IN) {
        const kept = state.hasRow && values[3] === String(state.xid);
        if (kept) state.answer = values[0];
        return [{ kept }];
      }
      if (text === KEEP) return [];
      state.isAborted = text === ABORT;
      throw new Error('this transaction cannot be committed');
    };
    return { state, query };
  }

  it.each([
    ['an answer', { id: 1 }, '{"id":1}'],
    ['no answer', undefined, null],
  ])('keeps %s in the transaction of the key', async (_what, answer, text) => {
    const { state, query } = server();
    expect(await onceIn(query, claim, async () => answer, 100)).toEqual(answer);
    expect(state).toMatchObject({ answer: text, isAborted: false });
  });

  it.each([
    ['an answer', { id: 1 }],
    ['no answer', undefined],
  ])('refuses a write with %s that has rolled back the key, and begun another transaction', async (_what, answer) => {
    const { state, query } = server();
    const restart = async () => {
      Object.assign(state, { xid: 8, hasRow: false });
      return answer;
    };
    const failing = onceIn(query, claim, restart, 100);
    await expect(failing).rejects.toMatchObject({ code: 'ERR_TRANSACTION_CONTROL', outcome: 'unknown' });
    expect(state).toMatchObject({ answer: undefined, isAborted: true });
  });

  it('refuses a write that has committed the key, and begun another transaction', async () => {
    const { state, query } = server();
    const restart = async () => {
      state.xid = 8;
    };
    await expect(onceIn(query, claim, restart, 100)).rejects.toMatchObject({ code: 'ERR_TRANSACTION_CONTROL' });
    expect(state.isAborted).toBe(true);
  });

  it('refuses a write that has rolled back to a savepoint from before the key', async () => {
    const { state, query } = server();
    const undo = async () => {
      state.hasRow = false;
    };
    await expect(onceIn(query, claim, undo, 100)).rejects.toMatchObject({ code: 'ERR_TRANSACTION_CONTROL' });
  });
});

describe('createLedger()', () => {
  it.each<[object, RegExp]>([
    [{ maxAnswerBytes: 0 }, /maxAnswerBytes/],
    [{ maxAnswerBytes: 1.5 }, /maxAnswerBytes/],
    [{ keepMs: 59_999 }, /keepMs/],
    [{ keep: 1 }, /keep/],
  ])('refuses %j', (options, message) => {
    expect(() => createLedger(router, options)).toThrow(message);
  });

  it('refuses what is no router', () => {
    expect(() => createLedger({} as never)).toThrow(TypeError);
  });

  it('keeps the values of each statement in the order of their numbers, for libraries that know only `?`', () => {
    for (const statement of [XID, CLAIM_IN, FIND, KEEP, KEEP_IN, ABORT]) {
      const numbers = [...statement.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number));
      expect(numbers).toEqual(numbers.map((_, at) => at + 1));
      expect(statement).not.toMatch(/[?]/);
    }
  });

  it('writes values into a text so that the server reads them again, or not at all', () => {
    /** What PostgreSQL makes of literals with `E`. */
    const read = (text: string): (string | null)[] =>
      [...text.matchAll(/NULL| E'((?:[^'\\]|''|\\\\)*)'/g)].map(([all, inside]) =>
        all === 'NULL' ? null : (inside ?? '').replace(/''|\\\\/g, (pair) => pair[0] as string),
      );
    const value = fc.oneof(
      fc.constant(null),
      fc.string({ unit: fc.constantFrom("'", '\\', '$', '1', '&', 'a', ' ', ';') }),
    );
    fc.assert(
      fc.property(value, value, (one, two) => {
        const text = inText('VALUES ($1, $2)', [one, two]) as string;
        expect(read(text)).toEqual([one, two]);
        expect(text.replace(/NULL| E'(?:[^'\\]|''|\\\\)*'/g, '?')).toBe('VALUES (?, ?)');
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (any) => {
        const isPlain = /^[\x20-\x7e]*$/.test(any);
        expect(inText('$1', [any]) === undefined).toBe(!isPlain);
      }),
    );
  });

  it('sends nothing with a bad name, key or fingerprint', async () => {
    const ledger = createLedger(router);
    const fn = async () => 1;
    await expect(ledger.once('é', 'ann', fn)).rejects.toMatchObject({ code: 'ERR_IDEMPOTENCY_KEY' });
    await expect(ledger.once('key', '', fn)).rejects.toThrow(RangeError);
    await expect(ledger.once('key', 'ann', fn, { fingerprint: '' })).rejects.toThrow(RangeError);
    await expect(ledger.once('key', 'ann', undefined as never)).rejects.toThrow(TypeError);
    await expect(ledger.batch('é', 'ann', [], 1)).rejects.toMatchObject({ code: 'ERR_IDEMPOTENCY_KEY' });
    await expect(ledger.batch('key', 'ann', [], 1n)).rejects.toMatchObject({ code: 'ERR_LEDGER_ANSWER' });
    await expect(ledger.onceIn(refuse, 'key', '', fn)).rejects.toThrow(RangeError);
    await expect(ledger.onceIn({} as never, 'key', 'ann', fn)).rejects.toThrow(/onceIn: query/);
    await expect(ledger.onceIn(refuse, 'key', 'ann', undefined as never)).rejects.toThrow(/onceIn: fn/);
  });
});
