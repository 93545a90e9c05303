import { harmless } from './harmless.ts';
import type { Logger } from './logger.ts';

/** Names a mistake of the app, or an event that an operator must see. `docs/errors.md` lists every code. */
export type NoticeCode = `REGIONKIT_${string}`;

/** Reports a notice once for each code. */
export type Notices = (code: NoticeCode, message: string) => void;

/**
 * Reports what must not stay silent: to the logger, or without one as a process warning, which Node writes to stderr.
 * Errors of the logger are ignored.
 */
export function createNotices(logger?: Logger): Notices {
  const reported = new Set<NoticeCode>();
  return (code, message) => {
    if (reported.has(code)) return;
    reported.add(code);
    if (logger === undefined) {
      process.emitWarning(message, { code });
      return;
    }
    harmless(logger).warn(`${message} (${code})`);
  };
}
