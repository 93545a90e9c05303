import type { RegionRouter } from '@regionkit/db-router';
import { withMainThread } from '../main-thread.ts';
import { callsPerSecond } from '../sample.ts';
import { runTrial, type TrialResult } from '../trial.ts';
import { INSERT, type Name } from './setting.ts';

const TOKENS = 256;

/** What deciding costs, without a statement being sent: on one core, this process. */
export async function deciding(router: RegionRouter<Name>): Promise<TrialResult> {
  const tokens = await tokensOf(router, TOKENS);
  let at = 0;
  const next = (): string | undefined => {
    at = (at + 1) % TOKENS;
    return tokens[at];
  };
  return runTrial({
    title: 'deciding where a read goes',
    baseline: 'regionkit, no token',
    metrics: ['opsPerSecond', 'mainMicrosPerOp'],
    contenders: [
      {
        name: 'regionkit, no token',
        measure: (ms) => withMainThread(() => callsPerSecond(() => router.explain('read'), ms)),
      },
      {
        name: 'regionkit, a token verified',
        measure: (ms) => withMainThread(() => callsPerSecond(() => router.explain('read', next()), ms, 100)),
      },
      {
        name: 'regionkit, a token signed',
        // In a scope that has a position to tell, each call signs it anew.
        measure: (ms) =>
          router.run({ token: tokens[0] }, () => withMainThread(() => callsPerSecond(() => router.token(), ms, 100))),
      },
    ],
    bars: [
      { contender: 'regionkit, no token', metric: 'mainMicrosPerOp', atMost: 1 / 3, by: 'low tenth' },
      { contender: 'regionkit, a token verified', metric: 'mainMicrosPerOp', atMost: 5, by: 'low tenth' },
    ],
    rounds: 30,
    durationMs: 60,
    notes: [
      `${TOKENS} tokens in turn, each verified anew. What is timed is \`explain()\`, which also makes an answer.`,
    ],
  });
}

/** Tokens of as many writes. */
export async function tokensOf(router: RegionRouter<Name>, count: number): Promise<readonly (string | undefined)[]> {
  const tokens: (string | undefined)[] = [];
  for (let write = 0; write < count; write += 1) {
    tokens.push(
      await router.run({ access: 'write' }, async () => {
        await router.write(INSERT, ['token']);
        return router.token();
      }),
    );
  }
  return tokens;
}
