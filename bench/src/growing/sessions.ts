import { generateKeyPairSync } from 'node:crypto';
import { createSessionIssuer, createSessionVerifier } from '@regionkit/session';
import { createVerifier } from 'fast-jwt';
import { freshStrings } from '../fresh-strings.ts';
import { type GrowthResult, runGrowth } from '../growth.ts';
import { heapKiB } from '../heap.ts';
import { awaitedCallsPerSecond } from '../sample.ts';

const ISSUER = 'https://auth.example.com';
const AUDIENCE = 'api';
const SIZES = [100, 1_000, 10_000, 30_000];

/** Sessions a process remembers: what each takes, and what finding one costs. */
export async function sessions(): Promise<GrowthResult> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const issuer = createSessionIssuer({
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    issuer: ISSUER,
    audience: AUDIENCE,
    lifetimeMs: 3_600_000,
  });
  const tokens = await Promise.all(
    Array.from({ length: SIZES.at(-1) as number }, (_, at) => issuer.issue({ sub: `user-${at}`, roles: ['reader'] })),
  );
  const line = (name: string, verifierOf: (max: number) => (token: string) => unknown) => ({
    name,
    prepare: async (size: number) => {
      const verify = verifierOf(size * 2);
      const next = freshStrings(tokens.slice(0, size));
      const before = await heapKiB();
      for (let token = 0; token < size; token += 1) await verify(next());
      const heap = (await heapKiB()) - before;
      return {
        measure: async (ms: number) => {
          const { nsPerOp = 0 } = await awaitedCallsPerSecond(() => verify(next()), ms);
          return { nsPerOp, heapKiBPerSession: heap / size };
        },
      };
    },
  });
  const result = await runGrowth({
    title: 'sessions in the cache',
    by: 'sessions',
    sizes: SIZES,
    metrics: ['nsPerOp', 'heapKiBPerSession'],
    notes: ['EdDSA. Each token was verified before and arrives as a new string.'],
    lines: [
      line('regionkit', (max) => {
        const verifier = createSessionVerifier({
          keys: pem,
          algorithms: ['EdDSA'],
          issuer: ISSUER,
          audience: AUDIENCE,
          cache: { max },
        });
        return (token) => verifier.verify(token);
      }),
      line('fast-jwt', (max) =>
        createVerifier({ key: pem, algorithms: ['EdDSA'], allowedIss: ISSUER, allowedAud: AUDIENCE, cache: max }),
      ),
    ],
  });
  await issuer.close();
  return result;
}
