import { doneEvidence } from '../run-file/recorded.ts';
import { done, type FailoverStep, notYet } from './step.ts';

interface Row {
  readonly timeline: number;
  readonly checkpointed: number;
  readonly xid: string;
  readonly fork: string | null;
}

/**
 * A server that has received WAL since it was started was a standby then, so its replay has ended at the fork. After a crash it has
 * received none, and its replay has ended after the fork.
 */
const SQL = `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline,
  timeline_id AS checkpointed, next_xid AS xid,
  CASE WHEN pg_last_wal_receive_lsn() IS NOT NULL THEN pg_last_wal_replay_lsn()::text END AS fork FROM pg_control_checkpoint()`;

/** Where the new timeline begins, and its first transaction: what `salvage` needs to find the writes that were lost. */
export const fork: FailoverStep = {
  name: 'fork',
  changes: false,
  withinMs: 60_000,
  says: () => 'record where the new timeline begins, and its first transaction',
  prove: async ({ on, plan, file }) => {
    const recorded = doneEvidence(file.lines, 'fork');
    if (recorded !== undefined) return { state: 'done', evidence: recorded };
    const answer = await on(plan.target, async (client) => (await client.query<Row>(SQL)).rows[0] as Row);
    if (!answer.ok) return notYet(`${plan.target} does not answer (${answer.why})`);
    const { timeline, checkpointed, xid, fork: lsn } = answer.value;
    if (lsn === null) {
      const says = `${plan.target} does not know any more where its replay ended (it was restarted since, or did not stream): its history file has the fork`;
      return { state: 'unknown', evidence: { says, timeline } };
    }
    if (timeline !== checkpointed) return notYet(`${plan.target} has made no checkpoint on timeline ${timeline} yet`);
    const before = doneEvidence(file.lines, 'loss');
    const facts = {
      timeline,
      parent: before?.['timeline'],
      fork: lsn,
      firstXid: fullXid(xid),
      firstXidAtLeast: before?.['xmax'],
    };
    return done(
      `timeline ${timeline} left timeline ${facts.parent ?? '?'} at ${lsn}; first transaction ${facts.firstXid} or a little below`,
      facts,
    );
  },
  // The checkpoint after a promotion takes its time. A role that may not ask for one waits for it.
  act: async ({ on, plan }) => {
    const answer = await on(plan.target, (client) => client.query('CHECKPOINT'));
    return { says: answer.ok ? 'a checkpoint was made' : 'the server makes its checkpoint by itself' };
  },
};

/** `epoch:xid` as the number with 64 bits that `pg_current_xact_id()` returns. */
function fullXid(text: string): string {
  const [epoch = '0', xid = '0'] = text.split(':');
  return String((BigInt(epoch) << 32n) + BigInt(xid));
}
