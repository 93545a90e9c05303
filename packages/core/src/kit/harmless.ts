import type { Logger } from '../events.ts';

/**
 * To be said of what a function of the app returned where no promise is awaited: one that rejects unheard would end the
 * process.
 */
export function dropRejection(returned: unknown): void {
  if (returned instanceof Promise) returned.catch(() => {});
}

/** The same logger, of which nothing is heard when it throws or rejects: what it is told of must go on. */
export function harmless(logger: Logger): Logger {
  const say =
    (level: keyof Logger) =>
    (message: string): void => {
      try {
        dropRejection(logger[level](message));
      } catch {
        // There is no other place to tell it.
      }
    };
  return { info: say('info'), warn: say('warn'), error: say('error') };
}
