import type { Logger } from '@regionkit/core';
import { harmless } from '@regionkit/core/kit';
import { type AnyServer, createDrain, type Drain, type Health } from '@regionkit/health';
import type { CLOSING } from './explain.ts';
import { named } from './named.ts';
import type { KitDrainOptions } from './region-kit.ts';

interface CloseOptions {
  readonly pools: boolean;
}

/** How a part ends. */
export interface Closing {
  readonly name: (typeof CLOSING)[number];
  /** The kit made it. */
  readonly isOwn: boolean;
  close(options: CloseOptions): Promise<void>;
}

/**
 * Ends the parts one after the other. One that fails does not keep the others open.
 *
 * @throws the first error
 */
export async function closeAll(parts: readonly Closing[], options: CloseOptions): Promise<void> {
  const errors: unknown[] = [];
  for (const part of parts) {
    try {
      // What the app made may throw at once, and return no promise.
      await part.close(options);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

export interface DrainStart {
  /** The one that runs already. */
  readonly drain: Drain | undefined;
  readonly server: AnyServer;
  readonly options: KitDrainOptions | undefined;
  readonly health: Health;
  readonly closing: readonly Closing[];
  readonly logger: Logger | undefined;
}

/** Starts the one drain of a kit, or adds a server to it. */
export function startDrain({ drain, server, options = {}, health, closing, logger }: DrainStart): Drain {
  checkServer(server);
  if (drain !== undefined) {
    if (Object.keys(options).length > 0) {
      throw new TypeError('kit.drain: the options belong to the first call; this one adds a server');
    }
    drain.server(server);
    return drain;
  }
  // The last hook runs first, and a drain ends health itself.
  const hooks = closing.filter(({ name }) => name !== 'health').toReversed();
  const started = named(
    () =>
      createDrain({
        ...options,
        health,
        servers: [server],
        hooks: [
          ...hooks.map(({ name, close }) => ({ name, run: () => close({ pools: true }) })),
          ...(options.hooks ?? []),
        ],
      }),
    [[/^createDrain: /, 'kit.drain: ']],
  );
  if (logger !== undefined) logDrain(started, harmless(logger));
  return started;
}

function logDrain(drain: Drain, logger: Logger): void {
  drain.on('drain-step', ({ step, cut = 0 }) =>
    logger.info(`regionkit: drain: ${step}${cut === 0 ? '' : `; ${cut} connections were cut`}`),
  );
  drain.on('drain-hook-failed', ({ name, reason }) =>
    logger.error(`regionkit: drain: the hook ${name} failed (${reason}): the exit code is 1`),
  );
}

/** People pass the app itself. */
function checkServer(server: AnyServer): void {
  if (typeof server?.on === 'function' && typeof server.close === 'function') return;
  throw new TypeError(
    'kit.drain: server must be a server of node:http, node:https or node:http2: what app.listen() of Express and Koa returns, or app.server of Fastify',
  );
}
