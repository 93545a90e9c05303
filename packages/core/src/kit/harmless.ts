import type { Logger } from '../events.ts';

/**
 * Ignores a rejection of the value that an app's function returned where nothing awaits it. An unhandled rejection
 * would end the process.
 */
export function dropRejection(returned: unknown): void {
  if (returned instanceof Promise) returned.catch(() => {});
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
