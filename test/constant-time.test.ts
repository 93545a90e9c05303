import type * as NodeCrypto from 'node:crypto';
import { timingSafeEqual } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeEach, expect, test, vi } from 'vitest';
import { createKeyring, equalInConstantTime } from '../packages/core/src/kit/index.ts';
import { createTokenCheck } from '../packages/core/src/operator/index.ts';
import { requestView } from '../packages/core/src/testing/index.ts';
import { createTokenCodec } from '../packages/db-router/src/causality/token.ts';
import { readAnswer, signAnswer } from '../packages/db-router/src/http/answer-mark.ts';
import { signHop, verifyHop } from '../packages/db-router/src/http/hop.ts';

// How long a comparison takes cannot be measured on a busy machine. Which function compares can be seen.
vi.mock('node:crypto', async (original) => {
  const real = await original<typeof NodeCrypto>();
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) };
});

const SECRET = 'a-secret-that-is-at-least-thirty-two-bytes';
const keyring = createKeyring({ option: 'test: secret', secrets: SECRET, purpose: 'test' });
const hop = { method: 'POST', target: '/' };
const claims = { from: 'a', to: 'b', atMs: 0, deadlineMs: 1, epoch: undefined, write: true };
const mark = signHop(keyring, hop, claims);
const codec = createTokenCodec(SECRET);
const position = codec.encode('write', { system: '1', timeline: 1, owner: 'a/0' }, 1n, 1);
const isOperator = createTokenCheck(SECRET, { option: 'test: token', minBytes: 32 });

/** The same length, and wrong from its last character on: the longest way for a comparison that gives up early. */
const wrong = (code: string): string => code.slice(0, -1) + (code.endsWith('A') ? 'B' : 'A');

const DOORS: readonly (readonly [name: string, code: string, opens: (code: string) => boolean])[] = [
  ['a keyring', keyring.sign('data'), (code) => keyring.verify('data', code)],
  ['two strings', SECRET, (code) => equalInConstantTime(SECRET, code)],
  [
    'the mark of a forward',
    mark,
    (code) => verifyHop(() => keyring, hop, [code], { self: 'b', nowMs: 0, maxAgeMs: 1 }).mark === 'valid',
  ],
  [
    'the mark of an answer',
    signAnswer(keyring, 'answered', mark, 'b') as string,
    (code) => readAnswer(keyring, mark, 'b', ['X-Region-Hop', code]) === 'answered',
  ],
  ['a position token', position, (code) => codec.decode(code) !== undefined],
  [
    'the token of an operator',
    SECRET,
    (code) => isOperator(requestView({ headers: { authorization: `Bearer ${code}` } })),
  ],
];

beforeEach(() => {
  vi.mocked(timingSafeEqual).mockClear();
});

test.each(DOORS)('%s is compared in constant time, right or wrong', (_, code, opens) => {
  expect(opens(wrong(code))).toBe(false);
  expect(timingSafeEqual).toHaveBeenCalled();
  vi.mocked(timingSafeEqual).mockClear();
  expect(opens(code)).toBe(true);
  expect(timingSafeEqual).toHaveBeenCalled();
});

test('no other place makes a code to compare, or compares one that was made', () => {
  const packages = new URL('../packages/', import.meta.url);
  const sources = readdirSync(packages, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /^[a-z-]+\/src\/.*\.ts$/.test(path) && !path.startsWith('lab/'),
  );
  expect(sources.length).toBeGreaterThan(100);
  const found = sources.flatMap((path) => {
    const text = readFileSync(new URL(path, packages), 'utf8');
    const compared = /(?:sign|digest)\([^()]*\)\s*[!=]==|[!=]==\s*[\w.]*(?:sign|digest)\(/.test(text);
    return [...(text.includes('createHmac') ? [path] : []), ...(compared ? [`${path} compares`] : [])];
  });
  // A digest of config tells two values of one process apart, under a key that nobody else has.
  expect(found.toSorted()).toEqual(['config/src/entry.ts', 'core/src/kit/keyring.ts']);
});
