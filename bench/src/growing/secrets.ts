import { loadConfig, type Source } from '@regionkit/config';
import { createKeyring } from '@regionkit/core/kit';
import { type GrowthResult, runGrowth } from '../growth.ts';
import { heapKiB } from '../heap.ts';
import { callsPerSecond } from '../sample.ts';

/** Secrets, in configs of the size that is measured. */
const WEIGHED = 1_000;

/** Values a config keeps. */
export function configKeys(): Promise<GrowthResult> {
  return runGrowth({
    title: 'secrets in a config',
    by: 'secrets',
    sizes: [1, 10, 100, 1_000],
    metrics: ['getNs', 'loadMs', 'heapKiBPerSecret'],
    lines: [
      {
        name: 'regionkit',
        prepare: async (size) => {
          const sources = Object.fromEntries(
            Array.from({ length: size }, (_, at): [string, Source] => [
              `secret-${at}`,
              { load: async () => ({ value: { username: `user-${at}`, password: `password of ${at}` } }) },
            ]),
          );
          const begin = performance.now();
          const config = await loadConfig({ sources });
          const loadMs = performance.now() - begin;
          // After the first, which also brings what is made once; and as many as it takes to be seen at all.
          const before = await heapKiB();
          const copies: AsyncDisposable[] = [];
          while (copies.length * size < WEIGHED) copies.push(await loadConfig({ sources }));
          const heap = ((await heapKiB()) - before) / copies.length;
          await Promise.all(copies.map((copy) => copy[Symbol.asyncDispose]()));
          const last = `secret-${size - 1}`;
          return {
            measure: (ms) => {
              const { nsPerOp = 0 } = callsPerSecond(() => config.get(last), ms, 10_000);
              return { getNs: nsPerOp, loadMs, heapKiBPerSecret: heap / size };
            },
            close: () => config.close(),
          };
        },
      },
    ],
  });
}

/** Secrets that may have signed a token: the last of them did. */
export function signingSecrets(): Promise<GrowthResult> {
  const secrets = (size: number): string[] =>
    Array.from({ length: size }, (_, at) => `secret ${at} of the bench, longer than 32 bytes`);
  return runGrowth({
    title: 'a token verified, signed by the oldest secret',
    by: 'secrets',
    sizes: [1, 2, 4, 8, 16],
    metrics: ['nsPerOp'],
    lines: [
      {
        name: 'regionkit',
        prepare: (size) => {
          const all = secrets(size);
          const keyring = createKeyring({ option: 'bench', secrets: all, purpose: 'growth' });
          const oldest = createKeyring({ option: 'bench', secrets: all.slice(-1), purpose: 'growth' });
          const code = oldest.sign('payload');
          if (!keyring.verify('payload', code)) throw new Error('the oldest secret did not verify');
          return { measure: (ms) => callsPerSecond(() => keyring.verify('payload', code), ms, 100) };
        },
      },
    ],
  });
}
