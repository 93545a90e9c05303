import { resolve } from 'node:path';
import type { Context, Outcome } from '../../command.ts';
import { EXIT } from '../../exit-codes.ts';
import { recording } from '../recording.ts';
import { lockRuns } from '../run-file/lock.ts';
import { lockServers } from '../server-lock.ts';

/** The directory of the run files. */
export const runsOf = ({ values, directory }: Context): string =>
  resolve(directory, (values['runs'] as string | undefined) ?? 'runs');

/** Does `work` while no other command that changes this setup does, on this machine or another. */
export async function withLock(context: Context, work: () => Promise<Outcome>): Promise<Outcome> {
  const config = await context.config();
  await using runs = await lockRuns(runsOf(context));
  if (runs.by !== undefined) return busy(`the process ${runs.by} of this machine is at work`);
  await using servers = await lockServers(config);
  if (servers.by !== undefined) return busy(`another command holds ${servers.by}`);
  return await recording(work);
}

const busy = (why: string): Outcome => ({
  exit: EXIT.refused,
  summary: `Refused: ${why} (two at once would undo each other). Nothing was changed. Wait for it, then look: regionkit failover resume.`,
});
