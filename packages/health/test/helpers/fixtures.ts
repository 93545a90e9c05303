import { randomBytes } from 'node:crypto';
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

/** When a fake clock begins. */
export const BEGIN_MS = Date.UTC(2026, 0, 1);

/** The fields of a new question of b to a, signed under the secret of the tests unless told otherwise. */
export function signedQuestion(
  question: Partial<RegionQuestion> = {},
  secret: string = SECRET,
): Readonly<Record<string, string>> {
  const keyring = createKeyring({ option: 'test', secrets: secret, purpose: 'region-question' });
  const nonce = randomBytes(16).toString('base64url');
  return sealQuestion({ from: 'b', to: 'a', atMs: BEGIN_MS, nonce, news: false, ...question }, keyring);
}

/** Peers and checks of an app that notices a change within a second or two, for tests on real servers. */
export const IMPATIENT = {
  peers: {
    secret: SECRET,
    intervalMs: 200,
    urgentIntervalMs: 50,
    timeoutMs: 1_000,
    unknownAfterMs: 2_000,
    downAfterMs: 6_000,
  },
  defaults: { intervalMs: 100, timeoutMs: 1_000, failAfter: 2, passAfter: 2, staleAfterMs: 10_000 },
};
