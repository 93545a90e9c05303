import type { Veto } from './veto.ts';

/** pg_promote() waits for a replay that does not go on. */
export const replayPaused: Veto = {
  id: 'replay-paused',
  object: ({ target }) =>
    target?.state.replayPaused === true
      ? {
          where: target.id,
          evidence: `Replay is paused on ${target.id}: a promotion would wait for it without end.`,
          fix: 'Run SELECT pg_wal_replay_resume() on it, or promote another one.',
        }
      : undefined,
};
