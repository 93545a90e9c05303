import type { Logger } from '../events.ts';

/** The same logger, of which nothing is heard when it throws or rejects: what it is told of must go on. */
export function harmless(logger: Logger): Logger {
  const say =
    (level: keyof Logger) =>
    (message: string): void => {
      try {
        const said: unknown = logger[level](message);
        if (said instanceof Promise) said.catch(() => {});
      } catch {
        // There is no other place to tell it.
      }
    };
  return { info: say('info'), warn: say('warn'), error: say('error') };
}
