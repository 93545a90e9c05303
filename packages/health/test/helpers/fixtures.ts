import { defineRegions, type Regions } from '@regionkit/core';
import { type Clock, createKeyring } from '@regionkit/core/kit';
import type { CheckContext } from '../../src/index.ts';
import { type RegionQuestion, sealQuestion } from '../../src/peers/question.ts';

export const SECRET = 'a secret of at least thirty-two bytes';
export const TOKEN = 'a-token-of-enough-bytes';

export function threeRegions(self: 'a' | 'b' | 'c' = 'a'): Regions<'a' | 'b' | 'c'> {
  return defineRegions({
    self,
    all: {
      a: { origin: 'https://a.example.com' },
      b: { origin: 'https://b.example.com' },
      c: { origin: 'https://c.example.com' },
    },
  });
}

export function contextOf(clock: Clock, timeoutMs = 1_000): CheckContext {
  return { clock, timeoutMs, self: 'a' };
}

/** A promise and what settles it. */
export function deferred<T = void>(): {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** The fields of a question, signed under the secret of the tests unless told otherwise. */
export function signedQuestion(
  question: Partial<RegionQuestion> = {},
  secret: string = SECRET,
): Readonly<Record<string, string>> {
  const keyring = createKeyring({ option: 'test', secrets: secret, purpose: 'region-question' });
  return sealQuestion({ from: 'b', nonce: 'n'.repeat(22), news: false, ...question }, keyring);
}
