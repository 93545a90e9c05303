import type { Logger } from './logger.ts';

/**
 * Whether a function of the app said yes. One that returned a promise did not: it would be true whatever it comes to, and
 * one that rejects would end the process.
 */
export function saidYes(returned: unknown): boolean {
  dropRejection(returned);
  return !(returned instanceof Promise) && Boolean(returned);
}

/**
 * Ignores a rejection of the value that an app's function returned where nothing awaits it. An unhandled rejection
 * would end the process.
 */
export function dropRejection<T>(returned: T): T {
  if (returned instanceof Promise) returned.catch(() => {});
  return returned;
}

/** Wraps a logger so that its errors are ignored. The caller must continue. */
export function harmless(logger: Logger): Logger {
  const say =
    (level: keyof Logger) =>
    (message: string): void => {
      try {
        dropRejection(logger[level](message));
      } catch {
        // There is no other place to report this.
      }
    };
  return { info: say('info'), warn: say('warn'), error: say('error') };
}
