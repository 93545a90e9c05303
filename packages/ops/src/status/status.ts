import { setTimeout as wait } from 'node:timers/promises';
import type { Command, Context, Outcome } from '../command.ts';
import { OpsError } from '../errors.ts';
import { openDoors } from '../operator/ask-doors.ts';
import { judge } from './judge.ts';
import { survey } from './survey.ts';

const WATCH_MS = 2_000;

export const status: Command = {
  name: 'status',
  summary: 'Who takes writes, how far standbys are behind, what apps know.',
  usage: '[--watch]',
  options: {
    watch: { type: 'boolean', help: 'ask again every 2 s until Ctrl-C; on a terminal one screen' },
  },
  examples: ['regionkit status', 'regionkit status --watch', 'regionkit status --json'],
  run: show,
};

async function show({ values, config, emit, redraw, signal }: Context): Promise<Outcome> {
  const isWatching = values['watch'] === true;
  if (isWatching && redraw === undefined && values['json'] !== true) {
    throw new OpsError('ERR_OPS_USAGE', '--watch needs a terminal; in a pipe use --watch --json');
  }
  const operations = await config();
  if (operations.nodes.length === 0 && operations.operatorToken === undefined) {
    throw new OpsError(
      'ERR_OPS_CONFIG',
      'the configuration names no databases and no operatorToken: there is nothing to ask',
    );
  }
  const doors = await openDoors(operations, signal);
  for (;;) {
    const { servers, processes, exit, summary } = judge(await survey(operations, doors, signal));
    signal.throwIfAborted();
    if (isWatching) redraw?.();
    for (const record of [...servers, ...processes]) emit(record);
    if (!isWatching) return { exit, summary };
    emit({ type: 'result', exit, summary });
    await wait(WATCH_MS, undefined, { signal });
  }
}
