import type { Context, Outcome } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { lockRuns } from '../failover/run-file/lock.ts';
import { busy, drill, said } from './drill.ts';
import { exitOf } from './measure/verdict.ts';
import { readRemoteOptions } from './remote/options.ts';
import { playRemote } from './remote/play-remote.ts';

const SUMMARIES = {
  observe: 'A fault of the setup that is configured; a person causes it.',
  hooks: 'A fault of the setup that is configured; its hooks cause it.',
} as const;

/** One drill on the setup of the configuration. It only measures, unless `--inject hooks` says more. */
export async function runRemote(context: Context): Promise<Outcome> {
  const config = await context.config();
  const options = await readRemoteOptions(context, config);
  await using lock = await lockRuns(options.out, '--out');
  if (lock.by !== undefined) return busy(lock.by);
  const end = await drill(context, { ...options, summary: SUMMARIES[options.mode] }, (start, emit) =>
    playRemote({ config, options, start, emit, signal: context.signal }),
  );
  if (end === undefined) return { exit: EXIT.interrupted, summary: 'Interrupted.' };
  return { exit: exitOf([end.verdict]), summary: said([end]) };
}
