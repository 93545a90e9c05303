import type { EventSource, Logger } from '@regionkit/core';
import type { NoticeCode, Notices } from '@regionkit/core/kit';
import type { TailWait } from './decide-tick.ts';
import type { TailEvents } from './events.ts';

/** They end by themselves, or are seen elsewhere as well. */
const PASSING: ReadonlySet<TailWait> = new Set(['standby-missing', 'not-primary']);

/** Logs what an operator should read. Without a logger, the first of each kind that has a code is a process warning. */
export function logTail(events: EventSource<TailEvents>, logger: Logger | undefined, notice: Notices): void {
  const log = (level: keyof Logger, message: string, code?: NoticeCode): void => {
    if (logger !== undefined) logger[level](`tail: ${message}`);
    else if (code !== undefined) notice(code, `tail: ${message}`);
  };
  events.on('created', ({ timeline }) => log('info', `the slot was made on timeline ${timeline}`));
  events.on('promotion', ({ timeline, fork }) =>
    log('info', `timeline ${timeline} begins at ${fork ?? 'an unknown position'}`),
  );
  events.on('dropped', ({ why, heldBytes }) =>
    log(
      'error',
      why === 'held'
        ? `the slot held ${heldBytes} bytes of WAL and was dropped: lost writes would not be found by it. It is made again when all standbys stream`
        : 'the server had removed the WAL of the slot: it was dropped, and is made again',
      'REGIONKIT_TAIL_DROPPED',
    ),
  );
  events.on('waiting', ({ why, missing }) =>
    log(
      'warn',
      `the slot is not moved (${why === 'standby-missing' ? `${why}: ${missing.join(', ')}` : why})`,
      PASSING.has(why) ? undefined : 'REGIONKIT_TAIL_WAITS',
    ),
  );
  events.on('failed', ({ code }) =>
    log('warn', `the tail is not kept (${code}): was the SQL of tailSql() applied?`, 'REGIONKIT_TAIL_FAILED'),
  );
}
