import type { Logger } from '../events.ts';
import { harmless } from './harmless.ts';

/** Names a mistake of the app, or an event an operator must not miss. `docs/errors.md` lists every one. */
export type NoticeCode = `REGIONKIT_${string}`;

/** Tells one thing, once for each code. */
export type Notices = (code: NoticeCode, message: string) => void;

/**
 * Where a package tells what must not stay silent: the logger where there is one, else a process warning, which Node
 * writes to stderr. A logger that throws or rejects harms nobody.
 */
export function createNotices(logger?: Logger): Notices {
  const told = new Set<NoticeCode>();
  return (code, message) => {
    if (told.has(code)) return;
    told.add(code);
    if (logger === undefined) {
      process.emitWarning(message, { code });
      return;
    }
    harmless(logger).warn(`${message} (${code})`);
  };
}
