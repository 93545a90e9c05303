import type { EventSource, Logger } from '@regionkit/core';
import type { NoticeCode, Notices } from '@regionkit/core/kit';
import type { TailWait } from './decide-tick.ts';
import type { TailEvents } from './events.ts';

/** They end by themselves, or are seen elsewhere as well. */
const PASSING: ReadonlySet<TailWait> = new Set(['standby-missing', 'not-primary']);

const NOT_APPLIED = ': was the SQL of tailSql() applied, for this role?';

/** By the SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const HINTS: Readonly<Record<string, string>> = {
  '42883': NOT_APPLIED,
  '42P01': NOT_APPLIED,
  '42703': NOT_APPLIED,
  '3F000': NOT_APPLIED,
  '42501': NOT_APPLIED,
  '53400': ': raise max_replication_slots',
  '58P01': ': the server has no test_decoding (install the contrib package of PostgreSQL)',
  '57014': ': the slot could not be made or moved within timeoutMs. A new slot waits for every open transaction',
};

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
    log('warn', `the tail is not kept (${code})${HINTS[code] ?? ''}`, 'REGIONKIT_TAIL_FAILED'),
  );
}
